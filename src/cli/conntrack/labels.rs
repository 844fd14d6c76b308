//! What a command line says of labels. Their names are read where something asks for them, once all
//! words of the line were seen: `--labelmap` may come last.

use std::fs;
use std::sync::{Arc, OnceLock};

use crate::flow::LabelMap;

use super::message::{Fault, plain, warn};
use super::options::Opt;

/// Where conntrack looks for names.
const FILE: &str = "/etc/xtables/connlabel.conf";

/// The words for labels on a command line, whose names are not read yet.
#[derive(Debug, Default)]
pub(super) struct Words<'a> {
    /// The file of `--labelmap`.
    pub(super) map: Option<&'a str>,
    /// They are to be shown, or all to be deleted.
    pub(super) asked: bool,
    /// The words, and what they are for.
    pub(super) all: Vec<(Opt, &'a str)>,
}

impl Words<'_> {
    /// The names that the words are to be read by, if there are words and names.
    pub(super) fn names(&self) -> Option<Arc<LabelMap>> {
        /// The names of this machine: a file of command lines asks for them again and again.
        static HERE: OnceLock<Option<Arc<LabelMap>>> = OnceLock::new();
        match self.map {
            _ if !self.asked && self.all.is_empty() => None,
            Some(path) => open(path),
            None => HERE.get_or_init(|| open(FILE)).clone(),
        }
    }
}

/// The bits of `name,name`.
pub(super) fn bits(names: Option<&LabelMap>, text: &str) -> Result<Vec<u8>, Fault> {
    let bit = |name: &str| {
        let map = names?;
        // Only names: conntrack takes no numbers for them.
        map.bit(name).filter(|bit| map.name(*bit) == Some(name))
    };
    let unknown = |name: &str| Fault::usage(format!("unknown label '{name}'"));
    text.split(',').map(|name| bit(name).ok_or_else(|| unknown(name))).collect()
}

/// The names in a file; without one there are none, and that is said.
fn open(path: &str) -> Option<Arc<LabelMap>> {
    match fs::read_to_string(path) {
        Ok(text) => {
            let names = LabelMap::parse(&text);
            if names.is_empty() {
                warn("nfct_labelmap_new: Success");
            }
            Some(Arc::new(names))
        }
        Err(error) => {
            let reason = error.raw_os_error().map_or_else(|| error.to_string(), plain);
            warn(&format!("nfct_labelmap_new: {reason}"));
            None
        }
    }
}
