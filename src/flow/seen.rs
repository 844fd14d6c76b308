//! A flow as the kernel (or a file) showed it. What was not shown is `None`.

use std::fmt;
use std::sync::Arc;

use super::{Family, FlowKey, L4, Labels, ProtoInfo, Status, Tuple};

/// One entry of the conntrack table.
///
/// An ordinary flow owns no memory of its own: what few flows have is boxed in [`Rare`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// The direction of the first packet.
    pub orig: Tuple,
    /// The direction of the answers, as they arrive: NAT makes it differ from the inverse.
    pub reply: Tuple,
    /// `IPS_` bits.
    pub status: Option<Status>,
    /// The bits that `status` tells of: all of them, but for what conntrack printed.
    pub told: Status,
    /// Seconds until the kernel forgets it if no packet comes; absent for offloaded flows.
    pub timeout_s: Option<u32>,
    /// State per protocol; absent for protocols without one and for offloaded flows.
    pub proto_info: Option<ProtoInfo>,
    /// `CTA_MARK`; dumps always carry it, events only if it is not 0 or changed.
    pub mark: Option<u32>,
    /// `CTA_ID`: a hint, not an identity: a flow made again often gets the same.
    pub id: Option<u32>,
    /// `CTA_ZONE`: the zone of both directions, sent only if not 0.
    pub zone: Option<u16>,
    /// The kernel's use count; only in dumps.
    pub refs: Option<u32>,
    /// Traffic of the original direction; needs `nf_conntrack_acct`.
    pub orig_counters: Option<Counters>,
    /// Traffic of the reply direction.
    pub reply_counters: Option<Counters>,
    /// Start, nanoseconds since 1970; needs `nf_conntrack_timestamp`.
    pub start_ns: Option<u64>,
    /// End, nanoseconds since 1970; only in destroy events.
    pub stop_ns: Option<u64>,
    /// Labels; sent only if there are any.
    pub labels: Option<Labels>,
    /// Name of the helper.
    pub helper: Option<HelperName>,
    /// What few flows have.
    pub rare: Option<Box<Rare>>,
}

/// The parts that few flows have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rare {
    /// The original direction of the flow whose expectation made this one.
    pub master: Option<Tuple>,
    /// Security context.
    pub secctx: Option<String>,
    /// `CTA_HELP_INFO`: a helper's own bytes.
    pub helper_info: Option<Vec<u8>>,
    /// Sequence adjustment of the original direction.
    pub seqadj_orig: Option<SeqAdj>,
    /// Sequence adjustment of the reply direction.
    pub seqadj_reply: Option<SeqAdj>,
    /// SYN proxy; every flow made through ctnetlink carries one of zeros, which is left out.
    pub synproxy: Option<Synproxy>,
    /// The network namespace that it was read from, if it is another than that of the run. The
    /// kernel does not send it; it is here so that an ordinary flow pays nothing for it.
    pub netns: Option<Arc<str>>,
}

/// Packets and bytes of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Packets.
    pub packets: u64,
    /// Bytes, layer 3 headers included.
    pub bytes: u64,
}

/// `CTA_SEQADJ_*`: what a helper added to or took from the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SeqAdj {
    /// Sequence number of the last change.
    pub correction_pos: u32,
    /// Bytes added before it.
    pub offset_before: i32,
    /// Bytes added after it.
    pub offset_after: i32,
}

/// `CTA_SYNPROXY_*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Synproxy {
    /// Initial sequence number.
    pub isn: u32,
    /// Initial timestamp.
    pub its: u32,
    /// Timestamp offset.
    pub tsoff: u32,
}

/// The name of a helper, kept in place: `NF_CT_HELPER_NAME_LEN` is 16 with the NUL.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HelperName {
    bytes: [u8; 15],
    len: u8,
}

impl HelperName {
    /// The name, if it is 1 to 15 bytes of UTF-8 without control characters.
    #[must_use]
    pub fn new(name: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(name).ok()?;
        let mut bytes = [0; 15];
        bytes.get_mut(..name.len())?.copy_from_slice(name);
        let sound = !text.is_empty() && !text.contains(char::is_control);
        sound.then_some(Self { bytes, len: u8::try_from(name.len()).ok()? })
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let name = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
        std::str::from_utf8(name).unwrap_or_default()
    }
}

