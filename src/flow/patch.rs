//! What is to be changed of a flow: only what the kernel lets one change.

use super::{
    DccpInfo, Flow, HelperName, Labels, Masked, Proto, ProtoInfo, SctpInfo, SeqAdj, Status,
    Synproxy, TcpInfo,
};

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

/// The state that flows get, as each protocol has it: a name may be that of a state of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StatePatch {
    /// Of tcp.
    pub tcp: Option<TcpInfo>,
    /// Of sctp; tags that are absent stay.
    pub sctp: Option<SctpInfo>,
    /// Of dccp.
    pub dccp: Option<DccpInfo>,
}

impl StatePatch {
    /// What a flow of `proto` gets: nothing if its protocol has no such state.
    #[must_use]
    pub fn of(&self, proto: Proto) -> Option<ProtoInfo> {
        match proto {
            Proto::TCP => self.tcp.map(ProtoInfo::Tcp),
            Proto::SCTP => self.sctp.map(ProtoInfo::Sctp),
            Proto::DCCP => self.dccp.map(ProtoInfo::Dccp),
            _ => None,
        }
    }
}

/// A state of one protocol.
impl From<ProtoInfo> for StatePatch {
    fn from(info: ProtoInfo) -> Self {
        match info {
            ProtoInfo::Tcp(info) => Self { tcp: Some(info), ..Self::default() },
            ProtoInfo::Sctp(info) => Self { sctp: Some(info), ..Self::default() },
            ProtoInfo::Dccp(info) => Self { dccp: Some(info), ..Self::default() },
        }
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
    pub state: StatePatch,
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

    /// Makes it one that the kernel takes for `flow`.
    ///
    /// Labels are left out that are only to be taken from a flow that has none: one that was made
    /// before a rule used labels has no room for them, and the kernel refuses even that
    /// (`nf_connlabels_replace()`). Tags of sctp are filled in: the kernel takes a state with both
    /// or not at all (`nlattr_to_sctp()`, both Linux 6.18).
    pub fn fit(&mut self, flow: &Flow) {
        let none = flow.labels.is_none();
        self.labels = self.labels.filter(|labels| !none || labels.set != Labels::default());
        if let (Some(wish), Some(ProtoInfo::Sctp(now))) = (&mut self.state.sctp, flow.proto_info) {
            wish.vtag_orig = wish.vtag_orig.or(now.vtag_orig);
            wish.vtag_reply = wish.vtag_reply.or(now.vtag_reply);
        }
    }

    /// False if it names a state that a flow of `proto` does not have: the kernel would ignore it.
    #[must_use]
    pub fn suits(&self, proto: Proto) -> bool {
        self.state == StatePatch::default() || self.state.of(proto).is_some()
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
            || (self.state.of(flow.orig.proto).zip(flow.proto_info))
                .is_some_and(|(wish, now)| other_state(wish, now))
            || self.labels.is_some_and(|wish| wish.apply(labels) != labels)
            || self.helper.is_some_and(|name| flow.helper != Some(name))
            || self.seqadj.iter().zip(seqadj).any(differs)
            || self.synproxy.is_some_and(|wish| rare.and_then(|r| r.synproxy) != Some(wish))
    }
}

/// True if `wish` names another state or tag.
fn other_state(wish: ProtoInfo, now: ProtoInfo) -> bool {
    let other = |wish: Option<u32>, now| wish.is_some() && wish != now;
    match (wish, now) {
        (ProtoInfo::Sctp(wish), ProtoInfo::Sctp(now)) => {
            wish.state != now.state
                || other(wish.vtag_orig, now.vtag_orig)
                || other(wish.vtag_reply, now.vtag_reply)
        }
        (ProtoInfo::Dccp(wish), ProtoInfo::Dccp(now)) => wish != now,
        (wish, now) => wish.state() != now.state(),
    }
}

#[cfg(test)]
mod tests {
    use super::{LabelPatch, Patch};
    use crate::flow::{Flow, L4, Labels, Masked, Proto, ProtoInfo, Status, TcpInfo, Tuple};

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
        let state = |info: ProtoInfo| Patch { state: info.into(), ..Patch::default() };
        let tcp =
            |state| ProtoInfo::Tcp(TcpInfo { state, wscale_orig: Some(7), ..TcpInfo::default() });
        check(&state(tcp(3)), false);
        check(&state(tcp(7)), true);
        check(&state(ProtoInfo::Sctp(crate::flow::SctpInfo::default())), false);
    }
}
