//! The options of each protocol, and which command takes which; states by their names.

use std::sync::OnceLock;

use crate::flow::{Proto, ProtoInfo};

use super::command::{Command, Table};
use super::getopt::{Known, List, Takes};
use super::given::{Bit, Given, Says, paired};
use super::message::Fault;
use super::options::Key;
use super::value;

/// An option of a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProtoOpt {
    Sport,
    Dport,
    ReplySport,
    ReplyDport,
    MaskSport,
    MaskDport,
    TupleSport,
    TupleDport,
    State,
    OrigVtag,
    ReplyVtag,
    Role,
    IcmpType,
    IcmpCode,
    IcmpId,
}

/// A row: the option, its names, the first being that in messages, and what the commands say to it:
/// list, delete and event; update; create and add; get; create of an expectation; delete and get of
/// one. conntrack wants ports of the reply for the last, and does nothing with them.
type Row = (ProtoOpt, &'static [&'static str], &'static str);

/// What `-p` brings.
#[derive(Debug)]
pub(super) struct Handler {
    /// Its name for `-p`, in any case.
    pub(super) name: &'static str,
    /// Its number; none for those that conntrack does not know.
    pub(super) proto: Option<Proto>,
    /// Its options, in the order in which conntrack looks at them.
    rows: &'static [&'static [Row]],
    /// What conntrack calls the pairs of ports; none if there are none.
    pairs: Option<[&'static str; 2]>,
    ready: OnceLock<Ready>,
}

/// The rows of a handler, made ready for many lines.
#[derive(Debug)]
struct Ready {
    known: List<Key>,
    /// For each column.
    says: [Says<ProtoOpt>; COLUMNS],
}

/// How many columns there are.
const COLUMNS: usize = 6;

impl Bit for ProtoOpt {
    fn bit(self) -> u8 {
        #[expect(clippy::as_conversions, reason = "the number of a variant without data")]
        let number = self as u8;
        number
    }
}

const PORTS: [Row; 8] = [
    (ProtoOpt::Sport, &["sport", "orig-port-src"], "223311"),
    (ProtoOpt::Dport, &["dport", "orig-port-dst"], "223311"),
    (ProtoOpt::ReplySport, &["reply-port-src"], "2233.2"),
    (ProtoOpt::ReplyDport, &["reply-port-dst"], "2233.2"),
    (ProtoOpt::MaskSport, &["mask-port-src"], "....1."),
    (ProtoOpt::MaskDport, &["mask-port-dst"], "....1."),
    (ProtoOpt::TupleSport, &["tuple-port-src"], "....1."),
    (ProtoOpt::TupleDport, &["tuple-port-dst"], "....1."),
];
const TCP: [Row; 1] = [(ProtoOpt::State, &["state"], "2212..")];
const SCTP: [Row; 3] = [
    (ProtoOpt::State, &["state"], "2212.."),
    (ProtoOpt::OrigVtag, &["orig-vtag"], ".2121."),
    (ProtoOpt::ReplyVtag, &["reply-vtag"], ".2121."),
];
const DCCP: [Row; 2] =
    [(ProtoOpt::State, &["state"], "2212.."), (ProtoOpt::Role, &["role"], "..1.1.")];
const ICMP: [Row; 3] = [
    (ProtoOpt::IcmpType, &["icmp-type"], "2211.."),
    (ProtoOpt::IcmpCode, &["icmp-code"], "2211.."),
    (ProtoOpt::IcmpId, &["icmp-id"], "2222.."),
];
const ICMPV6: [Row; 3] = [
    (ProtoOpt::IcmpType, &["icmpv6-type"], "2211.."),
    (ProtoOpt::IcmpCode, &["icmpv6-code"], "2211.."),
    (ProtoOpt::IcmpId, &["icmpv6-id"], "2222.."),
];
const GRE: [Row; 8] = [
    (ProtoOpt::Sport, &["srckey", "orig-key-src"], "223311"),
    (ProtoOpt::Dport, &["dstkey", "orig-key-dst"], "223311"),
    (ProtoOpt::ReplySport, &["reply-key-src"], "223312"),
    (ProtoOpt::ReplyDport, &["reply-key-dst"], "223312"),
    (ProtoOpt::MaskSport, &["mask-key-src"], "....1."),
    (ProtoOpt::MaskDport, &["mask-key-dst"], "....1."),
    (ProtoOpt::TupleSport, &["tuple-key-src"], "....1."),
    (ProtoOpt::TupleDport, &["tuple-key-dst"], "....1."),
];