impl fmt::Debug for HelperName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl fmt::Display for HelperName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Flow {
    /// A flow of which only the two directions are known.
    #[must_use]
    pub fn new(orig: Tuple, reply: Tuple) -> Self {
        Self {
            orig,
            reply,
            status: None,
            told: Status::ALL,
            timeout_s: None,
            proto_info: None,
            mark: None,
            id: None,
            zone: None,
            refs: None,
            orig_counters: None,
            reply_counters: None,
            start_ns: None,
            stop_ns: None,
            labels: None,
            helper: None,
            rare: None,
        }
    }

    /// The family of its addresses.
    #[must_use]
    pub fn family(&self) -> Family {
        self.orig.family()
    }

    /// What names it to the kernel.
    #[must_use]
    pub fn key(&self) -> FlowKey {
        FlowKey { tuple: self.orig, reply_zone: self.reply.zone, zone: self.zone, id: self.id }
    }

    /// True if `now`, which was found under the same name, is this flow, and has not taken its place,
    /// as far as that can be told: by the id, the start and the answers.
    #[must_use]
    pub fn is_still(&self, now: &Self) -> bool {
        let started = self.start_ns.zip(now.start_ns).is_none_or(|(then, now)| then == now);
        self.key().is_still(now) && started && self.reply == now.reply
    }

    /// The zone of both directions, 0 being the default zone; absent if a direction has its own.
    ///
    /// The kernel leaves out zone 0: `ctnetlink_dump_zone_id()`, Linux 6.18.
    #[must_use]
    pub fn zone_or_default(&self) -> Option<u16> {
        let directional = self.orig.zone.is_some() || self.reply.zone.is_some();
        self.zone.or((!directional).then_some(0))
    }

    /// True if all bits of `wanted` are set; absent without a status that tells.
    #[must_use]
    #[inline]
    pub fn has_status(&self, wanted: Status) -> Option<bool> {
        let missing = wanted.0 & !self.status?.0;
        (missing == 0 || missing & self.told.0 != 0).then_some(missing == 0)
    }

    /// True if the source is translated: answers go to another address or port than it has.
    ///
    /// Read off the two directions, as `conntrack --src-nat` does; an icmp identifier counts too.
    #[must_use]
    pub fn is_snat(&self) -> bool {
        self.reply.dst != self.orig.src
            || match (self.orig.l4, self.reply.l4) {
                (L4::Ports { src, .. }, L4::Ports { dst, .. }) => src != dst,
                (L4::Icmp { id, .. }, L4::Icmp { id: reply_id, .. }) => id != reply_id,
                _ => false,
            }
    }

    /// True if the destination is translated: answers come from another address or port.
    #[must_use]
    pub fn is_dnat(&self) -> bool {
        self.reply.src != self.orig.dst
            || match (self.orig.l4, self.reply.l4) {
                (L4::Ports { dst, .. }, L4::Ports { src, .. }) => src != dst,
                _ => false,
            }
    }

    /// Packets of both directions; absent without accounting. Saturates.
    #[must_use]
    pub fn packets(&self) -> Option<u64> {
        self.both(|counters| counters.packets)
    }

    /// Bytes of both directions; absent without accounting. Saturates.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        self.both(|counters| counters.bytes)
    }

    fn both(&self, of: impl Fn(Counters) -> u64) -> Option<u64> {
        match (self.orig_counters, self.reply_counters) {
            (None, None) => None,
            (orig, reply) => Some(orig.map_or(0, &of).saturating_add(reply.map_or(0, &of))),
        }
    }

    /// Nanoseconds from its start to its end, or to `now_ns`; absent without a start.
    #[must_use]
    pub fn age_ns(&self, now_ns: u64) -> Option<u64> {
        Some(self.stop_ns.unwrap_or(now_ns).saturating_sub(self.start_ns?))
    }

    /// The network namespace that it was read from; absent for that of the run.
    #[must_use]
    pub fn netns(&self) -> Option<&Arc<str>> {
        self.rare.as_ref()?.netns.as_ref()
    }

    /// The rare parts, made if there are none yet.
    pub fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }
}

/// One line that names it and says what it is doing.
impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.orig)?;
        if let Some(state) = self.proto_info.and_then(|info| info.state_name()) {
            write!(f, " {state}")?;
        }
        if self.has_status(Status::SEEN_REPLY) == Some(false) {
            write!(f, " [UNREPLIED]")?;
        }
        if self.is_snat() || self.is_dnat() {
            write!(f, " nat {}", self.reply)?;
        }
        if let Some(timeout) = self.timeout_s {
            write!(f, " {timeout}s")?;
        }
        Ok(())
    }
}
