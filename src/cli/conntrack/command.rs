//! The commands and the tables, by the words that choose them. What a command does is not here.

use super::message::Fault;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    /// `-L`
    List,
    /// `-I`
    Create,
    /// `-A`
    Add,
    /// `-U`
    Update,
    /// `-D`
    Delete,
    /// `-G`
    Get,
    /// `-F`
    Flush,
    /// `-E`
    Event,
    /// `-C`
    Count,
    /// `-S`
    Stats,
    /// `-V`
    Version,
    /// `-h`
    Help,
}

/// Which table it is done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Table {
    /// The flows.
    #[default]
    Conntrack,
    /// The expectations.
    Expect,
    /// Flows that are gone, but whose end could not be told yet.
    Dying,
    /// Flows whose first packet is still on its way.
    Unconfirmed,
}

impl Command {
    /// The letter and the long name of each.
    pub(super) const NAMES: [(Self, char, &'static str); 12] = [
        (Self::List, 'L', "dump"),
        (Self::Create, 'I', "create"),
        (Self::Delete, 'D', "delete"),
        (Self::Update, 'U', "update"),
        (Self::Get, 'G', "get"),
        (Self::Flush, 'F', "flush"),
        (Self::Event, 'E', "event"),
        (Self::Count, 'C', "counter"),
        (Self::Stats, 'S', "stats"),
        (Self::Add, 'A', "add"),
        (Self::Version, 'V', "version"),
        (Self::Help, 'h', "help"),
    ];

    /// Its letter, with the dash.
    pub(super) fn flag(self) -> String {
        let letter = Self::NAMES.iter().find(|row| row.0 == self).map_or('?', |row| row.1);
        format!("-{letter}")
    }

    /// True if it changes a table.
    pub(super) fn changes(self) -> bool {
        matches!(self, Self::Create | Self::Add | Self::Update | Self::Delete | Self::Flush)
    }

    /// Whether the table can be given to it.
    pub(super) fn on(self, table: Table) -> Result<(), Fault> {
        match (self, table) {
            (Self::Add, Table::Expect) => Err(Fault::usage("Can't do --add on expectations")),
            (Self::Update, Table::Expect) => Err(Fault::usage("Can't do --update on expectations")),
            (command, Table::Dying | Table::Unconfirmed) if command != Self::List => {
                Err(Fault::usage("Can't do that command with tables `dying' and `unconfirmed'"))
            }
            _ => Ok(()),
        }
    }
}

impl Table {
    /// The table that a word, or the beginning of one, names.
    ///
    /// conntrack takes the empty word for `expect`, so that `-D "$TABLE"` reaches a table that
    /// nobody named; here it is refused like any other word that names nothing.
    pub(super) fn named(word: &str) -> Result<Self, Fault> {
        const NAMES: [(&str, Table); 4] = [
            ("expect", Table::Expect),
            ("conntrack", Table::Conntrack),
            ("dying", Table::Dying),
            ("unconfirmed", Table::Unconfirmed),
        ];
        let found = NAMES.iter().find(|(name, _)| !word.is_empty() && name.starts_with(word));
        found.map(|(_, table)| *table).ok_or_else(|| Fault::usage(format!("unknown type `{word}'")))
    }
}
