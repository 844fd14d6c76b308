//! ctnetlink's numbers under the kernel's names, and per nest a table that turns a number back into
//! its name for an error. What the attributes mean is written where they are read.
//!
//! Source: `nfnetlink.h` and `nfnetlink_conntrack.h` of the kernel's user-space headers, Linux 6.18.
#![expect(missing_docs, reason = "the names are the kernel's, and so is their documentation")]

use std::fmt;

/// The attributes that one message or nest can hold.
#[derive(Debug, PartialEq, Eq)]
pub struct Nest {
    name: &'static str,
    attrs: &'static [(u16, &'static str)],
}

impl Nest {
    /// What holds the attributes, for an error.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The name of the attribute with this number.
    #[must_use]
    pub fn attr(&'static self, kind: u16) -> AttrName {
        AttrName { nest: self, kind }
    }
}

/// An attribute, as an error names it: `CTA_MARK`, or `77 of the tuple` if it has no name here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AttrName {
    nest: &'static Nest,
    kind: u16,
}

impl fmt::Display for AttrName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.nest.attrs.iter().find(|(kind, _)| *kind == self.kind) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "{} of {}", self.kind, self.nest.name),
        }
    }
}

impl fmt::Debug for AttrName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `nlmsg_type` of message `msg` of a subsystem.
const fn kind(subsystem: u16, msg: u16) -> u16 {
    subsystem << 8 | msg
}

const NFNL_SUBSYS_CTNETLINK: u16 = 1;
const NFNL_SUBSYS_CTNETLINK_EXP: u16 = 2;

pub const IPCTNL_MSG_CT_NEW: u16 = kind(NFNL_SUBSYS_CTNETLINK, 0);
pub const IPCTNL_MSG_CT_GET: u16 = kind(NFNL_SUBSYS_CTNETLINK, 1);
pub const IPCTNL_MSG_CT_DELETE: u16 = kind(NFNL_SUBSYS_CTNETLINK, 2);
pub const IPCTNL_MSG_CT_GET_CTRZERO: u16 = kind(NFNL_SUBSYS_CTNETLINK, 3);
pub const IPCTNL_MSG_CT_GET_STATS_CPU: u16 = kind(NFNL_SUBSYS_CTNETLINK, 4);
pub const IPCTNL_MSG_CT_GET_STATS: u16 = kind(NFNL_SUBSYS_CTNETLINK, 5);
pub const IPCTNL_MSG_CT_GET_DYING: u16 = kind(NFNL_SUBSYS_CTNETLINK, 6);
pub const IPCTNL_MSG_CT_GET_UNCONFIRMED: u16 = kind(NFNL_SUBSYS_CTNETLINK, 7);

pub const IPCTNL_MSG_EXP_NEW: u16 = kind(NFNL_SUBSYS_CTNETLINK_EXP, 0);
pub const IPCTNL_MSG_EXP_GET: u16 = kind(NFNL_SUBSYS_CTNETLINK_EXP, 1);
pub const IPCTNL_MSG_EXP_DELETE: u16 = kind(NFNL_SUBSYS_CTNETLINK_EXP, 2);
pub const IPCTNL_MSG_EXP_GET_STATS_CPU: u16 = kind(NFNL_SUBSYS_CTNETLINK_EXP, 3);

/// Declares per nest its table and a constant for each attribute, so that neither can lack one.
macro_rules! nests {
    ($($nest:ident $title:literal { $($name:ident = $number:literal),* $(,)? })*) => {$(
        pub static $nest: Nest =
            Nest { name: $title, attrs: &[$(($number, stringify!($name))),*] };
        $(pub const $name: u16 = $number;)*
    )*};
}

