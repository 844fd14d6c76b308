//! What is to be made or changed, and what names a flow. Only what the kernel lets one do.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::{Flow, HelperName, Labels, Proto, ProtoInfo, SeqAdj, Status, Synproxy, Tuple};

/// Names a flow to the kernel: the original direction in its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlowKey {
    /// The original direction, with its directional zone.
    pub tuple: Tuple,
    /// The reply direction, if it has a zone of its own: without that zone the name may be that of
    /// another flow, whose answers look the same.
    pub reply: Option<Tuple>,
    /// The zone of both directions.
    pub zone: Option<u16>,
    /// `CTA_ID`: a delete is refused if the entry has another; get and update do not look at it.
    pub id: Option<u32>,
}

impl FlowKey {
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

/// A value under a mask: `0x100/0xff00`.
///
/// As a test: `mark & mask == value`. As a change: the bits of `mask` become those of `value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Masked {
    /// The bits.
    pub value: u32,
    /// Which bits count.
    pub mask: u32,
}

impl Masked {
    /// All bits count.
    #[must_use]
    pub fn exact(value: u32) -> Self {
        Self { value, mask: u32::MAX }
    }

    /// True if the bits of `mark` under the mask are the value.
    #[must_use]
    #[inline]
    pub fn matches(self, mark: u32) -> bool {
        mark & self.mask == self.value
    }

    /// What a change makes of `mark`.
    #[must_use]
    pub fn apply(self, mark: u32) -> u32 {
        (mark & !self.mask) | (self.value & self.mask)
    }
}

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mask {
            u32::MAX => write!(f, "{:#x}", self.value),
            mask => write!(f, "{:#x}/{mask:#x}", self.value),
        }
    }
}

/// Reads `V` or `V/M`, decimal or `0x` hexadecimal; a value with bits outside of its mask can never
/// match and is refused.
impl FromStr for Masked {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |part: &str| {
            let read = match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => part.parse(),
            };
            read.map_err(|_| format!("`{part}` is not a number from 0 to 0xffffffff"))
        };
        let Some((value, mask)) = text.split_once('/') else {
            return number(text).map(Self::exact);
        };
        let masked = Self { value: number(value)?, mask: number(mask)? };
        if masked.value & !masked.mask == 0 {
            Ok(masked)
        } else {
            Err(format!("`{text}` has bits in the value that are outside of the mask"))
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
        FlowKey { tuple: self.orig, reply: None, zone: self.zone, id: None }
    }
}

/// Labels to set and to clear; the rest stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LabelPatch {
    /// Bits that become set.
    pub set: Labels,
    /// Bits that become what `set` says; a bit of `set` outside of it has no effect.
    pub mask: Labels,
}

impl LabelPatch {
    /// What a change makes of `labels`.
    #[must_use]
    pub fn apply(self, Labels(mut words): Labels) -> Labels {
        let wishes = self.set.0.into_iter().zip(self.mask.0);
        for (word, (set, mask)) in words.iter_mut().zip(wishes) {
            *word = (*word & !mask) | (set & mask);
        }
        Labels(words)
    }
}

/// What to change of a flow: absent is left as it is.
///
/// The kernel applies helper, timeout, status, state, mark, adjustment, proxy and labels in that
/// order and stops at the first it refuses: `ctnetlink_change_conntrack()`, Linux 6.18.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Patch {
    /// Seconds until it goes if no packet comes.
    pub timeout_s: Option<u32>,
    /// Mark, the kernel merging the bits outside of the mask.
    pub mark: Option<Masked>,
    /// Bits to set; none can be cleared.
    pub status: Option<Status>,
    /// State.
    pub proto_info: Option<ProtoInfo>,
    /// Labels.
    pub labels: Option<LabelPatch>,
    /// Helper; only for flows that were made with one.
    pub helper: Option<HelperName>,
    /// Sequence adjustment of the original and the reply direction.
    pub seqadj: [Option<SeqAdj>; 2],
    /// SYN proxy numbers.
    pub synproxy: Option<Synproxy>,
}

impl Patch {
    /// True if it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Leaves out labels that are only to be taken from a flow that has none: one that was made
    /// before a rule used labels has no room for them, and the kernel refuses even that
    /// (`nf_connlabels_replace()`, Linux 6.18).
    pub fn fit(&mut self, flow: &Flow) {
        let none = flow.labels.is_none();
        self.labels = self.labels.filter(|labels| !none || labels.set != Labels::default());
    }

    /// False if it names a state that a flow of `proto` does not have: the kernel would ignore it.
    #[must_use]
    pub fn suits(&self, proto: Proto) -> bool {
        self.proto_info.is_none_or(|wish| wish.proto() == proto)
    }