const PORT_PAIRS: Option<[&str; 2]> =
    Some(["`--sport' and `--dport'", "`--reply-src-port' and `--reply-dst-port'"]);
const KEY_PAIRS: Option<[&str; 2]> =
    Some(["`--srckey' and `--dstkey'", "`--reply-src-key' and `--reply-dst-key'"]);

static HANDLERS: [Handler; 8] = [
    Handler {
        name: "tcp",
        proto: Some(Proto::TCP),
        rows: &[&PORTS, &TCP],
        pairs: PORT_PAIRS,
        ready: OnceLock::new(),
    },
    Handler {
        name: "udp",
        proto: Some(Proto::UDP),
        rows: &[&PORTS],
        pairs: PORT_PAIRS,
        ready: OnceLock::new(),
    },
    Handler {
        name: "udplite",
        proto: Some(Proto::UDPLITE),
        rows: &[&PORTS],
        pairs: PORT_PAIRS,
        ready: OnceLock::new(),
    },
    Handler {
        name: "sctp",
        proto: Some(Proto::SCTP),
        rows: &[&PORTS, &SCTP],
        pairs: PORT_PAIRS,
        ready: OnceLock::new(),
    },
    Handler {
        name: "dccp",
        proto: Some(Proto::DCCP),
        rows: &[&PORTS, &DCCP],
        pairs: PORT_PAIRS,
        ready: OnceLock::new(),
    },
    Handler {
        name: "icmp",
        proto: Some(Proto::ICMP),
        rows: &[&ICMP],
        pairs: None,
        ready: OnceLock::new(),
    },
    Handler {
        name: "icmpv6",
        proto: Some(Proto::ICMPV6),
        rows: &[&ICMPV6],
        pairs: None,
        ready: OnceLock::new(),
    },
    Handler {
        name: "gre",
        proto: Some(Proto::GRE),
        rows: &[&GRE],
        pairs: KEY_PAIRS,
        ready: OnceLock::new(),
    },
];
static UNKNOWN: Handler =
    Handler { name: "unknown", proto: None, rows: &[], pairs: None, ready: OnceLock::new() };

impl Handler {
    /// The protocol with this name or number, and what it brings.
    ///
    /// A name that only `/etc/protocols` has, as `ipv6-icmp`, brings no options in conntrack. Here
    /// it does: they are the same protocol.
    pub(super) fn named(word: &str) -> Result<(Proto, &'static Self), Fault> {
        let by_name = HANDLERS.iter().find(|handler| handler.name.eq_ignore_ascii_case(word));
        if let Some((handler, proto)) = by_name.and_then(|found| Some((found, found.proto?))) {
            return Ok((proto, handler));
        }
        let number = || value::number(word).and_then(|number| u8::try_from(number).ok());
        let proto = protocols(word)
            .or_else(|| word.parse().ok().filter(|_| !word.starts_with(|c: char| c.is_numeric())))
            .or_else(|| number().map(Proto))
            .ok_or_else(|| Fault::usage(format!("`{word}' unsupported protocol")))?;
        let by_number = HANDLERS.iter().find(|handler| handler.proto == Some(proto));
        Ok((proto, by_number.unwrap_or(&UNKNOWN)))
    }

