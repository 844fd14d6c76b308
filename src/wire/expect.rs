//! An expectation ⇄ the message that shows it.

use crate::flow::{ExpectFlags, ExpectNat, Expectation};

use super::DecodeError;
use super::attr::{Attr, AttrWriter, attrs};
use super::consts::{
    CTA_EXPECT, CTA_EXPECT_CLASS, CTA_EXPECT_FLAGS, CTA_EXPECT_FN, CTA_EXPECT_HELP_NAME,
    CTA_EXPECT_ID, CTA_EXPECT_MASK, CTA_EXPECT_MASTER, CTA_EXPECT_NAT, CTA_EXPECT_NAT_DIR,
    CTA_EXPECT_NAT_NEST, CTA_EXPECT_NAT_TUPLE, CTA_EXPECT_TIMEOUT, CTA_EXPECT_TUPLE,
    CTA_EXPECT_ZONE,
};
use super::ext::read_helper_name;
use super::message::NfGenMsg;
use super::tuple::{read_tuple, write_tuple};

/// Decodes the payload of an `IPCTNL_MSG_EXP_NEW` or `IPCTNL_MSG_EXP_DELETE` message.
///
/// # Errors
///
/// If one of the three tuples is missing, or an attribute is shorter than its type.
pub fn decode_expectation(payload: &[u8]) -> Result<Expectation, DecodeError> {
    let (_, body) = NfGenMsg::split(payload)?;
    let (mut tuple, mut mask, mut master) = (None, None, None);
    let (mut timeout_s, mut id, mut helper, mut zone) = (None, None, None, None);
    let (mut flags, mut class, mut nat, mut function) = (None, None, None, None);
    for attr in attrs(&CTA_EXPECT, body) {
        let attr = attr?;
        match attr.kind {
            CTA_EXPECT_MASTER => master = Some(read_tuple(&attr)?),
            CTA_EXPECT_TUPLE => tuple = Some(read_tuple(&attr)?),
            CTA_EXPECT_MASK => mask = Some(read_tuple(&attr)?),
            CTA_EXPECT_TIMEOUT => timeout_s = Some(attr.be_u32()?),
            CTA_EXPECT_ID => id = Some(attr.be_u32()?),
            CTA_EXPECT_HELP_NAME => helper = Some(read_helper_name(&attr)?),
            CTA_EXPECT_ZONE => zone = Some(attr.be_u16()?),
            CTA_EXPECT_FLAGS => flags = Some(ExpectFlags(attr.be_u32()?)),
            CTA_EXPECT_CLASS => class = Some(attr.be_u32()?),
            CTA_EXPECT_NAT => nat = Some(read_nat(&attr)?),
            CTA_EXPECT_FN => {
                function = Some(String::from_utf8_lossy(attr.text()).into_owned());
            }
            _ => (),
        }
    }
    let missing = |kind| DecodeError::Missing(CTA_EXPECT.attr(kind));
    Ok(Expectation {
        tuple: tuple.ok_or(missing(CTA_EXPECT_TUPLE))?,
        mask: mask.ok_or(missing(CTA_EXPECT_MASK))?,
        master: master.ok_or(missing(CTA_EXPECT_MASTER))?,
        timeout_s,
        id,
        helper,
        zone,
        flags,
        class,
        nat,
        function,
    })
}

fn read_nat(attr: &Attr<'_>) -> Result<ExpectNat, DecodeError> {
    let (mut direction, mut tuple) = (None, None);
    for attr in attr.attrs(&CTA_EXPECT_NAT_NEST) {
        let attr = attr?;
        match attr.kind {
            CTA_EXPECT_NAT_DIR => direction = Some(attr.be_u32()?),
            CTA_EXPECT_NAT_TUPLE => tuple = Some(read_tuple(&attr)?),
            _ => (),
        }
    }
    let missing = |kind| DecodeError::Missing(CTA_EXPECT_NAT_NEST.attr(kind));
    Ok(ExpectNat {
        direction: direction.ok_or(missing(CTA_EXPECT_NAT_DIR))?,
        tuple: tuple.ok_or(missing(CTA_EXPECT_NAT_TUPLE))?,
    })
}

/// Encodes the payload that the kernel's dump would show this expectation with.
///
/// Source of the order: `ctnetlink_exp_dump_expect()` in `nf_conntrack_netlink.c`, Linux 6.18.
#[must_use]
pub fn encode_expectation(expectation: &Expectation) -> Vec<u8> {
    let mut out = AttrWriter::with_capacity(256);
    out.raw(&NfGenMsg::of(expectation.tuple.family().number()).to_bytes());
    write_expectation(&mut out, expectation);
    out.into_bytes()
}

/// Writes all that is known of the expectation.
pub(super) fn write_expectation(out: &mut AttrWriter, expectation: &Expectation) {
    write_tuple(out, CTA_EXPECT_TUPLE, &expectation.tuple);
    write_tuple(out, CTA_EXPECT_MASK, &expectation.mask);
    write_tuple(out, CTA_EXPECT_MASTER, &expectation.master);
    if let Some(zone) = expectation.zone {
        out.be_u16(CTA_EXPECT_ZONE, zone);
    }
    if let Some(nat) = &expectation.nat {
        out.nest(CTA_EXPECT_NAT, |out| {
            out.be_u32(CTA_EXPECT_NAT_DIR, nat.direction);
            write_tuple(out, CTA_EXPECT_NAT_TUPLE, &nat.tuple);
        });
    }
    for (kind, number) in [
        (CTA_EXPECT_TIMEOUT, expectation.timeout_s),
        (CTA_EXPECT_ID, expectation.id),
        (CTA_EXPECT_FLAGS, expectation.flags.map(|flags| flags.0)),
        (CTA_EXPECT_CLASS, expectation.class),
    ] {
        if let Some(number) = number {
            out.be_u32(kind, number);
        }
    }
    if let Some(helper) = &expectation.helper {
        out.text(CTA_EXPECT_HELP_NAME, helper.as_str().as_bytes());
    }
    if let Some(function) = &expectation.function {
        out.text(CTA_EXPECT_FN, function.as_bytes());
    }
}
