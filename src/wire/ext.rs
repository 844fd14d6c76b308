//! What a flow has besides its tuples and state: the kernel's extensions, each a small nest.

use crate::flow::{Counters, Flow, HelperName, Labels, SeqAdj, Synproxy};

use super::DecodeError;
use super::attr::{Attr, AttrWriter};
use super::consts::{
    CTA_COUNTERS, CTA_COUNTERS_BYTES, CTA_COUNTERS_PACKETS, CTA_HELP, CTA_HELP_INFO, CTA_HELP_NAME,
    CTA_HELP_NEST, CTA_SECCTX, CTA_SECCTX_NAME, CTA_SECCTX_NEST, CTA_SEQADJ,
    CTA_SEQADJ_CORRECTION_POS, CTA_SEQADJ_OFFSET_AFTER, CTA_SEQADJ_OFFSET_BEFORE, CTA_SYNPROXY,
    CTA_SYNPROXY_ISN, CTA_SYNPROXY_ITS, CTA_SYNPROXY_NEST, CTA_SYNPROXY_TSOFF, CTA_TIMESTAMP,
    CTA_TIMESTAMP_NEST, CTA_TIMESTAMP_START, CTA_TIMESTAMP_STOP,
};

/// Reads the counters of one direction.
#[inline]
pub(super) fn read_counters(attr: &Attr<'_>) -> Result<Counters, DecodeError> {
    let (mut packets, mut bytes) = (None, None);
    for attr in attr.attrs(&CTA_COUNTERS) {
        let attr = attr?;
        match attr.kind {
            CTA_COUNTERS_PACKETS => packets = Some(attr.be_u64()?),
            CTA_COUNTERS_BYTES => bytes = Some(attr.be_u64()?),
            _ => (),
        }
    }
    let missing = |kind| DecodeError::Missing(CTA_COUNTERS.attr(kind));
    Ok(Counters {
        packets: packets.ok_or(missing(CTA_COUNTERS_PACKETS))?,
        bytes: bytes.ok_or(missing(CTA_COUNTERS_BYTES))?,
    })
}

/// Writes the counters of one direction.
pub(super) fn write_counters(out: &mut AttrWriter, kind: u16, counters: Counters) {
    out.nest(kind, |out| {
        out.be_u64(CTA_COUNTERS_PACKETS, counters.packets);
        out.be_u64(CTA_COUNTERS_BYTES, counters.bytes);
    });
}

/// Reads start and end into the flow.
#[inline]
pub(super) fn read_timestamp(attr: &Attr<'_>, flow: &mut Flow) -> Result<(), DecodeError> {
    for attr in attr.attrs(&CTA_TIMESTAMP_NEST) {
        let attr = attr?;
        match attr.kind {
            CTA_TIMESTAMP_START => flow.start_ns = Some(attr.be_u64()?),
            CTA_TIMESTAMP_STOP => flow.stop_ns = Some(attr.be_u64()?),
            _ => (),
        }
    }
    Ok(())
}

/// Writes start and end, if there is one of them.
pub(super) fn write_timestamp(out: &mut AttrWriter, flow: &Flow) {
    if flow.start_ns.is_none() && flow.stop_ns.is_none() {
        return;
    }
    out.nest(CTA_TIMESTAMP, |out| {
        if let Some(start) = flow.start_ns {
            out.be_u64(CTA_TIMESTAMP_START, start);
        }
        if let Some(stop) = flow.stop_ns {
            out.be_u64(CTA_TIMESTAMP_STOP, stop);
        }
    });
}

/// Reads the labels; words that are not sent are 0.
#[inline]
pub(super) fn read_labels(attr: &Attr<'_>) -> Result<Labels, DecodeError> {
    let (words, rest) = attr.value.as_chunks::<4>();
    if !rest.is_empty() {
        let found = attr.value.len();
        return Err(DecodeError::Short {
            attr: attr.name(),
            need: found.next_multiple_of(4),
            found,
        });
    }
    let mut labels = Labels::default();
    for (label, word) in labels.0.iter_mut().zip(words) {
        *label = u32::from_ne_bytes(*word);
    }
    Ok(labels)
}

/// Writes all four words under this kind.
pub(super) fn write_labels(out: &mut AttrWriter, kind: u16, labels: Labels) {
    let words = labels.0.map(u32::to_ne_bytes);
    out.bytes(kind, words.as_flattened());
}

/// Reads the name of a helper from a string attribute.
pub(super) fn read_helper_name(attr: &Attr<'_>) -> Result<HelperName, DecodeError> {
    HelperName::new(attr.text()).ok_or(DecodeError::Value {
        attr: attr.name(),
        expected: "a helper's name of 1 to 15 characters",
    })
}

