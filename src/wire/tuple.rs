//! `CTA_TUPLE_*`: addresses, protocol, layer 4 and directional zone. Expectations use the same nest.

use std::net::{IpAddr, Ipv4Addr};

use crate::flow::{Family, L4, Proto, Tuple};

use super::DecodeError;
use super::attr::{Attr, AttrWriter};
use super::consts::{
    CTA_IP, CTA_IP_V4_DST, CTA_IP_V4_SRC, CTA_IP_V6_DST, CTA_IP_V6_SRC, CTA_PROTO,
    CTA_PROTO_DST_PORT, CTA_PROTO_ICMP_CODE, CTA_PROTO_ICMP_ID, CTA_PROTO_ICMP_TYPE,
    CTA_PROTO_ICMPV6_CODE, CTA_PROTO_ICMPV6_ID, CTA_PROTO_ICMPV6_TYPE, CTA_PROTO_NUM,
    CTA_PROTO_SRC_PORT, CTA_TUPLE, CTA_TUPLE_IP, CTA_TUPLE_PROTO, CTA_TUPLE_ZONE,
};

/// Stands in for a tuple until it is read.
pub(super) const NOWHERE: Tuple = Tuple {
    src: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    dst: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    proto: Proto(0),
    l4: L4::None,
    zone: None,
};

/// Reads a tuple.
pub(super) fn read_tuple(attr: &Attr<'_>) -> Result<Tuple, DecodeError> {
    let mut tuple = NOWHERE;
    read_tuple_into(attr, &mut tuple)?;
    Ok(tuple)
}

/// Reads a tuple to where it is to stay.
///
/// An address is stored as a tag and bytes; to copy it so soon after makes the processor wait for
/// the stores, a sixth of the time that a flow takes.
pub(super) fn read_tuple_into(attr: &Attr<'_>, tuple: &mut Tuple) -> Result<(), DecodeError> {
    let (mut addrs, mut proto) = (false, false);
    for attr in attr.attrs(&CTA_TUPLE) {
        let attr = attr?;
        match attr.kind {
            CTA_TUPLE_IP => {
                read_addrs(&attr, tuple)?;
                addrs = true;
            }
            CTA_TUPLE_PROTO => {
                (tuple.proto, tuple.l4) = read_proto(&attr)?;
                proto = true;
            }
            CTA_TUPLE_ZONE => tuple.zone = Some(attr.be_u16()?),
            _ => (),
        }
    }
    match (addrs, proto) {
        (true, true) => Ok(()),
        (false, _) => Err(DecodeError::Missing(CTA_TUPLE.attr(CTA_TUPLE_IP))),
        (true, false) => Err(DecodeError::Missing(CTA_TUPLE.attr(CTA_TUPLE_PROTO))),
    }
}

#[inline]
fn read_addrs(attr: &Attr<'_>, tuple: &mut Tuple) -> Result<(), DecodeError> {
    let (mut src, mut dst) = (None, None);
    for attr in attr.attrs(&CTA_IP) {
        let attr = attr?;
        match attr.kind {
            CTA_IP_V4_SRC => (tuple.src, src) = (attr.ipv4()?, Some(Family::Ipv4)),
            CTA_IP_V4_DST => (tuple.dst, dst) = (attr.ipv4()?, Some(Family::Ipv4)),
            CTA_IP_V6_SRC => (tuple.src, src) = (attr.ipv6()?, Some(Family::Ipv6)),
            CTA_IP_V6_DST => (tuple.dst, dst) = (attr.ipv6()?, Some(Family::Ipv6)),
            _ => (),
        }
    }
    let missing = match (src, dst) {
        (Some(src), Some(dst)) if src == dst => return Ok(()),
        (Some(Family::Ipv4), _) => CTA_IP_V4_DST,
        (Some(Family::Ipv6), _) => CTA_IP_V6_DST,
        (None, Some(Family::Ipv6)) => CTA_IP_V6_SRC,
        (None, _) => CTA_IP_V4_SRC,
    };
    Err(DecodeError::Missing(CTA_IP.attr(missing)))
}

