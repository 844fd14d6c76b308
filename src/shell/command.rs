//! Lines that begin with a colon: they are about the shell, not about flows.

use crate::render::{ConntrackStyle, Format};
use crate::table::closest;

/// What a line asks of the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    /// `:help`.
    Help,
    /// `:quit`.
    Quit,
    /// `:mode`: says the format of results, or sets it.
    Mode(Option<Format>),
    /// `:timing`: turns it over, or on, or off.
    Timing(Option<bool>),
}

/// Name, argument and meaning of each.
const COMMANDS: [(&str, &str, &str); 4] = [
    ("help", "", "this page"),
    ("mode", "[FORMAT]", "how results are shown"),
    ("timing", "[on|off]", "say how long each line and its queries took"),
    ("quit", "", "leave; so does Ctrl-D"),
];

impl Command {
    /// Reads `line`; `None` if it is no command but a script.
    pub(super) fn parse(line: &str) -> Option<Result<Self, String>> {
        let mut words = line.trim().strip_prefix(':')?.split_whitespace();
        let name = words.next().unwrap_or_default();
        let argument = words.next();
        Some(match words.next() {
            Some(word) => Err(format!("`{word}` is one word too many")),
            None => Self::of(name, argument),
        })
    }

    fn of(name: &str, argument: Option<&str>) -> Result<Self, String> {
        match (full(name)?, argument) {
            ("help", None) => Ok(Self::Help),
            ("quit", None) => Ok(Self::Quit),
            ("mode", format) => Ok(Self::Mode(format.map(str::parse).transpose()?)),
            ("timing", None) => Ok(Self::Timing(None)),
            ("timing", Some("on")) => Ok(Self::Timing(Some(true))),
            ("timing", Some("off")) => Ok(Self::Timing(Some(false))),
            ("timing", Some(word)) => Err(format!("`:timing` is `on` or `off`, not `{word}`")),
            (name, argument) => {
                Err(format!("`:{name}` takes no `{}`", argument.unwrap_or_default()))
            }
        }
    }
}

/// The names of all commands.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    COMMANDS.iter().map(|(name, ..)| *name)
}

/// The words that can follow `name`.
pub(super) fn arguments(name: &str) -> Vec<String> {
    match full(name) {
        Ok("mode") => {
            let words = ConntrackStyle::WORDS.iter().map(|word| format!("conntrack,{word}"));
            Format::names().map(str::to_owned).chain(words).collect()
        }
        Ok("timing") => vec!["on".to_owned(), "off".to_owned()],
        _ => Vec::new(),
    }
}

/// The name that `name` is, or begins.
fn full(name: &str) -> Result<&'static str, String> {
    let mut begun = names().filter(|known| !name.is_empty() && known.starts_with(name));
    if let (Some(only), None) = (begun.next(), begun.next()) {
        return Ok(only);
    }
    Err(match closest(name, names()) {
        Some(near) => format!("there is no command `:{name}`\nhint: did you mean `:{near}`?"),
        None => format!("there is no command `:{name}`\nhint: `:help` lists them"),
    })
}

/// The page that `:help` shows.
pub(super) fn help() -> String {
    let mut page = "\
What you type is evaluated, and its value shown; `_` is the last value.

  flows                           the conntrack table
  flows(\"tcp dport 443\")          some of it
  flows.group(\"src\").top(10)      who has the most
  flows.on(\"new\", |e| log(e))     what happens, as it happens
  stop()                          no more of that
  _.undo()                        put back what the last delete or update changed
  protect(\"tcp dport 22\")         never touch these; your SSH session is protected
  help()                          everything there is; help(\"group\") explains one

"
    .to_owned();
    for (name, argument, meaning) in COMMANDS {
        page += format!("  {:30}  {meaning}\n", format!(":{name} {argument}")).as_str();
    }
    page + "
Tab completes, Ctrl-R searches what was typed, Alt-Enter begins a line without running it,
Ctrl-C stops what runs. A line that begins with a blank is not remembered.
"
}

#[cfg(test)]
mod tests {
    use super::{Command, help};

    #[track_caller]
    fn check(line: &str, read: &str) {
        let shown = match Command::parse(line) {
            None => "a script".to_owned(),
            Some(Ok(command)) => format!("{command:?}"),
            Some(Err(error)) => error,
        };
        assert_eq!(shown, read);
    }

    #[test]
    fn a_command_may_be_shortened() {
        check(":help", "Help");
        check(" :q ", "Quit");
        check(":m json", "Mode(Some(Json))");
        check(":mode", "Mode(None)");
        check(":timing off", "Timing(Some(false))");
        check("flows", "a script");
    }

    #[test]
    fn what_is_no_command_is_answered_with_the_nearest() {
        check(":exti", "there is no command `:exti`\nhint: `:help` lists them");
        check(":tmiing", "there is no command `:tmiing`\nhint: did you mean `:timing`?");
        check(":", "there is no command `:`\nhint: `:help` lists them");
        check(":quit now", "`:quit` takes no `now`");
        check(":mode json csv", "`csv` is one word too many");
        check(":timing maybe", "`:timing` is `on` or `off`, not `maybe`");
        check(
            ":mode yaml",
            "`yaml` is not a format (known: table, wide, json, ndjson, csv, xml, conntrack)",
        );
    }

    #[test]
    fn the_help_fits_a_terminal() {
        assert!(help().lines().all(|line| line.chars().count() < 100));
    }
}
