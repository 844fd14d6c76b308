//! `nf_tables` messages: a table, its chains, helper objects and rules, and the few expressions that
//! the demonstration's rules are made of.
//!
//! Which rules these are is in `rules`. Nothing here reads a ruleset.

use std::io;

use super::netlink::{NLM_F_ACK, NLM_F_APPEND, NLM_F_CREATE, Talk, message};
use crate::wire::attr::AttrWriter;

const NFNL_SUBSYS_NFTABLES: u16 = 10;
const NFNL_MSG_BATCH_BEGIN: u16 = 0x10;
const NFNL_MSG_BATCH_END: u16 = 0x11;
const NFPROTO_INET: u8 = 1;
const NFPROTO_IPV4: u8 = 2;
const NFPROTO_IPV6: u8 = 10;

const NFT_MSG_NEWTABLE: u16 = 0;
const NFT_MSG_NEWCHAIN: u16 = 3;
const NFT_MSG_NEWRULE: u16 = 6;
const NFT_MSG_NEWOBJ: u16 = 18;
const NFTA_TABLE_NAME: u16 = 1;
const NFTA_CHAIN_TABLE: u16 = 1;
const NFTA_CHAIN_NAME: u16 = 3;
const NFTA_CHAIN_HOOK: u16 = 4;
const NFTA_CHAIN_TYPE: u16 = 7;
const NFTA_HOOK_HOOKNUM: u16 = 1;
const NFTA_HOOK_PRIORITY: u16 = 2;
const NFTA_OBJ_TABLE: u16 = 1;
const NFTA_OBJ_NAME: u16 = 2;
const NFTA_OBJ_TYPE: u16 = 3;
const NFTA_OBJ_DATA: u16 = 4;
const NFT_OBJECT_CT_HELPER: u32 = 3;
const NFTA_CT_HELPER_NAME: u16 = 1;
const NFTA_CT_HELPER_L3PROTO: u16 = 2;
const NFTA_CT_HELPER_L4PROTO: u16 = 3;
const NFTA_RULE_TABLE: u16 = 1;
const NFTA_RULE_CHAIN: u16 = 2;
const NFTA_RULE_EXPRESSIONS: u16 = 4;
const NFTA_LIST_ELEM: u16 = 1;
const NFTA_EXPR_NAME: u16 = 1;
const NFTA_EXPR_DATA: u16 = 2;

/// The register of what becomes of the packet.
const NFT_REG_VERDICT: u32 = 0;
/// The registers that hold an address and a port between expressions.
const NFT_REG_1: u32 = 1;
const NFT_REG_2: u32 = 2;

/// One table of the `inet` family, filled message by message.
pub(super) struct Table<'a> {
    pub(super) talk: &'a mut Talk,
    pub(super) name: &'a [u8],
}

impl Table<'_> {
    /// Makes the table itself.
    pub(super) fn create(&mut self) -> io::Result<()> {
        let name = self.name;
        self.batch(NFT_MSG_NEWTABLE, 0, |out| out.text(NFTA_TABLE_NAME, name))
    }

    /// Makes a chain of type `kind` at `hook`.
    pub(super) fn chain(
        &mut self,
        chain: &[u8],
        kind: &[u8],
        hook: u32,
        priority: i32,
    ) -> io::Result<()> {
        let name = self.name;
        self.batch(NFT_MSG_NEWCHAIN, 0, |out| {
            out.text(NFTA_CHAIN_TABLE, name);
            out.text(NFTA_CHAIN_NAME, chain);
            out.nest(NFTA_CHAIN_HOOK, |out| {
                out.be_u32(NFTA_HOOK_HOOKNUM, hook);
                out.bytes(NFTA_HOOK_PRIORITY, &priority.to_be_bytes());
            });
            out.text(NFTA_CHAIN_TYPE, kind);
        })
    }

    /// Makes an object that rules can assign: the IPv4 connection tracking helper `helper`.
    pub(super) fn helper(&mut self, helper: &[u8], l4proto: u8) -> io::Result<()> {
        let name = self.name;
        self.batch(NFT_MSG_NEWOBJ, 0, |out| {
            out.text(NFTA_OBJ_TABLE, name);
            out.text(NFTA_OBJ_NAME, helper);
            out.be_u32(NFTA_OBJ_TYPE, NFT_OBJECT_CT_HELPER);
            out.nest(NFTA_OBJ_DATA, |out| {
                out.text(NFTA_CT_HELPER_NAME, helper);
                out.be_u16(NFTA_CT_HELPER_L3PROTO, NFPROTO_IPV4.into());
                out.u8(NFTA_CT_HELPER_L4PROTO, l4proto);
            });
        })
    }

    /// Appends a rule to `chain`.
    pub(super) fn rule(&mut self, chain: &[u8], rule: &[Expr]) -> io::Result<()> {
        let name = self.name;
        self.batch(NFT_MSG_NEWRULE, NLM_F_APPEND, |out| {
            out.text(NFTA_RULE_TABLE, name);
            out.text(NFTA_RULE_CHAIN, chain);
            out.nest(NFTA_RULE_EXPRESSIONS, |out| {
                for expr in rule {
                    expr.write(out);
                }
            });
        })
    }

    /// Sends one message as a transaction: `nf_tables` takes changes in batches only.
    fn batch(
        &mut self,
        kind: u16,
        flags: u16,
        fill: impl FnOnce(&mut AttrWriter),
    ) -> io::Result<()> {
        let [hi, lo] = NFNL_SUBSYS_NFTABLES.to_be_bytes();
        // `struct nfgenmsg`: family, version, and the subsystem that the batch is for.
        let envelope = [0, 0, hi, lo];
        let mut out = AttrWriter::with_capacity(512);
        message(&mut out, NFNL_MSG_BATCH_BEGIN, 0, |out| out.raw(&envelope));
        let kind = (NFNL_SUBSYS_NFTABLES << 8) | kind;
        message(&mut out, kind, NLM_F_ACK | NLM_F_CREATE | flags, |out| {
            out.raw(&[NFPROTO_INET, 0, 0, 0]);
            fill(out);
        });
        message(&mut out, NFNL_MSG_BATCH_END, 0, |out| out.raw(&envelope));
        self.talk.ask(out.as_bytes())
    }
}

