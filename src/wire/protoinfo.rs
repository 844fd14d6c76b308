//! `CTA_PROTOINFO`: the state of a connection, for the protocols that have one.

use crate::flow::{DccpInfo, ProtoInfo, SctpInfo, TcpFlags, TcpInfo};

use super::DecodeError;
use super::attr::{Attr, AttrWriter};
use super::consts::{
    CTA_PROTOINFO, CTA_PROTOINFO_DCCP, CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ, CTA_PROTOINFO_DCCP_NEST,
    CTA_PROTOINFO_DCCP_ROLE, CTA_PROTOINFO_DCCP_STATE, CTA_PROTOINFO_NEST, CTA_PROTOINFO_SCTP,
    CTA_PROTOINFO_SCTP_NEST, CTA_PROTOINFO_SCTP_STATE, CTA_PROTOINFO_SCTP_VTAG_ORIGINAL,
    CTA_PROTOINFO_SCTP_VTAG_REPLY, CTA_PROTOINFO_TCP, CTA_PROTOINFO_TCP_FLAGS_ORIGINAL,
    CTA_PROTOINFO_TCP_FLAGS_REPLY, CTA_PROTOINFO_TCP_NEST, CTA_PROTOINFO_TCP_STATE,
    CTA_PROTOINFO_TCP_WSCALE_ORIGINAL, CTA_PROTOINFO_TCP_WSCALE_REPLY,
};

/// `IP_CT_TCP_FLAG_WINDOW_SCALE`: this side scales its window.
const IP_CT_TCP_FLAG_WINDOW_SCALE: u8 = 0x01;

/// Reads the state; absent for a protocol that is not known here.
#[inline]
pub(super) fn read_protoinfo(attr: &Attr<'_>) -> Result<Option<ProtoInfo>, DecodeError> {
    let mut info = None;
    for attr in attr.attrs(&CTA_PROTOINFO_NEST) {
        let attr = attr?;
        match attr.kind {
            CTA_PROTOINFO_TCP => info = Some(ProtoInfo::Tcp(read_tcp(&attr)?)),
            CTA_PROTOINFO_SCTP => info = Some(ProtoInfo::Sctp(read_sctp(&attr)?)),
            CTA_PROTOINFO_DCCP => info = Some(ProtoInfo::Dccp(read_dccp(&attr)?)),
            _ => (),
        }
    }
    Ok(info)
}

#[inline]
fn read_tcp(attr: &Attr<'_>) -> Result<TcpInfo, DecodeError> {
    let (mut state, mut info) = (None, TcpInfo::default());
    for attr in attr.attrs(&CTA_PROTOINFO_TCP_NEST) {
        let attr = attr?;
        match attr.kind {
            CTA_PROTOINFO_TCP_STATE => state = Some(attr.u8()?),
            CTA_PROTOINFO_TCP_WSCALE_ORIGINAL => info.wscale_orig = Some(attr.u8()?),
            CTA_PROTOINFO_TCP_WSCALE_REPLY => info.wscale_reply = Some(attr.u8()?),
            CTA_PROTOINFO_TCP_FLAGS_ORIGINAL => info.flags_orig = Some(read_flags(&attr)?),
            CTA_PROTOINFO_TCP_FLAGS_REPLY => info.flags_reply = Some(read_flags(&attr)?),
            _ => (),
        }
    }
    let missing = DecodeError::Missing(CTA_PROTOINFO_TCP_NEST.attr(CTA_PROTOINFO_TCP_STATE));
    Ok(TcpInfo { state: state.ok_or(missing)?, ..info })
}

#[inline]
fn read_flags(attr: &Attr<'_>) -> Result<TcpFlags, DecodeError> {
    attr.array().map(|[flags, mask]| TcpFlags { flags, mask })
}

fn read_sctp(attr: &Attr<'_>) -> Result<SctpInfo, DecodeError> {
    let (mut state, mut info) = (None, SctpInfo::default());
    for attr in attr.attrs(&CTA_PROTOINFO_SCTP_NEST) {
        let attr = attr?;
        match attr.kind {
            CTA_PROTOINFO_SCTP_STATE => state = Some(attr.u8()?),
            CTA_PROTOINFO_SCTP_VTAG_ORIGINAL => info.vtag_orig = Some(attr.be_u32()?),
            CTA_PROTOINFO_SCTP_VTAG_REPLY => info.vtag_reply = Some(attr.be_u32()?),
            _ => (),
        }
    }
    let missing = DecodeError::Missing(CTA_PROTOINFO_SCTP_NEST.attr(CTA_PROTOINFO_SCTP_STATE));
    Ok(SctpInfo { state: state.ok_or(missing)?, ..info })
}

