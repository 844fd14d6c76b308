//! What a command line says without effect: told once all of it is read, for whether a word has one
//! may depend on the command behind it.

use super::command::Command;
use super::options::Opt;

/// What is told, by the option that it stands with, in the order of the line.
#[derive(Debug, Default)]
pub(super) struct Ignored(Vec<(Opt, String)>);

impl Ignored {
    /// `option` is kept for old scripts alone.
    pub(super) fn deprecated(&mut self, option: Opt) {
        self.0.push((option, format!("WARNING: ignoring {}, deprecated option.", option.letter())));
    }

    /// A word of NAT stands in the list of `option`, and there is an option for it.
    pub(super) fn nat(&mut self, option: Opt, instead: Opt) {
        let name = instead.name();
        let word = name.replace('-', "_").to_ascii_uppercase();
        self.0.push((option, format!("WARNING: ignoring {word}, use --{name} instead")));
    }

    /// Tells what has no effect with `command`: where flows are chosen by their status, NAT counts.
    pub(super) fn tell(&self, command: Option<Command>, tell: fn(&str)) {
        let chooses = matches!(command, Some(Command::List | Command::Delete | Command::Event));
        let ignored = self.0.iter().filter(|(option, _)| !(chooses && *option == Opt::Status));
        ignored.for_each(|(_, text)| tell(text));
    }
}