#[inline]
fn read_proto(attr: &Attr<'_>) -> Result<(Proto, L4), DecodeError> {
    let mut proto = None;
    let (mut src, mut dst) = (None, None);
    let (mut kind, mut code, mut id) = (None, None, None);
    for attr in attr.attrs(&CTA_PROTO) {
        let attr = attr?;
        match attr.kind {
            CTA_PROTO_NUM => proto = Some(Proto(attr.u8()?)),
            CTA_PROTO_SRC_PORT => src = Some(attr.be_u16()?),
            CTA_PROTO_DST_PORT => dst = Some(attr.be_u16()?),
            CTA_PROTO_ICMP_TYPE | CTA_PROTO_ICMPV6_TYPE => kind = Some(attr.u8()?),
            CTA_PROTO_ICMP_CODE | CTA_PROTO_ICMPV6_CODE => code = Some(attr.u8()?),
            CTA_PROTO_ICMP_ID | CTA_PROTO_ICMPV6_ID => id = Some(attr.be_u16()?),
            _ => (),
        }
    }
    let missing = |kind| DecodeError::Missing(CTA_PROTO.attr(kind));
    let proto = proto.ok_or(missing(CTA_PROTO_NUM))?;
    let l4 = match (src, dst, kind, code, id) {
        (Some(src), Some(dst), ..) => L4::Ports { src, dst },
        (Some(_), None, ..) => return Err(missing(CTA_PROTO_DST_PORT)),
        (None, Some(_), ..) => return Err(missing(CTA_PROTO_SRC_PORT)),
        (.., Some(kind), Some(code), Some(id)) => L4::Icmp { kind, code, id },
        // A protocol without a tracker of its own, be it only in this kernel.
        (.., None, None, None) => L4::None,
        (.., kind, code, _) => {
            let icmp = IcmpKinds::of(proto);
            return Err(missing(match (kind, code) {
                (None, _) => icmp.kind,
                (_, None) => icmp.code,
                _ => icmp.id,
            }));
        }
    };
    Ok((proto, l4))
}

/// The attributes of icmp or icmpv6.
pub(super) struct IcmpKinds {
    pub(super) kind: u16,
    pub(super) code: u16,
    pub(super) id: u16,
}

impl IcmpKinds {
    pub(super) fn of(proto: Proto) -> Self {
        if proto == Proto::ICMPV6 {
            Self {
                kind: CTA_PROTO_ICMPV6_TYPE,
                code: CTA_PROTO_ICMPV6_CODE,
                id: CTA_PROTO_ICMPV6_ID,
            }
        } else {
            Self { kind: CTA_PROTO_ICMP_TYPE, code: CTA_PROTO_ICMP_CODE, id: CTA_PROTO_ICMP_ID }
        }
    }
}

/// Writes a tuple under this kind.
pub(super) fn write_tuple(out: &mut AttrWriter, kind: u16, tuple: &Tuple) {
    out.nest(kind, |out| {
        out.nest(CTA_TUPLE_IP, |out| {
            out.addr(CTA_IP_V4_SRC, CTA_IP_V6_SRC, &tuple.src);
            out.addr(CTA_IP_V4_DST, CTA_IP_V6_DST, &tuple.dst);
        });
        out.nest(CTA_TUPLE_PROTO, |out| {
            out.u8(CTA_PROTO_NUM, tuple.proto.0);
            match tuple.l4 {
                L4::None => (),
                L4::Ports { src, dst } => {
                    out.be_u16(CTA_PROTO_SRC_PORT, src);
                    out.be_u16(CTA_PROTO_DST_PORT, dst);
                }
                L4::Icmp { kind, code, id } => {
                    let icmp = IcmpKinds::of(tuple.proto);
                    out.be_u16(icmp.id, id);
                    out.u8(icmp.kind, kind);
                    out.u8(icmp.code, code);
                }
            }
        });
        if let Some(zone) = tuple.zone {
            out.be_u16(CTA_TUPLE_ZONE, zone);
        }
    });
}