    /// True if `flow` would not be the same afterwards.
    ///
    /// A timeout runs down by itself, so one with no more left than wanted is as it should be. A
    /// state of another protocol is no wish for this flow: the kernel would ignore it.
    #[must_use]
    pub fn changes(&self, flow: &Flow) -> bool {
        let mark = flow.mark.unwrap_or(0);
        let labels = flow.labels.unwrap_or_default();
        let rare = flow.rare.as_deref();
        let seqadj = [rare.and_then(|r| r.seqadj_orig), rare.and_then(|r| r.seqadj_reply)];
        let differs =
            |(wish, now): (&Option<SeqAdj>, Option<SeqAdj>)| wish.is_some() && *wish != now;
        self.timeout_s.is_some_and(|most| flow.timeout_s.is_some_and(|left| left > most))
            || self.mark.is_some_and(|wish| wish.apply(mark) != mark)
            || self.status.is_some_and(|bits| flow.has_status(bits) != Some(true))
            || self
                .proto_info
                .zip(flow.proto_info)
                .is_some_and(|(wish, now)| other_state(wish, now))
            || self.labels.is_some_and(|wish| wish.apply(labels) != labels)
            || self.helper.is_some_and(|name| flow.helper != Some(name))
            || self.seqadj.iter().zip(seqadj).any(differs)
            || self.synproxy.is_some_and(|wish| rare.and_then(|r| r.synproxy) != Some(wish))
    }
}

/// True if both are of one protocol and `wish` names another state or tag.
fn other_state(wish: ProtoInfo, now: ProtoInfo) -> bool {
    match (wish, now) {
        (ProtoInfo::Tcp(wish), ProtoInfo::Tcp(now)) => wish.state != now.state,
        (ProtoInfo::Sctp(wish), ProtoInfo::Sctp(now)) => wish != now,
        (ProtoInfo::Dccp(wish), ProtoInfo::Dccp(now)) => wish != now,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{LabelPatch, Masked, Patch};
    use crate::flow::{Flow, L4, Labels, Proto, ProtoInfo, Status, TcpInfo, Tuple};

    fn flow() -> Flow {
        let addr = [10, 0, 0, 1].into();
        let l4 = L4::Ports { src: 1, dst: 2 };
        let orig = Tuple { src: addr, dst: addr, proto: Proto::TCP, l4, zone: None };
        let state = |state| ProtoInfo::Tcp(TcpInfo { state, ..TcpInfo::default() });
        Flow {
            mark: Some(0x1234),
            timeout_s: Some(60),
            status: Some(Status::ASSURED),
            labels: Labels::bit(3),
            proto_info: Some(state(3)),
            ..Flow::new(orig, orig)
        }
    }

    #[track_caller]
    fn check(patch: &Patch, changes: bool) {
        assert_eq!(patch.changes(&flow()), changes);
    }

    #[test]
    fn a_patch_changes_only_what_is_not_so_already() {
        let mark = |text: &str| Patch { mark: text.parse().ok(), ..Patch::default() };
        check(&Patch::default(), false);
        check(&mark("0x34/0xff"), false);
        check(&mark("0x35/0xff"), true);
        check(&mark("0x1234"), false);
        let masked = Masked { value: 0, mask: 0xf0000 };
        check(&Patch { mark: Some(masked), ..Patch::default() }, false);
        check(&Patch { status: Some(Status::ASSURED), ..Patch::default() }, false);
        check(&Patch { status: Some(Status::SEEN_REPLY), ..Patch::default() }, true);
        let label = |bit: u8, set: bool| {
            let mask = Labels::bit(bit).unwrap();
            let set = if set { mask } else { Labels::default() };
            Patch { labels: Some(LabelPatch { set, mask }), ..Patch::default() }
        };
        check(&label(3, true), false);
        check(&label(3, false), true);
        check(&label(4, true), true);
        check(&label(4, false), false);
    }

    #[test]
    fn a_timeout_that_runs_down_is_as_it_should_be() {
        let timeout = |most| Patch { timeout_s: Some(most), ..Patch::default() };
        check(&timeout(61), false);
        check(&timeout(60), false);
        check(&timeout(59), true);
    }

    #[test]
    fn a_state_of_another_protocol_changes_nothing() {
        let state = |info| Patch { proto_info: Some(info), ..Patch::default() };
        let tcp =
            |state| ProtoInfo::Tcp(TcpInfo { state, wscale_orig: Some(7), ..TcpInfo::default() });
        check(&state(tcp(3)), false);
        check(&state(tcp(7)), true);
        check(&state(ProtoInfo::Sctp(crate::flow::SctpInfo::default())), false);
    }
}