    fn rows(&self) -> impl Iterator<Item = &'static Row> {
        self.rows.iter().flat_map(|rows| rows.iter())
    }

    /// Its options, as `getopt_long(3)` wants to know them.
    pub(super) fn known(&self) -> &List<Key> {
        &self.ready().known
    }

    fn ready(&self) -> &Ready {
        self.ready.get_or_init(|| {
            let known = self.rows().flat_map(|(option, names, _)| {
                let key = Key::Proto(*option);
                names.iter().map(move |&long| Known { short: None, long, takes: Takes::Value, key })
            });
            let say = |says: &str, column| says.as_bytes().get(column).copied().unwrap_or(b'.');
            Ready {
                known: List::new(known.collect()),
                says: std::array::from_fn(|column| {
                    Says::new(self.rows().map(|row| (row.0, say(row.2, column))))
                }),
            }
        })
    }

    /// The first name of each of its options, for the help.
    pub(super) fn names(&self) -> impl Iterator<Item = (ProtoOpt, &'static str)> {
        self.rows().filter_map(|(option, names, _)| Some((*option, *names.first()?)))
    }

    /// What it calls `option`.
    pub(super) fn name_of(&self, option: ProtoOpt) -> &'static str {
        let row = self.rows().find(|row| row.0 == option);
        row.and_then(|row| row.1.first()).copied().unwrap_or_default()
    }

    /// Whether the options that are given are those that the command takes.
    pub(super) fn check(
        &self,
        command: Command,
        table: Table,
        given: Given<ProtoOpt>,
    ) -> Result<(), Fault> {
        let column = match (command, table == Table::Expect) {
            (Command::List | Command::Delete | Command::Event, false) => 0,
            (Command::Update, _) => 1,
            (Command::Create | Command::Add, false) => 2,
            (Command::Get, false) => 3,
            (Command::Create, true) => 4,
            (Command::Delete | Command::Get, true) => 5,
            _ => return Ok(()),
        };
        let Some(says) = self.ready().says.get(column) else { return Ok(()) };
        says.check(given, self.rows().map(|row| (row.0, self.name_of(row.0))))?;
        match self.pairs.filter(|_| says.pairs) {
            Some(names) => paired(
                [ProtoOpt::Sport, ProtoOpt::Dport].map(|option| given.has(option)),
                [ProtoOpt::ReplySport, ProtoOpt::ReplyDport].map(|option| given.has(option)),
                names,
            ),
            None => Ok(()),
        }
    }
}

/// The number that `/etc/protocols` has for a name or an alias.
fn protocols(word: &str) -> Option<Proto> {
    let text = std::fs::read_to_string("/etc/protocols").ok()?;
    text.lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let (name, number) = (words.next()?, words.next()?);
        (name == word || words.any(|alias| alias == word))
            .then(|| number.parse().ok().map(Proto))?
    })
}

/// The number of the role in dccp whose name begins so, in any case.
pub(super) fn role(word: &str) -> Result<u8, Fault> {
    let unknown = || Fault::usage(format!("Unknown DCCP role `{word}'"));
    value::find(&[("client", 0), ("server", 1)], word).ok_or_else(unknown)
}

/// The number of a state in `proto`.
///
/// # Errors
///
/// There is none of this name. conntrack crashes on a state of sctp that it does not know.
pub(super) fn state(proto: Proto, word: &str) -> Result<u8, Fault> {
    // Names are exact: `established` is none.
    let exact = !word.bytes().any(|letter| letter.is_ascii_lowercase());
    let (found, unknown) = match proto {
        Proto::SCTP => (ProtoInfo::sctp_state(word), "unknown SCTP"),
        Proto::DCCP => (ProtoInfo::dccp_state(word), "Unknown DCCP"),
        _ => (ProtoInfo::tcp_state(word), "unknown TCP"),
    };
    let unknown = || Fault::usage(format!("{unknown} state `{word}'"));
    found.filter(|_| exact).ok_or_else(unknown)
}