nests! {
    CTA "the flow" {
        CTA_TUPLE_ORIG = 1,
        CTA_TUPLE_REPLY = 2,
        CTA_STATUS = 3,
        CTA_PROTOINFO = 4,
        CTA_HELP = 5,
        CTA_NAT_SRC = 6,
        CTA_TIMEOUT = 7,
        CTA_MARK = 8,
        CTA_COUNTERS_ORIG = 9,
        CTA_COUNTERS_REPLY = 10,
        CTA_USE = 11,
        CTA_ID = 12,
        CTA_NAT_DST = 13,
        CTA_TUPLE_MASTER = 14,
        CTA_SEQ_ADJ_ORIG = 15,
        CTA_SEQ_ADJ_REPLY = 16,
        CTA_SECMARK = 17,
        CTA_ZONE = 18,
        CTA_SECCTX = 19,
        CTA_TIMESTAMP = 20,
        CTA_MARK_MASK = 21,
        CTA_LABELS = 22,
        CTA_LABELS_MASK = 23,
        CTA_SYNPROXY = 24,
        CTA_FILTER = 25,
        CTA_STATUS_MASK = 26,
        CTA_TIMESTAMP_EVENT = 27,
    }
    CTA_TUPLE "the tuple" {
        CTA_TUPLE_IP = 1,
        CTA_TUPLE_PROTO = 2,
        CTA_TUPLE_ZONE = 3,
    }
    CTA_IP "CTA_TUPLE_IP" {
        CTA_IP_V4_SRC = 1,
        CTA_IP_V4_DST = 2,
        CTA_IP_V6_SRC = 3,
        CTA_IP_V6_DST = 4,
    }
    CTA_PROTO "CTA_TUPLE_PROTO" {
        CTA_PROTO_NUM = 1,
        CTA_PROTO_SRC_PORT = 2,
        CTA_PROTO_DST_PORT = 3,
        CTA_PROTO_ICMP_ID = 4,
        CTA_PROTO_ICMP_TYPE = 5,
        CTA_PROTO_ICMP_CODE = 6,
        CTA_PROTO_ICMPV6_ID = 7,
        CTA_PROTO_ICMPV6_TYPE = 8,
        CTA_PROTO_ICMPV6_CODE = 9,
    }
    CTA_PROTOINFO_NEST "CTA_PROTOINFO" {
        CTA_PROTOINFO_TCP = 1,
        CTA_PROTOINFO_DCCP = 2,
        CTA_PROTOINFO_SCTP = 3,
    }
    CTA_PROTOINFO_TCP_NEST "CTA_PROTOINFO_TCP" {
        CTA_PROTOINFO_TCP_STATE = 1,
        CTA_PROTOINFO_TCP_WSCALE_ORIGINAL = 2,
        CTA_PROTOINFO_TCP_WSCALE_REPLY = 3,
        CTA_PROTOINFO_TCP_FLAGS_ORIGINAL = 4,
        CTA_PROTOINFO_TCP_FLAGS_REPLY = 5,
    }
    CTA_PROTOINFO_DCCP_NEST "CTA_PROTOINFO_DCCP" {
        CTA_PROTOINFO_DCCP_STATE = 1,
        CTA_PROTOINFO_DCCP_ROLE = 2,
        CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ = 3,
    }
    CTA_PROTOINFO_SCTP_NEST "CTA_PROTOINFO_SCTP" {
        CTA_PROTOINFO_SCTP_STATE = 1,
        CTA_PROTOINFO_SCTP_VTAG_ORIGINAL = 2,
        CTA_PROTOINFO_SCTP_VTAG_REPLY = 3,
    }
    CTA_HELP_NEST "CTA_HELP" {
        CTA_HELP_NAME = 1,
        CTA_HELP_INFO = 2,
    }
    CTA_NAT "the NAT range" {
        CTA_NAT_V4_MINIP = 1,
        CTA_NAT_V4_MAXIP = 2,
        CTA_NAT_PROTO = 3,
        CTA_NAT_V6_MINIP = 4,
        CTA_NAT_V6_MAXIP = 5,
    }
    CTA_PROTONAT "CTA_NAT_PROTO" {
        CTA_PROTONAT_PORT_MIN = 1,
        CTA_PROTONAT_PORT_MAX = 2,
    }
    CTA_COUNTERS "the counters" {
        CTA_COUNTERS_PACKETS = 1,
        CTA_COUNTERS_BYTES = 2,
    }
    CTA_SEQADJ "the sequence adjustment" {
        CTA_SEQADJ_CORRECTION_POS = 1,
        CTA_SEQADJ_OFFSET_BEFORE = 2,
        CTA_SEQADJ_OFFSET_AFTER = 3,
    }
    CTA_SECCTX_NEST "CTA_SECCTX" {
        CTA_SECCTX_NAME = 1,
    }
    CTA_TIMESTAMP_NEST "CTA_TIMESTAMP" {
        CTA_TIMESTAMP_START = 1,
        CTA_TIMESTAMP_STOP = 2,
    }
    CTA_SYNPROXY_NEST "CTA_SYNPROXY" {
        CTA_SYNPROXY_ISN = 1,
        CTA_SYNPROXY_ITS = 2,
        CTA_SYNPROXY_TSOFF = 3,
    }
    CTA_FILTER_NEST "CTA_FILTER" {
        CTA_FILTER_ORIG_FLAGS = 1,
        CTA_FILTER_REPLY_FLAGS = 2,
    }
    CTA_EXPECT "the expectation" {
        CTA_EXPECT_MASTER = 1,
        CTA_EXPECT_TUPLE = 2,
        CTA_EXPECT_MASK = 3,
        CTA_EXPECT_TIMEOUT = 4,
        CTA_EXPECT_ID = 5,
        CTA_EXPECT_HELP_NAME = 6,
        CTA_EXPECT_ZONE = 7,
        CTA_EXPECT_FLAGS = 8,
        CTA_EXPECT_CLASS = 9,
        CTA_EXPECT_NAT = 10,
        CTA_EXPECT_FN = 11,
    }
    CTA_EXPECT_NAT_NEST "CTA_EXPECT_NAT" {
        CTA_EXPECT_NAT_DIR = 1,
        CTA_EXPECT_NAT_TUPLE = 2,
    }
    CTA_STATS "the statistics of a CPU" {
        CTA_STATS_SEARCHED = 1,
        CTA_STATS_FOUND = 2,
        CTA_STATS_NEW = 3,
        CTA_STATS_INVALID = 4,
        CTA_STATS_IGNORE = 5,
        CTA_STATS_DELETE = 6,
        CTA_STATS_DELETE_LIST = 7,
        CTA_STATS_INSERT = 8,
        CTA_STATS_INSERT_FAILED = 9,
        CTA_STATS_DROP = 10,
        CTA_STATS_EARLY_DROP = 11,
        CTA_STATS_ERROR = 12,
        CTA_STATS_SEARCH_RESTART = 13,
        CTA_STATS_CLASH_RESOLVE = 14,
        CTA_STATS_CHAIN_TOOLONG = 15,
    }
    CTA_STATS_GLOBAL "the statistics of the table" {
        CTA_STATS_GLOBAL_ENTRIES = 1,
        CTA_STATS_GLOBAL_MAX_ENTRIES = 2,
    }
    CTA_STATS_EXP "the expectation statistics of a CPU" {
        CTA_STATS_EXP_NEW = 1,
        CTA_STATS_EXP_CREATE = 2,
        CTA_STATS_EXP_DELETE = 3,
    }
    NLMSGERR_ATTR "the extended acknowledgement" {
        NLMSGERR_ATTR_MSG = 1,
        NLMSGERR_ATTR_OFFS = 2,
        NLMSGERR_ATTR_COOKIE = 3,
        NLMSGERR_ATTR_POLICY = 4,
        NLMSGERR_ATTR_MISS_TYPE = 5,
        NLMSGERR_ATTR_MISS_NEST = 6,
    }
}

/// Bits of `CTA_FILTER_ORIG_FLAGS` and `CTA_FILTER_REPLY_FLAGS`: what of the tuple is compared.
///
/// Source: `CTA_FILTER_F_*` in the kernel's `nf_internals.h`, Linux 6.18.
pub mod filter_flag {
    pub const CTA_IP_SRC: u32 = 1;
    pub const CTA_IP_DST: u32 = 1 << 1;
    pub const CTA_PROTO_NUM: u32 = 1 << 3;
    pub const CTA_PROTO_SRC_PORT: u32 = 1 << 4;
    pub const CTA_PROTO_DST_PORT: u32 = 1 << 5;
    pub const CTA_PROTO_ICMP_TYPE: u32 = 1 << 6;
    pub const CTA_PROTO_ICMP_CODE: u32 = 1 << 7;
    pub const CTA_PROTO_ICMP_ID: u32 = 1 << 8;
    pub const CTA_PROTO_ICMPV6_TYPE: u32 = 1 << 9;
    pub const CTA_PROTO_ICMPV6_CODE: u32 = 1 << 10;
    pub const CTA_PROTO_ICMPV6_ID: u32 = 1 << 11;
}
