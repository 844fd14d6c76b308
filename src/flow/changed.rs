//! What a change did to a flow, and what takes it back: the flow to make again, or the patch that
//! writes old values. Sending either is not here.

use super::{
    Flow, L4, LabelPatch, Labels, Masked, NatTarget, NewFlow, Patch, ProtoInfo, Rare, SctpInfo,
    Status, TcpFlags, TcpInfo, Tuple,
};

/// A flow before a change and after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// As it was.
    pub was: Flow,
    /// As it was left; absent if it was deleted.
    pub became: Option<Flow>,
    /// When it was changed, nanoseconds since 1970.
    pub time_ns: u64,
}

/// Bits that a request may set; none can be cleared.
const WRITABLE: Status =
    Status(Status::SEEN_REPLY.0 | Status::ASSURED.0 | Status::FIXED_TIMEOUT.0 | Status::HELPER.0);
/// `IPS_SRC_NAT_DONE` and `IPS_DST_NAT_DONE`: NAT was set up, be it to translate nothing.
const NAT_DONE: Status = Status(Status::SRC_NAT_DONE.0 | Status::DST_NAT_DONE.0);
/// `IP_CT_TCP_FLAG_BE_LIBERAL`: the window is not judged.
const BE_LIBERAL: u8 = 0x08;
/// `WINDOW_SCALE`, `SACK_PERM`, `CLOSE_INIT`, `BE_LIBERAL`: what is true without knowing the
/// sequence numbers, which are not shown and so are lost.
const LASTING: u8 = 0x01 | 0x02 | 0x04 | BE_LIBERAL;
/// `IP_CT_TCP_FLAG_WINDOW_SCALE`.
const WINDOW_SCALE: u8 = 0x01;

impl Changed {
    /// Seconds that the flow would still have at `now_ns` if it had been left alone; absent if it
    /// would be gone, or if it had no timeout.
    #[must_use]
    pub fn left_s(&self, now_ns: u64) -> Option<u32> {
        let passed_s = self.passed_s(now_ns);
        let left_s = u64::from(self.was.timeout_s?).checked_sub(passed_s)?;
        u32::try_from(left_s).ok().filter(|&left_s| left_s > 0)
    }

    /// Seconds since the change.
    fn passed_s(&self, now_ns: u64) -> u64 {
        now_ns.saturating_sub(self.time_ns) / 1_000_000_000
    }

    /// What came of a change that the kernel refused, if anything did: it makes one part after the
    /// other, and stops at what it refuses. `now` is the flow a moment later.
    #[must_use]
    pub fn halfway(&self, now: &Flow) -> Option<Self> {
        let became = self.became.as_ref()?;
        let mut half = self.was.clone();
        if now.mark == became.mark {
            half.mark = became.mark;
        }
        if became.timeout_s != half.timeout_s && runs_from(became, now, 0) {
            half.timeout_s = became.timeout_s;
        }
        if now.labels.unwrap_or_default() == became.labels.unwrap_or_default() {
            half.labels = became.labels;
        }
        if now.proto_info.map(settings) == became.proto_info.map(settings) {
            half.proto_info = became.proto_info;
        }
        if became.status.is_some_and(|bits| now.has_status(bits) == Some(true)) {
            half.status = became.status;
        }
        let changed = Self { became: Some(half), ..self.clone() };
        (changed.became.as_ref() != Some(&self.was)).then_some(changed)
    }

