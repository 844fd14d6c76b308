//! The fields of an expectation: names, meanings and readers, as those of a flow.

use super::listed::listed;
use super::parts::{map, number, tuple_value};
use super::{NS_PER_S, Unit};
use crate::flow::{Expectation, Value};

/// A field of an expectation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "EXPECT_FIELDS documents each, once, for help and reference")]
pub enum ExpectField {
    Family,
    Proto,
    Src,
    Dst,
    Sport,
    Dport,
    Mask,
    Master,
    Timeout,
    Id,
    Helper,
    Zone,
    Flags,
    Class,
    Function,
    Nat,
}

/// Every field of an expectation, as `FIELDS` has them of a flow.
const EXPECT_FIELDS: &[(ExpectField, &str, Unit, &str)] = &[
    (ExpectField::Family, "family", Unit::Text, "`ipv4` or `ipv6`"),
    (ExpectField::Proto, "proto", Unit::Text, "protocol of the expected flow"),
    (ExpectField::Src, "src", Unit::Addr, "source it may come from, under the mask"),
    (ExpectField::Dst, "dst", Unit::Addr, "destination of the expected flow"),
    (ExpectField::Sport, "sport", Unit::Number, "source port, under the mask"),
    (ExpectField::Dport, "dport", Unit::Number, "destination port of the expected flow"),
    (ExpectField::Mask, "mask", Unit::List, "which bits of source and source port count"),
    (ExpectField::Master, "master", Unit::List, "original direction of the flow that foresaw it"),
    (ExpectField::Timeout, "timeout", Unit::Duration, "time left; absent if it has no timer"),
    (ExpectField::Id, "id", Unit::Number, "the kernel's id"),
    (ExpectField::Helper, "helper", Unit::Text, "the helper that made it"),
    (ExpectField::Zone, "zone", Unit::Number, "zone; no kernel up to 6.18 sends it"),
    (ExpectField::Flags, "flags", Unit::List, "`permanent`, `inactive`, `userspace`"),
    (ExpectField::Class, "class", Unit::Number, "class within the helper"),
    (ExpectField::Function, "function", Unit::Text, "name of the kernel function it calls"),
    (ExpectField::Nat, "nat", Unit::List, "NAT that the expected flow will get"),
];

listed!(ExpectField, EXPECT_FIELDS);

impl ExpectField {
    /// The field with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        EXPECT_FIELDS.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// Its value in `expect`.
    #[must_use]
    pub fn get(self, expect: &Expectation) -> Value {
        match self {
            Self::Family => Value::text(expect.tuple.family().name()),
            Self::Proto => Value::text(expect.tuple.proto.to_string()),
            Self::Src => Value::Addr(expect.tuple.src),
            Self::Dst => Value::Addr(expect.tuple.dst),
            Self::Sport => number(expect.tuple.sport()),
            Self::Dport => number(expect.tuple.dport()),
            Self::Mask => tuple_value(&expect.mask),
            Self::Master => tuple_value(&expect.master),
            Self::Timeout => Value::or_absent(expect.timeout_s, |seconds| {
                Value::Duration(i64::from(seconds) * NS_PER_S)
            }),
            Self::Id => number(expect.id),
            Self::Helper => {
                Value::or_absent(expect.helper, |name| Value::text(name.as_str().to_owned()))
            }
            Self::Zone => number(expect.zone),
            Self::Flags => Value::or_absent(expect.flags, |flags| {
                Value::List(flags.names().into_iter().map(Value::text).collect())
            }),
            Self::Class => number(expect.class),
            Self::Function => Value::or_absent(expect.function.clone(), Value::text),
            Self::Nat => Value::or_absent(expect.nat, |nat| {
                map([
                    ("direction", Value::text(if nat.direction == 0 { "orig" } else { "reply" })),
                    ("tuple", tuple_value(&nat.tuple)),
                ])
            }),
        }
    }
}
