//! What a word asks about. Names of fields come from [`Field`], of protocols from [`Proto`], of
//! states from [`StateSet`]; only the words that none of them has stand here.

use crate::flow::{
    Family, Field, Filter, LabelMap, NatKind, Place, Proto, StateSet, Status, Test, Unit,
};

/// What a test asks, before its value is read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Subject {
    Family,
    Proto,
    Addr(Place),
    Port(Place),
    State,
    Status,
    Mark,
    Label,
    Nat(NatKind),
    Text(Field),
    Number(Field),
    /// A test of its own, which may be followed by `true` or `false`.
    Flag(Test),
    /// A field whose value has parts; only a script can ask for them.
    Parts,
}

impl Subject {
    /// The subject with this name in lower case.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "host" => Some(Self::Addr(Place::Any)),
            "port" => Some(Self::Port(Place::Any)),
            "label" => Some(Self::Label),
            "replied" => Some(Self::Flag(Test::Status(Status::SEEN_REPLY))),
            name => Field::named(name).map(Self::of),
        }
    }

    fn of(field: Field) -> Self {
        match field {
            Field::Family => Self::Family,
            Field::Proto => Self::Proto,
            Field::Src(direction) => Self::Addr(Place::Src(direction)),
            Field::Dst(direction) => Self::Addr(Place::Dst(direction)),
            Field::Sport(direction) => Self::Port(Place::Src(direction)),
            Field::Dport(direction) => Self::Port(Place::Dst(direction)),
            Field::State => Self::State,
            Field::Status => Self::Status,
            Field::Mark => Self::Mark,
            Field::Labels => Self::Label,
            Field::Snat => Self::Nat(NatKind::Source),
            Field::Dnat => Self::Nat(NatKind::Destination),
            Field::Nat => Self::Nat(NatKind::Any),
            Field::Assured => Self::Flag(Test::Status(Status::ASSURED)),
            Field::Related => Self::Flag(Test::Status(Status::EXPECTED)),
            Field::Unreplied => Self::Flag(Test::Unreplied),
            Field::Offload => Self::Flag(Test::Offload),
            Field::Helper | Field::Secctx | Field::Netns => Self::Text(field),
            Field::Master | Field::ProtoInfo | Field::SeqAdj | Field::Synproxy => Self::Parts,
            Field::IcmpType(_)
            | Field::IcmpCode(_)
            | Field::IcmpId(_)
            | Field::Zone
            | Field::DirZone(_)
            | Field::Timeout
            | Field::Id
            | Field::Packets
            | Field::Bytes
            | Field::DirPackets(_)
            | Field::DirBytes(_)
            | Field::Start
            | Field::Stop
            | Field::Age
            | Field::Refs => Self::Number(field),
        }
    }

    /// What its value must be, for "dport needs …".
    pub(super) fn needs(&self) -> &'static str {
        match self {
            Self::Family => "`ipv4` or `ipv6`",
            Self::Proto => "a protocol's name or a number from 0 to 255",
            Self::Addr(_) | Self::Nat(_) => "an address or a network",
            Self::Port(_) => "a port from 0 to 65535",
            Self::State => "the name of a state",
            Self::Status => "the name of a status bit",
            Self::Mark => "a number or value/mask",
            Self::Label => "a label's name or a number from 0 to 127",
            Self::Text(_) => "a name",
            Self::Flag(_) => "`true` or `false`",
            Self::Parts => "a closure",
            Self::Number(field) => match (field, field.unit()) {
                (Field::IcmpType(_) | Field::IcmpCode(_), _) => "a number from 0 to 255",
                (Field::IcmpId(_) | Field::Zone | Field::DirZone(_), _) => {
                    "a number from 0 to 65535"
                }
                (_, Unit::Bytes) => "a size such as `10MB`",
                (_, Unit::Duration) => "a span such as `30s`",
                (_, Unit::Time) => "a time such as `2026-01-31T12:00:00Z`",
                _ => "a whole number",
            },
        }
    }

    /// The names that its value may have.
    pub(super) fn names(&self, labels: &LabelMap) -> Vec<String> {
        match self {
            Self::Family => vec!["ipv4".to_owned(), "ipv6".to_owned()],
            Self::Proto => Proto::names().map(str::to_owned).collect(),
            Self::State => StateSet::known(),
            Self::Status => Status::known().map(str::to_owned).collect(),
            Self::Label => labels.names().map(str::to_owned).collect(),
            Self::Flag(_) => vec!["true".to_owned(), "false".to_owned()],
            _ => Vec::new(),
        }
    }
}

/// The family called `name`.
pub(super) fn family(name: &str) -> Option<Family> {
    match name {
        "ip" | "ipv4" => Some(Family::Ipv4),
        "ip6" | "ipv6" => Some(Family::Ipv6),
        _ => None,
    }
}

/// A word in lower case that is a whole filter: `all`, a family, a protocol, a state.
pub(super) fn lone_word(word: &str) -> Option<Filter> {
    if word == "all" {
        return Some(Filter::All);
    }
    let proto = || {
        let named = word.starts_with(|c: char| c.is_ascii_alphabetic());
        word.parse().ok().filter(|_: &Proto| named).map(|proto| Test::Proto(vec![proto]))
    };
    let test = family(word).map(Test::Family).or_else(proto);
    test.or_else(|| StateSet::named(word).map(Test::State)).map(Filter::Test)
}

/// The names of all fields that can be asked, for suggestions.
pub(super) fn subject_words() -> Vec<String> {
    let others = ["host", "port", "label", "replied"].into_iter();
    let fields = Field::all().filter(|field| Subject::of(*field) != Subject::Parts);
    fields.map(Field::name).chain(others).map(str::to_owned).collect()
}

/// Every word that can begin a test, for suggestions.
pub(super) fn test_words() -> Vec<String> {
    let mut words = subject_words();
    let others = ["all", "not", "and", "or", "ip", "ip6", "ipv4", "ipv6"].into_iter();
    words.extend(others.chain(Proto::names()).map(str::to_owned));
    words.extend(StateSet::known());
    words
}