/// Reads the helper and its own bytes into the flow.
pub(super) fn read_help(attr: &Attr<'_>, flow: &mut Flow) -> Result<(), DecodeError> {
    for attr in attr.attrs(&CTA_HELP_NEST) {
        let attr = attr?;
        match attr.kind {
            CTA_HELP_NAME => flow.helper = Some(read_helper_name(&attr)?),
            CTA_HELP_INFO => flow.rare_mut().helper_info = Some(attr.value.to_vec()),
            _ => (),
        }
    }
    Ok(())
}

/// Writes a helper, and its own bytes if there are any.
pub(super) fn write_help(out: &mut AttrWriter, name: Option<HelperName>, info: Option<&[u8]>) {
    if name.is_none() && info.is_none() {
        return;
    }
    out.nest(CTA_HELP, |out| {
        if let Some(name) = name {
            out.text(CTA_HELP_NAME, name.as_str().as_bytes());
        }
        if let Some(info) = info {
            out.bytes(CTA_HELP_INFO, info);
        }
    });
}

/// Reads the security context.
pub(super) fn read_secctx(attr: &Attr<'_>) -> Result<Option<String>, DecodeError> {
    let mut context = None;
    for attr in attr.attrs(&CTA_SECCTX_NEST) {
        let attr = attr?;
        if attr.kind == CTA_SECCTX_NAME {
            context = Some(String::from_utf8_lossy(attr.text()).into_owned());
        }
    }
    Ok(context)
}

/// Writes the security context.
pub(super) fn write_secctx(out: &mut AttrWriter, context: &str) {
    out.nest(CTA_SECCTX, |out| out.text(CTA_SECCTX_NAME, context.as_bytes()));
}

/// Reads a sequence adjustment.
pub(super) fn read_seqadj(attr: &Attr<'_>) -> Result<SeqAdj, DecodeError> {
    let (mut position, mut before, mut after) = (None, None, None);
    for attr in attr.attrs(&CTA_SEQADJ) {
        let attr = attr?;
        match attr.kind {
            CTA_SEQADJ_CORRECTION_POS => position = Some(attr.be_u32()?),
            CTA_SEQADJ_OFFSET_BEFORE => before = Some(attr.be_u32()?.cast_signed()),
            CTA_SEQADJ_OFFSET_AFTER => after = Some(attr.be_u32()?.cast_signed()),
            _ => (),
        }
    }
    let missing = |kind| DecodeError::Missing(CTA_SEQADJ.attr(kind));
    Ok(SeqAdj {
        correction_pos: position.ok_or(missing(CTA_SEQADJ_CORRECTION_POS))?,
        offset_before: before.ok_or(missing(CTA_SEQADJ_OFFSET_BEFORE))?,
        offset_after: after.ok_or(missing(CTA_SEQADJ_OFFSET_AFTER))?,
    })
}

/// Writes a sequence adjustment: the kernel wants all three numbers.
pub(super) fn write_seqadj(out: &mut AttrWriter, kind: u16, adjustment: SeqAdj) {
    out.nest(kind, |out| {
        out.be_u32(CTA_SEQADJ_CORRECTION_POS, adjustment.correction_pos);
        out.be_u32(CTA_SEQADJ_OFFSET_BEFORE, adjustment.offset_before.cast_unsigned());
        out.be_u32(CTA_SEQADJ_OFFSET_AFTER, adjustment.offset_after.cast_unsigned());
    });
}

/// Reads the SYN proxy numbers; absent if all are 0, as they are in every flow made by ctnetlink.
#[inline]
pub(super) fn read_synproxy(attr: &Attr<'_>) -> Result<Option<Synproxy>, DecodeError> {
    let (mut isn, mut its, mut tsoff) = (None, None, None);
    for attr in attr.attrs(&CTA_SYNPROXY_NEST) {
        let attr = attr?;
        match attr.kind {
            CTA_SYNPROXY_ISN => isn = Some(attr.be_u32()?),
            CTA_SYNPROXY_ITS => its = Some(attr.be_u32()?),
            CTA_SYNPROXY_TSOFF => tsoff = Some(attr.be_u32()?),
            _ => (),
        }
    }
    let missing = |kind| DecodeError::Missing(CTA_SYNPROXY_NEST.attr(kind));
    let proxy = Synproxy {
        isn: isn.ok_or(missing(CTA_SYNPROXY_ISN))?,
        its: its.ok_or(missing(CTA_SYNPROXY_ITS))?,
        tsoff: tsoff.ok_or(missing(CTA_SYNPROXY_TSOFF))?,
    };
    Ok((proxy != Synproxy::default()).then_some(proxy))
}

/// Writes the SYN proxy numbers: the kernel wants all three.
pub(super) fn write_synproxy(out: &mut AttrWriter, proxy: Synproxy) {
    out.nest(CTA_SYNPROXY, |out| {
        out.be_u32(CTA_SYNPROXY_ISN, proxy.isn);
        out.be_u32(CTA_SYNPROXY_ITS, proxy.its);
        out.be_u32(CTA_SYNPROXY_TSOFF, proxy.tsoff);
    });
}
