//! The fields of a flow: one table of names, meanings and readers behind getters, filters, groups,
//! columns and help. Those of an expectation stand in `expect`.

mod expect;
mod listed;
mod parts;

use super::{Flow, L4, LabelMap, Status, Tuple, Value};
use listed::listed;
use parts::{map, proto_info, seqadj, tuple_value};

pub use expect::ExpectField;

/// What reading a field needs besides the flow.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The present, nanoseconds since 1970, for `age`.
    pub now_ns: u64,
    /// Names of label bits.
    pub labels: &'a LabelMap,
}

/// Which direction of a flow is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// That of the first packet.
    Orig,
    /// That of the answers.
    Reply,
}

/// What a field's value is, and how a number for it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A plain number.
    Number,
    /// A number of bytes.
    Bytes,
    /// A span of time.
    Duration,
    /// A point in time.
    Time,
    /// An address.
    Addr,
    /// A word.
    Text,
    /// Yes or no.
    Bool,
    /// Several values, or named ones.
    List,
}

/// A field of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "FIELDS documents each, once, for help and reference")]
pub enum Field {
    Family,
    Proto,
    Src(Direction),
    Dst(Direction),
    Sport(Direction),
    Dport(Direction),
    IcmpType(Direction),
    IcmpCode(Direction),
    IcmpId(Direction),
    State,
    Status,
    Mark,
    Zone,
    DirZone(Direction),
    Labels,
    Timeout,
    Id,
    Packets,
    Bytes,
    DirPackets(Direction),
    DirBytes(Direction),
    Helper,
    Master,
    Secctx,
    Netns,
    Start,
    Stop,
    Age,
    Snat,
    Dnat,
    Nat,
    Assured,
    Unreplied,
    Related,
    Offload,
    Refs,
    ProtoInfo,
    SeqAdj,
    Synproxy,
}

use Direction::{Orig, Reply};

/// Every field of a flow: name, what it is, and its meaning with its absent case.
const FIELDS: &[(Field, &str, Unit, &str)] = &[
    (Field::Family, "family", Unit::Text, "`ipv4` or `ipv6`"),
    (Field::Proto, "proto", Unit::Text, "layer 4 protocol: `tcp`, `udp`, …, a number if unnamed"),
    (Field::Src(Orig), "src", Unit::Addr, "source address of the first packet"),
    (Field::Dst(Orig), "dst", Unit::Addr, "destination address of the first packet, before NAT"),
    (Field::Sport(Orig), "sport", Unit::Number, "source port (gre: key); absent without ports"),
    (Field::Dport(Orig), "dport", Unit::Number, "destination port (gre: key), before NAT"),
    (Field::IcmpType(Orig), "icmp_type", Unit::Number, "icmp or icmpv6 type of the first packet"),
    (Field::IcmpCode(Orig), "icmp_code", Unit::Number, "icmp or icmpv6 code"),
    (Field::IcmpId(Orig), "icmp_id", Unit::Number, "icmp or icmpv6 identifier"),
    (Field::State, "state", Unit::Text, "tcp, sctp or dccp state, such as `ESTABLISHED`"),
    (Field::Status, "status", Unit::List, "names of the `IPS_` bits that are set"),
    (Field::Mark, "mark", Unit::Number, "mark; absent in events unless not 0 or changed"),
    (
        Field::Zone,
        "zone",
        Unit::Number,
        "zone of both directions, 0 by default; absent if a \
      direction has its own",
    ),
    (Field::Labels, "labels", Unit::List, "labels by name, by number if unnamed; absent if none"),
    (
        Field::Timeout,
        "timeout",
        Unit::Duration,
        "time left if no packet comes; absent if offloaded",
    ),
    (Field::Id, "id", Unit::Number, "the kernel's id: a hint, not an identity"),
    (
        Field::Packets,
        "packets",
        Unit::Number,
        "packets of both directions; absent without \
      `nf_conntrack_acct`",
    ),
    (
        Field::Bytes,
        "bytes",
        Unit::Bytes,
        "bytes of both directions; absent without \
      `nf_conntrack_acct`",
    ),
    (Field::Helper, "helper", Unit::Text, "name of the helper; absent if there is none"),
    (Field::Master, "master", Unit::List, "the flow whose expectation made this one"),
    (Field::Secctx, "secctx", Unit::Text, "security context; absent without one"),
    (
        Field::Netns,
        "netns",
        Unit::Text,
        "network namespace, as `ip netns` names it; absent in the one that flowsh works in",
    ),
    (Field::Start, "start", Unit::Time, "when it began; absent without `nf_conntrack_timestamp`"),
    (Field::Stop, "stop", Unit::Time, "when it ended; only in destroy events"),
    (Field::Age, "age", Unit::Duration, "time since `start`; absent without it"),
    (Field::Snat, "snat", Unit::Bool, "true if the source is translated"),
    (Field::Dnat, "dnat", Unit::Bool, "true if the destination is translated"),
    (Field::Nat, "nat", Unit::Bool, "true if either side is translated"),
    (Field::Assured, "assured", Unit::Bool, "true if it is not evicted early"),
    (Field::Unreplied, "unreplied", Unit::Bool, "true if no answer was seen"),
    (Field::Related, "related", Unit::Bool, "true if an expectation made it"),
    (Field::Offload, "offload", Unit::Bool, "true if a flowtable forwards it"),
    (Field::Refs, "refs", Unit::Number, "the kernel's use count; only in dumps"),
    (
        Field::ProtoInfo,
        "protoinfo",
        Unit::List,
        "window scales, flags, tags: what the protocol's \
      tracker knows",
    ),
    (Field::SeqAdj, "seqadj", Unit::List, "sequence adjustment per direction"),
    (Field::Synproxy, "synproxy", Unit::List, "numbers of the SYN proxy"),
    (Field::Src(Reply), "reply.src", Unit::Addr, "source address of answers: the real server"),
    (Field::Dst(Reply), "reply.dst", Unit::Addr, "destination of answers: the translated source"),
    (Field::Sport(Reply), "reply.sport", Unit::Number, "source port of answers"),
    (Field::Dport(Reply), "reply.dport", Unit::Number, "destination port of answers"),
    (Field::IcmpType(Reply), "reply.icmp_type", Unit::Number, "icmp type of answers"),
    (Field::IcmpCode(Reply), "reply.icmp_code", Unit::Number, "icmp code of answers"),
    (Field::IcmpId(Reply), "reply.icmp_id", Unit::Number, "icmp identifier of answers"),
    (Field::DirZone(Orig), "orig.zone", Unit::Number, "zone of the original direction alone"),
    (Field::DirZone(Reply), "reply.zone", Unit::Number, "zone of the reply direction alone"),
    (Field::DirPackets(Orig), "orig.packets", Unit::Number, "packets of the original direction"),
    (Field::DirBytes(Orig), "orig.bytes", Unit::Bytes, "bytes of the original direction"),
    (Field::DirPackets(Reply), "reply.packets", Unit::Number, "packets of the reply direction"),
    (Field::DirBytes(Reply), "reply.bytes", Unit::Bytes, "bytes of the reply direction"),
];

