//! What a dump is to show, and what of it the kernel can leave out by itself. Which of this a kernel
//! gets right is not decided here: it inverts IPv6 addresses and passes over ports of protocols
//! other than tcp and udp.

use std::fmt;
use std::net::IpAddr;

use crate::flow::{Family, Masked, Proto, Status};
use crate::wire::attr::AttrWriter;
use crate::wire::consts::{
    CTA_FILTER, CTA_FILTER_ORIG_FLAGS, CTA_FILTER_REPLY_FLAGS, CTA_IP_V4_DST, CTA_IP_V4_SRC,
    CTA_IP_V6_DST, CTA_IP_V6_SRC, CTA_MARK, CTA_MARK_MASK, CTA_PROTO_DST_PORT, CTA_PROTO_NUM,
    CTA_PROTO_SRC_PORT, CTA_STATUS, CTA_STATUS_MASK, CTA_TUPLE_IP, CTA_TUPLE_ORIG, CTA_TUPLE_PROTO,
    CTA_TUPLE_REPLY, CTA_ZONE, filter_flag,
};
use crate::wire::tuple::IcmpKinds;

/// Which flows a dump shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DumpScope {
    /// The table.
    pub table: FlowTable,
    /// The family; both if absent.
    pub family: Option<Family>,
    /// Sets the counters of what it shows to 0 in the same step; not in the dying list.
    pub zero: bool,
    /// What the kernel leaves out.
    pub filter: KernelFilter,
}

impl DumpScope {
    /// The scopes that this is asked as: the kernel compares tuples of one family at a time, and a
    /// flow never changes its family, so that two dumps miss nothing and repeat nothing.
    #[must_use]
    pub fn per_family(&self) -> Vec<Self> {
        let tuples = self.filter.orig.flags() | self.filter.reply.flags();
        if tuples == 0 || self.family.or(self.filter.family()).is_some() {
            return vec![*self];
        }
        let of = |family| Self { family: Some(family), ..*self };
        vec![of(Family::Ipv4), of(Family::Ipv6)]
    }

    /// The same scope without what the kernel could leave out.
    #[must_use]
    pub fn unfiltered(&self) -> Self {
        Self { filter: KernelFilter::default(), ..*self }
    }
}

/// A list of flows that the kernel keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum FlowTable {
    /// The flows that packets can match.
    #[default]
    Conntrack,
    /// Flows that are gone, but whose destroy event could not be delivered yet.
    Dying,
    /// Flows whose first packet is still on its way. None is told since Linux 5.19.
    Unconfirmed,
}

/// A filter that the kernel applies: a flow must satisfy all of it. The default takes every flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KernelFilter {
    /// `mark & mask == value`.
    pub mark: Option<Masked>,
    /// `status & mask == value`, as (value, mask). Linux 5.15; a mask of 0 is `EINVAL`.
    pub status: Option<(Status, Status)>,
    /// The zone, whatever its direction. Linux 6.8; ignored before.
    pub zone: Option<u16>,
    /// The original direction. Linux 5.8; needs a family, of an address in it or of the scope.
    pub orig: TupleFilter,
    /// The reply direction. Linux 5.8; needs a family likewise.
    pub reply: TupleFilter,
}

/// Exact values of one direction; those of layer 4 need `proto`, or the kernel answers `EINVAL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TupleFilter {
    /// Source address.
    pub src: Option<IpAddr>,
    /// Destination address.
    pub dst: Option<IpAddr>,
    /// Protocol.
    pub proto: Option<Proto>,
    /// Source port.
    pub sport: Option<u16>,
    /// Destination port.
    pub dport: Option<u16>,
    /// Type of icmp or icmpv6.
    pub icmp_type: Option<u8>,
    /// Code of icmp or icmpv6.
    pub icmp_code: Option<u8>,
    /// Identifier of icmp or icmpv6.
    pub icmp_id: Option<u16>,
}

/// What the kernel is asked for, in the words of a filter; `everything` if it leaves out nothing.
impl fmt::Display for DumpScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let KernelFilter { mark, status, zone, orig, reply } = self.filter;
        let (set, of) = status.unwrap_or_default();
        let bits = |bits: Status, not: &str| {
            let names =
                bits.names().into_iter().map(|name| format!("{not}{}", name.to_lowercase()));
            names.collect::<Vec<_>>().join(" ")
        };
        let clear = Status(of.0 & !set.0);
        let words = [
            self.family.map(|family| family.to_string()),
            mark.map(|mark| format!("mark {mark}")),
            (set.0 != 0).then(|| bits(set, "")),
            (clear.0 != 0).then(|| bits(clear, "not ")),
            zone.map(|zone| format!("zone {zone}")),
            orig.proto.map(|proto| format!("proto {proto}")),
            orig.src.map(|src| format!("src {src}")),
            orig.dst.map(|dst| format!("dst {dst}")),
            orig.sport.map(|sport| format!("sport {sport}")),
            orig.dport.map(|dport| format!("dport {dport}")),
            reply.src.map(|src| format!("reply.src {src}")),
            reply.dst.map(|dst| format!("reply.dst {dst}")),
            reply.sport.map(|sport| format!("reply.sport {sport}")),
            reply.dport.map(|dport| format!("reply.dport {dport}")),
        ];
        let words: Vec<String> = words.into_iter().flatten().collect();
        f.write_str(if words.is_empty() { "everything" } else { "" })?;
        f.write_str(&words.join(" "))
    }
}

