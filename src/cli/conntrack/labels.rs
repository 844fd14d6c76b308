//! Names of labels, read once one is asked for.

use std::fs;

use crate::flow::LabelMap;

use super::message::{Fault, plain, warn};

/// Where conntrack looks for names.
const FILE: &str = "/etc/xtables/connlabel.conf";

/// The names of labels, as far as they were asked for.
#[derive(Debug, Default)]
pub(super) struct Names(Option<LabelMap>);

impl Names {
    /// Reads the names of this machine, unless there are some already.
    pub(super) fn load(&mut self) {
        if self.0.is_none() {
            self.open(FILE);
        }
    }

    /// Reads the names in a file; without one there are none, and that is said.
    pub(super) fn open(&mut self, path: &str) {
        match fs::read_to_string(path) {
            Ok(text) => self.0 = Some(LabelMap::parse(&text)),
            Err(error) => {
                let reason = error.raw_os_error().map_or_else(|| error.to_string(), plain);
                warn(&format!("nfct_labelmap_new: {reason}"));
            }
        }
    }

    /// The bits of `name,name`.
    pub(super) fn bits(&mut self, text: &str) -> Result<Vec<u8>, Fault> {
        self.load();
        let bit = |name: &str| {
            let map = self.0.as_ref()?;
            // Only names: conntrack takes no numbers for them.
            map.bit(name).filter(|bit| map.name(*bit) == Some(name))
        };
        let unknown = |name: &str| Fault::usage(format!("unknown label '{name}'"));
        text.split(',').map(|name| bit(name).ok_or_else(|| unknown(name))).collect()
    }

    /// The names, if there are any.
    pub(super) fn into_map(self) -> Option<LabelMap> {
        self.0
    }
}