const NS_PER_S: i64 = 1_000_000_000;

listed!(Field, FIELDS);

impl Field {
    /// The field with this name; `orig.src` is `src`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let by = |name: &str| FIELDS.iter().find(|row| row.1 == name).map(|row| row.0);
        by(name).or_else(|| by(name.strip_prefix("orig.")?))
    }

    /// Its value in `flow`.
    #[must_use]
    pub fn get(self, flow: &Flow, view: View<'_>) -> Value {
        match self {
            Self::Family => Value::text(flow.family().name()),
            Self::Proto => proto(flow),
            Self::Src(dir) => Value::Addr(tuple(flow, dir).src),
            Self::Dst(dir) => Value::Addr(tuple(flow, dir).dst),
            Self::State => {
                Value::or_absent(flow.proto_info.and_then(|i| i.state_name()), Value::text)
            }
            Self::Status => Value::or_absent(flow.status, |status| {
                Value::List(status.names().into_iter().map(Value::text).collect())
            }),
            Self::Labels => Value::or_absent(flow.labels, |labels| {
                let show = |bit| Value::text(view.labels.show(bit));
                Value::List(labels.bits().map(show).collect())
            }),
            Self::Helper => {
                Value::or_absent(flow.helper, |name| Value::text(name.as_str().to_owned()))
            }
            Self::Master => Value::or_absent(flow.rare.as_ref().and_then(|r| r.master), |master| {
                tuple_value(&master)
            }),
            Self::Secctx => {
                let secctx = flow.rare.as_ref().and_then(|rare| rare.secctx.clone());
                Value::or_absent(secctx, Value::text)
            }
            Self::Netns => Value::or_absent(flow.netns(), |name| Value::text(name.to_string())),
            Self::Start => Value::or_absent(flow.start_ns, Value::Time),
            Self::Stop => Value::or_absent(flow.stop_ns, Value::Time),
            Self::Snat => Value::Bool(flow.is_snat()),
            Self::Dnat => Value::Bool(flow.is_dnat()),
            Self::Nat => Value::Bool(flow.is_snat() || flow.is_dnat()),
            Self::Assured => Value::or_absent(flow.has_status(Status::ASSURED), Value::Bool),
            Self::Unreplied => {
                let replied = flow.has_status(Status::SEEN_REPLY);
                Value::or_absent(replied, |replied| Value::Bool(!replied))
            }
            Self::Related => Value::or_absent(flow.has_status(Status::EXPECTED), Value::Bool),
            Self::Offload => {
                match [Status::OFFLOAD, Status::HW_OFFLOAD].map(|bit| flow.has_status(bit)) {
                    [Some(true), _] | [_, Some(true)] => Value::Bool(true),
                    [Some(false), Some(false)] => Value::Bool(false),
                    _ => Value::Absent,
                }
            }
            Self::ProtoInfo => Value::or_absent(flow.proto_info, |info| proto_info(&info)),
            Self::SeqAdj => seqadj(flow),
            Self::Synproxy => {
                let proxy = flow.rare.as_ref().and_then(|rare| rare.synproxy);
                Value::or_absent(proxy, |proxy| {
                    map([
                        ("isn", Value::Count(proxy.isn.into())),
                        ("its", Value::Count(proxy.its.into())),
                        ("tsoff", Value::Count(proxy.tsoff.into())),
                    ])
                })
            }
            Self::Packets => Value::or_absent(flow.packets(), Value::Count),
            Self::Bytes => Value::or_absent(flow.bytes(), Value::Count),
            Self::DirPackets(dir) => {
                Value::or_absent(counters(flow, dir), |c| Value::Count(c.packets))
            }
            Self::DirBytes(dir) => Value::or_absent(counters(flow, dir), |c| Value::Count(c.bytes)),
            Self::Timeout | Self::Age => {
                Value::or_absent(self.number(flow, view.now_ns), Value::Duration)
            }
            _ => Value::or_absent(self.number(flow, view.now_ns), Value::Int),
        }
    }

    /// Its value as a number, spans and times in nanoseconds; absent if it has none, or none that
    /// fits 63 bits.
    #[must_use]
    #[inline]
    pub fn number(self, flow: &Flow, now_ns: u64) -> Option<i64> {
        let icmp = |dir| match tuple(flow, dir).l4 {
            L4::Icmp { kind, code, id } => Some((kind, code, id)),
            _ => None,
        };
        match self {
            Self::Sport(dir) => tuple(flow, dir).sport().map(i64::from),
            Self::Dport(dir) => tuple(flow, dir).dport().map(i64::from),
            Self::IcmpType(dir) => icmp(dir).map(|(kind, _, _)| kind.into()),
            Self::IcmpCode(dir) => icmp(dir).map(|(_, code, _)| code.into()),
            Self::IcmpId(dir) => icmp(dir).map(|(_, _, id)| id.into()),
            Self::Mark => flow.mark.map(i64::from),
            Self::Zone => flow.zone_or_default().map(i64::from),
            Self::DirZone(dir) => tuple(flow, dir).zone.map(i64::from),
            Self::Timeout => flow.timeout_s.map(|seconds| i64::from(seconds) * NS_PER_S),
            Self::Id => flow.id.map(i64::from),
            Self::Refs => flow.refs.map(i64::from),
            Self::Packets => flow.packets().and_then(signed),
            Self::Bytes => flow.bytes().and_then(signed),
            Self::DirPackets(dir) => counters(flow, dir).and_then(|c| signed(c.packets)),
            Self::DirBytes(dir) => counters(flow, dir).and_then(|c| signed(c.bytes)),
            Self::Start => flow.start_ns.and_then(signed),
            Self::Stop => flow.stop_ns.and_then(signed),
            Self::Age => flow.age_ns(now_ns).and_then(signed),
            _ => None,
        }
    }
}

fn signed(count: u64) -> Option<i64> {
    i64::try_from(count).ok()
}

#[inline]
fn tuple(flow: &Flow, dir: Direction) -> &Tuple {
    match dir {
        Orig => &flow.orig,
        Reply => &flow.reply,
    }
}

fn counters(flow: &Flow, dir: Direction) -> Option<super::Counters> {
    match dir {
        Orig => flow.orig_counters,
        Reply => flow.reply_counters,
    }
}

fn proto(flow: &Flow) -> Value {
    match flow.orig.proto.name() {
        Some(name) => Value::text(name),
        None => Value::text(flow.orig.proto.0.to_string()),
    }
}
