//! The options that every command line knows: their names, and which command takes which. Those of a
//! protocol are in `proto.rs`.

use std::sync::OnceLock;

use super::command::{Command, Table};
use super::getopt::{Known, List, Takes};
use super::given::{Bit, Given, Says, paired};
use super::message::Fault;
use super::proto::ProtoOpt;

/// An option, in the order in which conntrack looks whether it fits the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opt {
    Src,
    Dst,
    ReplySrc,
    ReplyDst,
    Proto,
    Timeout,
    Status,
    Zero,
    EventMask,
    TupleSrc,
    TupleDst,
    MaskSrc,
    MaskDst,
    NatRange,
    Mark,
    Id,
    Family,
    SrcNat,
    DstNat,
    Output,
    Secmark,
    BufferSize,
    AnyNat,
    Zone,
    Label,
    LabelAdd,
    LabelDel,
    OrigZone,
    ReplyZone,
    LabelMap,
}

/// What a word that begins with a dash is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Command(Command),
    Opt(Opt),
    Proto(ProtoOpt),
}

/// An option: letter, names, value, and what each command says to it.
type Row = (Opt, Option<char>, &'static [&'static str], Takes, &'static str);

/// Each option.
///
/// The first name is the one in messages; letters that are none are no part of the help. `.` is
/// illegal, `1` compulsory, `2` optional, `3` one of the pairs of addresses; the columns are those
/// of [`column`].
const TABLE: [Row; 30] = [
    (Opt::Src, Some('s'), &["src", "orig-src"], Takes::Value, "23223.2...111......3"),
    (Opt::Dst, Some('d'), &["dst", "orig-dst"], Takes::Value, "23223.2...111......3"),
    (Opt::ReplySrc, Some('r'), &["reply-src"], Takes::Value, "23223.2...222......3"),
    (Opt::ReplyDst, Some('q'), &["reply-dst"], Takes::Value, "23223.2...222......3"),
    (Opt::Proto, Some('p'), &["protonum"], Takes::Value, "21221.2.2.111......1"),
    (Opt::Timeout, Some('t'), &["timeout"], Takes::Value, ".122......1........1"),
    (Opt::Status, Some('u'), &["status"], Takes::Value, "2222......2........2"),
    (Opt::Zero, Some('z'), &["zero"], Takes::Nothing, "2..................."),
    (Opt::EventMask, Some('e'), &["event-mask"], Takes::Value, "......2............."),
    (Opt::TupleSrc, Some('['), &["tuple-src"], Takes::Value, "..........1........."),
    (Opt::TupleDst, Some(']'), &["tuple-dst"], Takes::Value, "..........1........."),
    (Opt::MaskSrc, Some('{'), &["mask-src"], Takes::Value, "2.22..2...1........."),
    (Opt::MaskDst, Some('}'), &["mask-dst"], Takes::Value, "2.22..2...1........."),
    (Opt::NatRange, Some('a'), &["nat-range"], Takes::Value, "22222222222222222222"),
    (Opt::Mark, Some('m'), &["mark"], Takes::Value, "2222..2............2"),
    (Opt::Id, Some('i'), &["id"], Takes::Value, "..222..............."),
    (Opt::Family, Some('f'), &["family"], Takes::Value, "2.22.22..2.........."),
    (Opt::SrcNat, Some('n'), &["src-nat"], Takes::Rest, "2222..2............2"),
    (Opt::DstNat, Some('g'), &["dst-nat"], Takes::Rest, "2222..2............2"),
    (Opt::Output, Some('o'), &["output"], Takes::Value, "2.222.2..2....2....."),
    (Opt::Secmark, Some('c'), &["secmark"], Takes::Value, "2.....2............."),
    (Opt::BufferSize, Some('b'), &["buffer-size"], Takes::Value, "......2............."),
    (Opt::AnyNat, Some('j'), &["any-nat"], Takes::Rest, "2.....2............."),
    (Opt::Zone, Some('w'), &["zone"], Takes::Value, "22.2..2............2"),
    (Opt::Label, Some('l'), &["label"], Takes::Value, "2.222.2............."),
    (Opt::LabelAdd, Some('<'), &["label-add"], Takes::Value, ".22................2"),
    (Opt::LabelDel, Some('>'), &["label-del"], Takes::Rest, "..2................."),
    (Opt::OrigZone, Some('('), &["orig-zone"], Takes::Value, "22.2..2............2"),
    (Opt::ReplyZone, Some(')'), &["reply-zone"], Takes::Value, "22.2..2............2"),
    // conntrack takes no map where a flow is made, so that it cannot be made with a label of it.
    (Opt::LabelMap, Some('M'), &["labelmap"], Takes::Value, "2222..2............2"),
];