    /// The patch that makes `now`, a flow that was changed, what it was; absent if somebody else
    /// changed the same values since.
    ///
    /// A timeout that does not run from the one that was set is the flow's own again: a packet came.
    #[must_use]
    pub fn back(&self, now: &Flow, now_ns: u64) -> Option<Patch> {
        let (was, became) = (&self.was, self.became.as_ref()?);
        let mut patch = Patch::default();
        let runs = runs_from(became, now, self.passed_s(now_ns));
        if was.timeout_s != became.timeout_s && runs {
            patch.timeout_s = Some(self.left_s(now_ns).unwrap_or(1));
        }
        if self.differs(now, |flow| flow.mark)? {
            patch.mark = Some(Masked::exact(was.mark.unwrap_or_default()));
        }
        let labels = |flow: &Flow| flow.labels.unwrap_or_default();
        if self.differs(now, labels)? {
            patch.labels = Some(LabelPatch { set: labels(was), mask: Labels([u32::MAX; 4]) });
        }
        if self.differs(now, |flow| flow.proto_info.map(settings))? {
            patch.state = was.proto_info.map(|info| lasting(info, 0).into()).unwrap_or_default();
        }
        Some(patch)
    }

    /// Bits that the change set, and that no request can clear again.
    #[must_use]
    pub fn stuck(&self) -> Status {
        let set = |flow: &Flow| flow.status.unwrap_or_default().0;
        Status(self.became.as_ref().map_or(0, |became| set(became) & !set(&self.was)))
    }

    /// Whether the change made another value `of` the flow; absent if it is neither of both `now`.
    fn differs<T: PartialEq>(&self, now: &Flow, of: impl Fn(&Flow) -> T) -> Option<bool> {
        let (was, became, now) = (of(&self.was), of(self.became.as_ref()?), of(now));
        let differs = was != became;
        (!differs || now == became || now == was).then_some(differs)
    }
}

impl Patch {
    /// `flow` as it is after this patch.
    #[must_use]
    pub fn applied(&self, flow: &Flow) -> Flow {
        let mut flow = flow.clone();
        flow.timeout_s = self.timeout_s.or(flow.timeout_s);
        if let Some(mark) = self.mark {
            flow.mark = Some(mark.apply(flow.mark.unwrap_or_default()));
        }
        if let Some(status) = self.status {
            flow.status = Some(flow.status.unwrap_or_default() | status);
        }
        if let Some(labels) = self.labels {
            flow.labels = Some(labels.apply(flow.labels.unwrap_or_default()));
        }
        // The kernel ignores a state of another protocol.
        if let (Some(wish), Some(now)) = (self.state.of(flow.orig.proto), flow.proto_info) {
            flow.proto_info = Some(merged(wish, now));
        }
        flow.helper = self.helper.or(flow.helper);
        flow
    }
}

impl NewFlow {
    /// The flow that makes `flow` again, to live `timeout_s` seconds.
    ///
    /// Its counters and its start are lost. A tcp flow is made with liberal window checks, because
    /// its window is lost too.
    #[must_use]
    pub fn again(flow: &Flow, timeout_s: u32) -> Self {
        let Rare { master, seqadj_orig, seqadj_reply, synproxy, .. } =
            flow.rare.as_deref().cloned().unwrap_or_default();
        let mut new = Self {
            zone: flow.zone,
            status: Some(flow.status.unwrap_or_default() & WRITABLE),
            proto_info: flow.proto_info.map(|info| lasting(info, BE_LIBERAL)),
            mark: flow.mark,
            labels: flow.labels,
            helper: flow.helper,
            master,
            seqadj: [seqadj_orig, seqadj_reply],
            synproxy,
            ..Self::new(flow.orig, flow.reply, timeout_s)
        };
        // The kernel sets up NAT only towards another tuple than the one it is given: from the
        // inverse, it comes to the old reply by itself (`nf_nat_setup_info()`, Linux 6.18).
        if flow.status.is_some_and(|status| status.0 & NAT_DONE.0 != 0)
            && let Some(inverse) = flow.orig.inverted()
        {
            new.reply = Tuple { zone: flow.reply.zone, ..inverse };
            new.snat = Some(NatTarget { addr: flow.reply.dst, port: snat_port(&flow.reply) });
            new.dnat = Some(NatTarget { addr: flow.reply.src, port: flow.reply.sport() });
        }
        new
    }
}

