//! Looking up the one flow of a name: what the kernel is asked for, so that it finds no other.

use std::sync::OnceLock;

use super::KernelError;
use super::live::Live;
use super::reason::Verb;
use crate::flow::{Flow, FlowKey, L4, Proto, Tuple};
use crate::wire::decode_flow;

impl Live {
    /// The flow with this original direction; `None` if there is none.
    ///
    /// # Errors
    ///
    /// No permission, or the kernel cannot read the key.
    ///
    /// Source: `ctnetlink_get_conntrack()`, Linux 6.18; it does not look at the id.
    pub fn get(&self, key: &FlowKey) -> Result<Option<Flow>, KernelError> {
        self.find(&self.exact(key))
    }

    /// A flow with this original direction, or with this reply direction; `None` if there is none.
    ///
    /// # Errors
    ///
    /// As [`Self::get`].
    pub fn find(&self, key: &FlowKey) -> Result<Option<Flow>, KernelError> {
        let what = format!("look up {key}");
        // An ENOENT of the namespace must not pass for one of the flow.
        self.connect()?;
        match self.ask(Verb::Read, what, |requests, seq| requests.get_flow(seq, key, false)) {
            Ok(payload) => {
                let mut flow = decode_flow(&payload)?;
                self.put_tag(&mut flow);
                Ok(Some(flow))
            }
            Err(error) if error.errno() == Some(libc::ENOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The same name, as narrow as this kernel can be asked: one without zones (`NF_CONNTRACK_ZONES`)
    /// refuses every request that has one, and has no flow that could be taken for another.
    pub(super) fn exact(&self, key: &FlowKey) -> FlowKey {
        static HAS_ZONES: OnceLock<bool> = OnceLock::new();
        let nobody = |addr: [u8; 4]| FlowKey {
            tuple: Tuple {
                src: addr.into(),
                dst: addr.into(),
                proto: Proto::UDP,
                l4: L4::Ports { src: 0, dst: 0 },
                zone: None,
            },
            reply_zone: None,
            zone: None,
            id: None,
        };
        let has_zones = HAS_ZONES.get_or_init(|| {
            let found = self.find(&nobody([0; 4]).by_orig());
            !found.is_err_and(|error| error.errno() == Some(libc::EOPNOTSUPP))
        });
        if *has_zones { key.by_orig() } else { *key }
    }
}
