//! Looking up the one flow of a name: what the kernel is asked for, so that it finds no other.

use std::net::IpAddr;
use std::sync::OnceLock;

use super::KernelError;
use super::live::Live;
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
        let found = self.look_up(what, |requests, seq| requests.get_flow(seq, key, false))?;
        let mut flow = found.map(|payload| decode_flow(&payload)).transpose()?;
        if let Some(flow) = &mut flow {
            self.put_tag(flow);
        }
        Ok(flow)
    }

    /// The same name, as narrow as this kernel can be asked: one without zones (`NF_CONNTRACK_ZONES`)
    /// refuses every request that has one, and holds no two flows whose names are alike.
    pub(super) fn exact(&self, key: &FlowKey) -> FlowKey {
        static HAS_ZONES: OnceLock<bool> = OnceLock::new();
        let has_zones = HAS_ZONES.get_or_init(|| {
            let addr = IpAddr::from([0; 4]);
            let l4 = L4::Ports { src: 0, dst: 0 };
            let tuple = Tuple { src: addr, dst: addr, proto: Proto::UDP, l4, zone: None };
            let nobody = FlowKey { tuple, reply_zone: None, zone: None, id: None };
            let found = self.find(&nobody.by_orig());
            !found.is_err_and(|error| error.errno() == Some(libc::EOPNOTSUPP))
        });
        if *has_zones { key.by_orig() } else { *key }
    }
}