fn read_dccp(attr: &Attr<'_>) -> Result<DccpInfo, DecodeError> {
    let (mut state, mut info) = (None, DccpInfo::default());
    for attr in attr.attrs(&CTA_PROTOINFO_DCCP_NEST) {
        let attr = attr?;
        match attr.kind {
            CTA_PROTOINFO_DCCP_STATE => state = Some(attr.u8()?),
            CTA_PROTOINFO_DCCP_ROLE => info.role = Some(attr.u8()?),
            CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ => info.handshake_seq = Some(attr.be_u64()?),
            _ => (),
        }
    }
    let missing = DecodeError::Missing(CTA_PROTOINFO_DCCP_NEST.attr(CTA_PROTOINFO_DCCP_STATE));
    Ok(DccpInfo { state: state.ok_or(missing)?, ..info })
}

/// Writes the state as it is.
pub(super) fn write_protoinfo(out: &mut AttrWriter, info: &ProtoInfo) {
    out.nest(CTA_PROTOINFO, |out| match info {
        ProtoInfo::Tcp(info) => out.nest(CTA_PROTOINFO_TCP, |out| write_tcp(out, info)),
        ProtoInfo::Sctp(info) => out.nest(CTA_PROTOINFO_SCTP, |out| {
            out.u8(CTA_PROTOINFO_SCTP_STATE, info.state);
            if let Some(tag) = info.vtag_orig {
                out.be_u32(CTA_PROTOINFO_SCTP_VTAG_ORIGINAL, tag);
            }
            if let Some(tag) = info.vtag_reply {
                out.be_u32(CTA_PROTOINFO_SCTP_VTAG_REPLY, tag);
            }
        }),
        ProtoInfo::Dccp(info) => out.nest(CTA_PROTOINFO_DCCP, |out| {
            out.u8(CTA_PROTOINFO_DCCP_STATE, info.state);
            if let Some(role) = info.role {
                out.u8(CTA_PROTOINFO_DCCP_ROLE, role);
            }
            if let Some(seq) = info.handshake_seq {
                out.be_u64(CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ, seq);
            }
        }),
    });
}

fn write_tcp(out: &mut AttrWriter, info: &TcpInfo) {
    out.u8(CTA_PROTOINFO_TCP_STATE, info.state);
    if let Some(scale) = info.wscale_orig {
        out.u8(CTA_PROTOINFO_TCP_WSCALE_ORIGINAL, scale);
    }
    if let Some(scale) = info.wscale_reply {
        out.u8(CTA_PROTOINFO_TCP_WSCALE_REPLY, scale);
    }
    if let Some(TcpFlags { flags, mask }) = info.flags_orig {
        out.bytes(CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, &[flags, mask]);
    }
    if let Some(TcpFlags { flags, mask }) = info.flags_reply {
        out.bytes(CTA_PROTOINFO_TCP_FLAGS_REPLY, &[flags, mask]);
    }
}

/// The state as a request must carry it for the kernel to take all of it.
///
/// Window scales count only if both are given and both sides have the flag, which the same message
/// may set: `nlattr_to_tcp()`, Linux 6.18.
pub(super) fn for_request(info: &ProtoInfo) -> ProtoInfo {
    match *info {
        ProtoInfo::Tcp(info) if info.wscale_orig.is_some() && info.wscale_reply.is_some() => {
            let scaling = |flags: Option<TcpFlags>| {
                let TcpFlags { flags, mask } = flags.unwrap_or_default();
                Some(TcpFlags {
                    flags: flags | IP_CT_TCP_FLAG_WINDOW_SCALE,
                    mask: mask | IP_CT_TCP_FLAG_WINDOW_SCALE,
                })
            };
            ProtoInfo::Tcp(TcpInfo {
                flags_orig: scaling(info.flags_orig),
                flags_reply: scaling(info.flags_reply),
                ..info
            })
        }
        info => info,
    }
}