/// How many columns there are.
const COLUMNS: usize = 20;

/// Where a command's column is.
pub(super) fn column(command: Command, table: Table) -> usize {
    match (command, table == Table::Expect) {
        (Command::List, false) => 0,
        (Command::Create, false) => 1,
        (Command::Update, _) => 2,
        (Command::Delete, false) => 3,
        (Command::Get, false) => 4,
        (Command::Flush, false) => 5,
        (Command::Event, false) => 6,
        (Command::Version, _) => 7,
        (Command::Help, _) => 8,
        (Command::List, true) => 9,
        (Command::Create, true) => 10,
        (Command::Delete, true) => 11,
        (Command::Get, true) => 12,
        (Command::Flush, true) => 13,
        (Command::Event, true) => 14,
        (Command::Count, false) => 15,
        (Command::Count, true) => 16,
        (Command::Stats, false) => 17,
        (Command::Stats, true) => 18,
        (Command::Add, _) => 19,
    }
}

impl Opt {
    /// Its name in messages.
    pub(super) fn name(self) -> &'static str {
        let row = TABLE.iter().find(|row| row.0 == self);
        row.and_then(|row| row.2.first()).copied().unwrap_or_default()
    }

    /// Its letter, with the dash.
    pub(super) fn letter(self) -> String {
        let letter = TABLE.iter().find(|row| row.0 == self).and_then(|row| row.1);
        letter.map_or_else(|| format!("--{}", self.name()), |letter| format!("-{letter}"))
    }
}

impl Bit for Opt {
    fn bit(self) -> u8 {
        #[expect(clippy::as_conversions, reason = "the number of a variant without data")]
        let number = self as u8;
        number
    }
}

/// Every command and option, as `getopt_long(3)` wants to know them.
pub(super) fn known() -> &'static List<Key> {
    static KNOWN: OnceLock<List<Key>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        // The table stands apart from a letter, but `--dump=expect` can only mean one thing.
        let commands = Command::NAMES.iter().flat_map(|&(command, letter, long)| {
            let key = Key::Command(command);
            let asks = matches!(command, Command::Stats | Command::Version | Command::Help);
            let takes = if asks { Takes::Nothing } else { Takes::Rest };
            [
                Known { short: Some(letter), long: "", takes: Takes::Nothing, key },
                Known { short: None, long, takes, key },
            ]
        });
        let options = TABLE.iter().flat_map(|&(option, short, names, takes, _)| {
            names.iter().map(move |&long| Known { short, long, takes, key: Key::Opt(option) })
        });
        List::new(commands.chain(options).collect())
    })
}

/// Whether the options that are given are those that the command takes; without one it takes none.
pub(super) fn check(command: Option<(Command, Table)>, given: Given) -> Result<(), Fault> {
    /// For each column, and for no command.
    static SAYS: OnceLock<Vec<Says>> = OnceLock::new();
    let of = |column: usize| {
        let say = |says: &str| says.as_bytes().get(column).copied().unwrap_or(b'.');
        Says::new(TABLE.iter().map(|row| (row.0, say(row.4))))
    };
    let says = SAYS.get_or_init(|| (0..=COLUMNS).map(of).collect());
    let column = command.map_or(COLUMNS, |(command, table)| column(command, table));
    let Some(says) = says.get(column) else { return Ok(()) };
    says.check(given, TABLE.iter().map(|row| (row.0, row.0.name())))?;
    if says.pairs {
        let orig = [Opt::Src, Opt::Dst].map(|option| given.has(option));
        let reply = [Opt::ReplySrc, Opt::ReplyDst].map(|option| given.has(option));
        paired(orig, reply, ["`--src' and `--dst'", "`--reply-src' and `--reply-dst'"])?;
    }
    Ok(())
}
