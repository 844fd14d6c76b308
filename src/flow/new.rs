//! What is to be made, and what names a flow. What is to be changed is in `patch.rs`.

use std::fmt;
use std::net::IpAddr;

use super::{Flow, HelperName, Labels, ProtoInfo, SeqAdj, Status, Synproxy, Tuple};

/// Names a flow to the kernel: the original direction in its zone, or a zone of either direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlowKey {
    /// The original direction, with its directional zone.
    pub tuple: Tuple,
    /// The zone of the reply direction alone.
    pub reply_zone: Option<u16>,
    /// The zone of both directions.
    pub zone: Option<u16>,
    /// `CTA_ID`: a delete is refused if the entry has another; get and update do not look at it.
    pub id: Option<u32>,
}

/// A zone that hardly anyone gives to answers.
const NOWHERE: u16 = u16::MAX;

impl FlowKey {
    /// The same name, to which only an original direction answers.
    ///
    /// The kernel looks for a tuple among both directions of every flow, so that answers which look
    /// like this one's first packet would answer too. A look-up in the zone of one direction
    /// leaves the other in the default zone, out of which the answers are kept by a zone where
    /// there are none (`nf_conntrack_find_get()`, `nf_ct_zone_equal()`, Linux 6.18).
    ///
    /// One case is left: a flow in a zone, and the answers of another in the default zone, if both
    /// fall into one of the 65,536 or more buckets of the hash table, or if the first is gone.
    #[must_use]
    pub fn by_orig(&self) -> Self {
        let mut key = *self;
        if let Some(zone) = key.zone.take() {
            key.tuple.zone = Some(zone);
        } else if key.tuple.zone.is_none() {
            key.reply_zone = key.reply_zone.or(Some(NOWHERE));
        }
        key
    }

    /// True if `flow`, which stands under this name, is the one that was seen, and has not taken its
    /// place; without an id there is no telling.
    #[must_use]
    pub fn is_still(&self, flow: &Flow) -> bool {
        self.id.is_none() || flow.id == self.id
    }
}

impl fmt::Display for FlowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.zone {
            Some(zone) => write!(f, "{} zone {zone}", self.tuple),
            None => write!(f, "{}", self.tuple),
        }
    }
}

/// Where NAT is to send one side of a new flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NatTarget {
    /// The address; of the flow's family.
    pub addr: IpAddr,
    /// The port; absent to keep it if it is free.
    pub port: Option<u16>,
}

/// A flow that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFlow {
    /// The original direction.
    pub orig: Tuple,
    /// The reply direction: the inverse, unless the flow is to look translated.
    pub reply: Tuple,
    /// The zone of both directions.
    pub zone: Option<u16>,
    /// Seconds until it goes if no packet comes.
    pub timeout_s: u32,
    /// Bits besides `IPS_CONFIRMED`; absent for none, and for those of a flow that is there already.
    pub status: Option<Status>,
    /// State; sctp needs both tags.
    pub proto_info: Option<ProtoInfo>,
    /// Mark.
    pub mark: Option<u32>,
    /// Labels; kept only where a rule uses labels.
    pub labels: Option<Labels>,
    /// Helper.
    pub helper: Option<HelperName>,
    /// Source NAT to set up.
    pub snat: Option<NatTarget>,
    /// Destination NAT to set up.
    pub dnat: Option<NatTarget>,
    /// Makes it RELATED to the flow with this original direction.
    pub master: Option<Tuple>,
    /// Sequence adjustment of the original and the reply direction.
    pub seqadj: [Option<SeqAdj>; 2],
    /// SYN proxy numbers.
    pub synproxy: Option<Synproxy>,
}

impl NewFlow {
    /// An unreplied flow of these directions that lives `timeout_s` seconds.
    #[must_use]
    pub fn new(orig: Tuple, reply: Tuple, timeout_s: u32) -> Self {
        Self {
            orig,
            reply,
            zone: None,
            timeout_s,
            status: None,
            proto_info: None,
            mark: None,
            labels: None,
            helper: None,
            snat: None,
            dnat: None,
            master: None,
            seqadj: [None, None],
            synproxy: None,
        }
    }

    /// What will name it.
    #[must_use]
    pub fn key(&self) -> FlowKey {
        FlowKey { tuple: self.orig, reply_zone: self.reply.zone, zone: self.zone, id: None }
    }
}