impl KernelFilter {
    /// The family of the addresses in it: `CTA_FILTER` needs one (`EOPNOTSUPP` without).
    pub(super) fn family(&self) -> Option<Family> {
        let addrs = [self.orig.src, self.orig.dst, self.reply.src, self.reply.dst];
        addrs.iter().flatten().next().map(Family::of)
    }

    /// Writes what is asked for; nothing by default, as an empty filter is still a filter.
    pub(super) fn write(&self, out: &mut AttrWriter) {
        if let Some(Masked { value, mask }) = self.mark {
            out.be_u32(CTA_MARK, value);
            out.be_u32(CTA_MARK_MASK, mask);
        }
        if let Some((value, mask)) = self.status {
            out.be_u32(CTA_STATUS, value.0);
            out.be_u32(CTA_STATUS_MASK, mask.0);
        }
        if let Some(zone) = self.zone {
            out.be_u16(CTA_ZONE, zone);
        }
        let (orig, reply) = (self.orig.flags(), self.reply.flags());
        if orig == 0 && reply == 0 {
            return;
        }
        self.orig.write(out, CTA_TUPLE_ORIG);
        self.reply.write(out, CTA_TUPLE_REPLY);
        out.nest(CTA_FILTER, |out| {
            // Alone among ctnetlink's numbers these are in host order: ctnetlink_parse_filter().
            out.bytes(CTA_FILTER_ORIG_FLAGS, &orig.to_ne_bytes());
            out.bytes(CTA_FILTER_REPLY_FLAGS, &reply.to_ne_bytes());
        });
    }
}

impl TupleFilter {
    /// The `CTA_FILTER_F_` bits of what is given.
    fn flags(&self) -> u32 {
        let v6 = self.proto == Some(Proto::ICMPV6);
        let icmp = |v4: u32, of_v6: u32| if v6 { of_v6 } else { v4 };
        let (kind, code, id) = (
            icmp(filter_flag::CTA_PROTO_ICMP_TYPE, filter_flag::CTA_PROTO_ICMPV6_TYPE),
            icmp(filter_flag::CTA_PROTO_ICMP_CODE, filter_flag::CTA_PROTO_ICMPV6_CODE),
            icmp(filter_flag::CTA_PROTO_ICMP_ID, filter_flag::CTA_PROTO_ICMPV6_ID),
        );
        [
            (self.src.is_some(), filter_flag::CTA_IP_SRC),
            (self.dst.is_some(), filter_flag::CTA_IP_DST),
            (self.proto.is_some(), filter_flag::CTA_PROTO_NUM),
            (self.sport.is_some(), filter_flag::CTA_PROTO_SRC_PORT),
            (self.dport.is_some(), filter_flag::CTA_PROTO_DST_PORT),
            (self.icmp_type.is_some(), kind),
            (self.icmp_code.is_some(), code),
            (self.icmp_id.is_some(), id),
        ]
        .into_iter()
        .filter(|(given, _)| *given)
        .fold(0, |flags, (_, bit)| flags | bit)
    }

    /// A tuple of only what is given; none if nothing is.
    fn write(&self, out: &mut AttrWriter, kind: u16) {
        if *self == Self::default() {
            return;
        }
        out.nest(kind, |out| {
            if self.src.is_some() || self.dst.is_some() {
                out.nest(CTA_TUPLE_IP, |out| {
                    if let Some(src) = &self.src {
                        out.addr(CTA_IP_V4_SRC, CTA_IP_V6_SRC, src);
                    }
                    if let Some(dst) = &self.dst {
                        out.addr(CTA_IP_V4_DST, CTA_IP_V6_DST, dst);
                    }
                });
            }
            if let Some(proto) = self.proto {
                out.nest(CTA_TUPLE_PROTO, |out| self.write_proto(out, proto));
            }
        });
    }

    fn write_proto(&self, out: &mut AttrWriter, proto: Proto) {
        let icmp = IcmpKinds::of(proto);
        out.u8(CTA_PROTO_NUM, proto.0);
        for (kind, number) in [
            (CTA_PROTO_SRC_PORT, self.sport),
            (CTA_PROTO_DST_PORT, self.dport),
            (icmp.id, self.icmp_id),
        ] {
            if let Some(number) = number {
                out.be_u16(kind, number);
            }
        }
        for (kind, number) in [(icmp.kind, self.icmp_type), (icmp.code, self.icmp_code)] {
            if let Some(number) = number {
                out.u8(kind, number);
            }
        }
    }
}