/// A part of a rule: the `Is…` and `From…` ones must match for the others to happen.
#[derive(Clone, Copy)]
pub(super) enum Expr<'a> {
    /// The packet is IPv4.
    IsIpv4,
    /// The packet is IPv6.
    IsIpv6,
    /// The layer 4 protocol.
    IsProto(u8),
    /// The destination port, after [`Expr::IsProto`].
    ToPort(u16),
    /// The source address starts with these bytes, after [`Expr::IsIpv4`].
    From(&'a [u8]),
    /// The destination address starts with these bytes, after [`Expr::IsIpv4`].
    To(&'a [u8]),
    /// The IPv6 destination address starts with these bytes, after [`Expr::IsIpv6`].
    To6(&'a [u8]),
    /// The packet (not the flow) has this mark.
    HasMark(u32),
    /// `drop`.
    Drop,
    /// Counts what comes so far.
    Count,
    /// `ct mark set`.
    SetMark(u32),
    /// `ct label set` of one bit below 32.
    SetLabel(u8),
    /// `ct zone set`.
    SetZone(u16),
    /// `ct original zone set`.
    SetOriginalZone(u16),
    /// `ct helper set`.
    SetHelper(&'a [u8]),
    /// `snat ip to`.
    Snat([u8; 4]),
    /// `dnat ip to`, with a port.
    Dnat([u8; 4], u16),
    /// `masquerade`.
    Masquerade,
    /// `ct state`, into a register that nothing reads: makes the kernel track.
    LoadState,
}

impl Expr<'_> {
    fn write(self, out: &mut AttrWriter) {
        const NETWORK: u32 = 1;
        const TRANSPORT: u32 = 2;
        const META_MARK: u32 = 3;
        const META_NFPROTO: u32 = 15;
        const META_L4PROTO: u32 = 16;
        const CT_STATE: u32 = 0;
        const CT_MARK: u32 = 3;
        const CT_LABELS: u32 = 13;
        const CT_ZONE: u32 = 17;
        match self {
            Self::IsIpv4 => meta(out, META_NFPROTO, &[NFPROTO_IPV4]),
            Self::IsIpv6 => meta(out, META_NFPROTO, &[NFPROTO_IPV6]),
            Self::IsProto(proto) => meta(out, META_L4PROTO, &[proto]),
            Self::HasMark(mark) => meta(out, META_MARK, &mark.to_ne_bytes()),
            Self::ToPort(port) => payload(out, TRANSPORT, 2, &port.to_be_bytes()),
            Self::From(prefix) => payload(out, NETWORK, 12, prefix),
            Self::To(prefix) => payload(out, NETWORK, 16, prefix),
            Self::To6(prefix) => payload(out, NETWORK, 24, prefix),
            Self::Drop => expr(out, b"immediate", |out| {
                out.be_u32(1, NFT_REG_VERDICT); // NFTA_IMMEDIATE_DREG
                // NFTA_IMMEDIATE_DATA { NFTA_DATA_VERDICT { NFTA_VERDICT_CODE: NF_DROP } }
                out.nest(2, |out| out.nest(2, |out| out.be_u32(1, 0)));
            }),
            Self::Count => expr(out, b"counter", |_| ()),
            Self::SetMark(mark) => ct_set(out, CT_MARK, &mark.to_ne_bytes(), false),
            Self::SetLabel(bit) => {
                // Labels are an array of words in host order, and the kernel wants all four.
                let mut labels = (1_u32 << (bit & 31)).to_ne_bytes().to_vec();
                labels.resize(16, 0);
                ct_set(out, CT_LABELS, &labels, false);
            }
            Self::SetZone(zone) => ct_set(out, CT_ZONE, &zone.to_ne_bytes(), false),
            Self::SetOriginalZone(zone) => ct_set(out, CT_ZONE, &zone.to_ne_bytes(), true),
            Self::SetHelper(name) => expr(out, b"objref", |out| {
                out.be_u32(1, NFT_OBJECT_CT_HELPER); // NFTA_OBJREF_IMM_TYPE
                out.text(2, name); // NFTA_OBJREF_IMM_NAME
            }),
            Self::Snat(address) => {
                load(out, NFT_REG_1, &address);
                expr(out, b"nat", |out| nat(out, 0, None));
            }
            Self::Dnat(address, port) => {
                load(out, NFT_REG_1, &address);
                load(out, NFT_REG_2, &port.to_be_bytes());
                expr(out, b"nat", |out| nat(out, 1, Some(NFT_REG_2)));
            }
            Self::Masquerade => expr(out, b"masq", |_| ()),
            Self::LoadState => expr(out, b"ct", |out| {
                out.be_u32(1, NFT_REG_1); // NFTA_CT_DREG
                out.be_u32(2, CT_STATE); // NFTA_CT_KEY
            }),
        }
    }
}

/// One expression: its name and its attributes.
fn expr(out: &mut AttrWriter, name: &[u8], fill: impl FnOnce(&mut AttrWriter)) {
    out.nest(NFTA_LIST_ELEM, |out| {
        out.text(NFTA_EXPR_NAME, name);
        out.nest(NFTA_EXPR_DATA, fill);
    });
}

/// Goes on if `key` of the packet's metadata is `value`.
fn meta(out: &mut AttrWriter, key: u32, value: &[u8]) {
    expr(out, b"meta", |out| {
        out.be_u32(1, NFT_REG_1); // NFTA_META_DREG
        out.be_u32(2, key); // NFTA_META_KEY
    });
    equals(out, value);
}

/// Goes on if the header at `base` holds `value` at `offset`.
fn payload(out: &mut AttrWriter, base: u32, offset: u32, value: &[u8]) {
    expr(out, b"payload", |out| {
        out.be_u32(1, NFT_REG_1); // NFTA_PAYLOAD_DREG
        out.be_u32(2, base); // NFTA_PAYLOAD_BASE
        out.be_u32(3, offset); // NFTA_PAYLOAD_OFFSET
        out.be_u32(4, u32::try_from(value.len()).unwrap_or_default()); // NFTA_PAYLOAD_LEN
    });
    equals(out, value);
}

fn equals(out: &mut AttrWriter, value: &[u8]) {
    expr(out, b"cmp", |out| {
        out.be_u32(1, NFT_REG_1); // NFTA_CMP_SREG
        out.be_u32(2, 0); // NFTA_CMP_OP: NFT_CMP_EQ
        out.nest(3, |out| out.bytes(1, value)); // NFTA_CMP_DATA { NFTA_DATA_VALUE }
    });
}

fn load(out: &mut AttrWriter, register: u32, value: &[u8]) {
    expr(out, b"immediate", |out| {
        out.be_u32(1, register); // NFTA_IMMEDIATE_DREG
        out.nest(2, |out| out.bytes(1, value)); // NFTA_IMMEDIATE_DATA { NFTA_DATA_VALUE }
    });
}

fn ct_set(out: &mut AttrWriter, key: u32, value: &[u8], original: bool) {
    load(out, NFT_REG_1, value);
    expr(out, b"ct", |out| {
        out.be_u32(2, key); // NFTA_CT_KEY
        if original {
            out.u8(3, 0); // NFTA_CT_DIRECTION: IP_CT_DIR_ORIGINAL
        }
        out.be_u32(4, NFT_REG_1); // NFTA_CT_SREG
    });
}

fn nat(out: &mut AttrWriter, kind: u32, port: Option<u32>) {
    out.be_u32(1, kind); // NFTA_NAT_TYPE: NFT_NAT_SNAT or NFT_NAT_DNAT
    out.be_u32(2, NFPROTO_IPV4.into()); // NFTA_NAT_FAMILY
    out.be_u32(3, NFT_REG_1); // NFTA_NAT_REG_ADDR_MIN
    if let Some(register) = port {
        out.be_u32(5, register); // NFTA_NAT_REG_PROTO_MIN
    }
}