/// The port, key or identifier that the source has behind NAT.
fn snat_port(reply: &Tuple) -> Option<u16> {
    match reply.l4 {
        L4::Ports { dst, .. } => Some(dst),
        L4::Icmp { id, .. } => Some(id),
        L4::None => None,
    }
}

/// True if the timeout of `now` is what is left of that of `became` after `passed_s` seconds. One of
/// weeks is cut by the kernel, the shorter the finer its clock: `ctnetlink_change_timeout()`, 6.18.
fn runs_from(became: &Flow, now: &Flow, passed_s: u64) -> bool {
    /// `INT_MAX` ticks of a thousandth of a second.
    const CUT_S: u32 = 2_147_483;
    let (Some(set), Some(left)) = (became.timeout_s, now.timeout_s) else { return false };
    let due = u64::from(set.min(CUT_S)).saturating_sub(passed_s);
    let left = u64::from(left);
    // Both clocks are cut to seconds, and the change takes time.
    left + 2 >= due && (set >= CUT_S || left <= due + 1)
}

/// What a request can set beside flags: the state, and scales or tags.
fn settings(info: ProtoInfo) -> (u8, [Option<u32>; 2]) {
    match info {
        ProtoInfo::Tcp(tcp) => {
            (tcp.state, [tcp.wscale_orig, tcp.wscale_reply].map(|scale| scale.map(u32::from)))
        }
        ProtoInfo::Sctp(sctp) => (sctp.state, [sctp.vtag_orig, sctp.vtag_reply]),
        ProtoInfo::Dccp(dccp) => (dccp.state, [dccp.role.map(u32::from), None]),
    }
}

/// What is `now`, after this wish.
fn merged(wish: ProtoInfo, now: ProtoInfo) -> ProtoInfo {
    match (wish, now) {
        (ProtoInfo::Tcp(wish), ProtoInfo::Tcp(now)) => {
            // The kernel takes both scales or none.
            let scales = wish.wscale_orig.zip(wish.wscale_reply);
            let flags = |wish: Option<TcpFlags>, now: Option<TcpFlags>| {
                let Some(TcpFlags { flags, mask }) = wish else { return now };
                let present = now.unwrap_or_default();
                Some(TcpFlags { flags: present.flags & !mask | flags & mask, ..present })
            };
            ProtoInfo::Tcp(TcpInfo {
                state: wish.state,
                wscale_orig: scales.map(|(orig, _)| orig).or(now.wscale_orig),
                wscale_reply: scales.map(|(_, reply)| reply).or(now.wscale_reply),
                flags_orig: flags(wish.flags_orig, now.flags_orig),
                flags_reply: flags(wish.flags_reply, now.flags_reply),
            })
        }
        (ProtoInfo::Sctp(wish), ProtoInfo::Sctp(now)) => ProtoInfo::Sctp(SctpInfo {
            state: wish.state,
            vtag_orig: wish.vtag_orig.or(now.vtag_orig),
            vtag_reply: wish.vtag_reply.or(now.vtag_reply),
        }),
        (wish, _) => wish,
    }
}

/// The state with the flags that still hold and those of `more`.
fn lasting(info: ProtoInfo, more: u8) -> ProtoInfo {
    let ProtoInfo::Tcp(tcp) = info else { return info };
    let flags = |side: Option<TcpFlags>| {
        let flags = side.unwrap_or_default().flags & LASTING | more;
        Some(TcpFlags { flags, mask: LASTING })
    };
    let (flags_orig, flags_reply) = (flags(tcp.flags_orig), flags(tcp.flags_reply));
    // Scales are sent only together with their flags, which a request would set for both sides.
    let scales =
        [flags_orig, flags_reply].into_iter().flatten().any(|side| side.flags & WINDOW_SCALE != 0);
    ProtoInfo::Tcp(TcpInfo {
        state: tcp.state,
        wscale_orig: tcp.wscale_orig.filter(|_| scales),
        wscale_reply: tcp.wscale_reply.filter(|_| scales),
        flags_orig,
        flags_reply,
    })
}
