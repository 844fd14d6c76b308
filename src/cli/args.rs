//! The command line, declared once: parsing, help, man page and completions are all made from it.

use std::fs;
use std::io::{self, Write};

use clap::{Args as Group, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::flow::LabelMap;
use crate::kernel::{Safety, load_labels};
use crate::render::Format;
use crate::run::Color;
use crate::script::{Journal, Options, Permissions, Permit};

/// A scriptable shell for Linux connection tracking.
///
/// Without a script it is a shell; with text on standard input it runs that. Changes need
/// CAP_NET_ADMIN, and so does reading. `flowsh sandbox --demo` needs no privilege at all.
#[derive(Debug, Parser)]
#[command(name = "flowsh", version, after_help = AFTER, args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    run: Run,
}

const AFTER: &str = "\
Exit status: 0 done, 1 script error, 2 bad usage or syntax, 3 no permission or kernel support,
4 some changes failed, 5 --require-match unmet, 141 the output was not read to its end.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run in a private user and network namespace on the real kernel; no root needed. What is run
    /// may be `conntrack ARGS` too
    Sandbox {
        /// Fill the sandbox with traffic: states, NAT, marks, labels, zones, an FTP expectation
        #[arg(long)]
        demo: bool,
        #[command(flatten)]
        run: Box<Run>,
    },
    /// The command line of conntrack(8): same options, output and exit status
    #[command(disable_help_flag = true)]
    Conntrack {
        /// What conntrack takes; `--script` first prints the script that does the same
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
        words: Vec<String>,
    },
    /// Compile scripts, and read the filters in them, without running them
    Check {
        /// The scripts; - for standard input
        #[arg(required = true)]
        files: Vec<String>,
    },
    /// Print the reference of the language, as Markdown
    Doc,
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the man page
    Man,
}

/// What is run, and how.
#[derive(Debug, Clone, Group)]
pub(super) struct Run {
    /// Script to run (- for standard input), and its arguments, which it finds in `args`
    #[arg(trailing_var_arg = true, value_name = "SCRIPT [ARGS]")]
    script: Vec<String>,
    /// Evaluate CODE and print its value
    #[arg(short, long = "eval", value_name = "CODE", conflicts_with = "script")]
    e: Option<String>,
    #[command(flatten)]
    options: Common,
}

/// Options of every run.
#[derive(Debug, Clone, Group)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that is given or not")]
pub(super) struct Common {
    /// Network namespace, by its name in /run/netns or by a pid
    #[arg(long, value_name = "NAME|PID")]
    pub(super) netns: Option<String>,
    /// Read flows from FILE instead of the kernel: what conntrack, the kernel's file in
    /// /proc/net, or flowsh printed; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "netns")]
    pub(super) from: Option<String>,
    /// Pass over what cannot be read in FILE, and say how much
    #[arg(long, requires = "from")]
    pub(super) skip_bad: bool,
    /// Names of labels from FILE, in place of this machine's connlabel.conf
    #[arg(long, value_name = "FILE", value_parser = labelmap)]
    labelmap: Option<LabelMap>,
    /// Output format: table, wide, json, ndjson, csv, xml, or conntrack[,extended,id,…]
    #[arg(short, long, value_name = "FORMAT", value_parser = format)]
    output: Option<Format>,
    /// Refuse every change
    #[arg(long)]
    read_only: bool,
    /// Count changes instead of making them
    #[arg(long, conflicts_with = "read_only")]
    dry_run: bool,
    /// Change more than 100 flows without a question, also on a terminal
    #[arg(long)]
    yes: bool,
    /// Append to FILE what it takes to undo every delete and update, before it is made:
    /// `undo("FILE")` puts it back
    #[arg(long, value_name = "FILE")]
    journal: Option<String>,
    /// Exit with 5 if a change matched nothing
    #[arg(long)]
    require_match: bool,
    /// Let the script run programs, or only these
    #[arg(long, value_name = "PROG", num_args = 0.., require_equals = true, value_delimiter = ',')]
    allow_exec: Option<Vec<String>>,
    /// Let the script read files, or only below these paths
    #[arg(long, value_name = "PATH", num_args = 0.., require_equals = true, value_delimiter = ',')]
    allow_read: Option<Vec<String>>,
    /// Let the script write files, or only below these paths
    #[arg(long, value_name = "PATH", num_args = 0.., require_equals = true, value_delimiter = ',')]
    allow_write: Option<Vec<String>>,
    /// Colour in the output
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub(super) color: When,
    /// No notes on standard error
    #[arg(short, long)]
    quiet: bool,
}

/// When there is colour.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum When {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl From<When> for Color {
    fn from(when: When) -> Self {
        match when {
            When::Auto => Self::Auto,
            When::Always => Self::Always,
            When::Never => Self::Never,
        }
    }
}

/// What is to be run.
#[derive(Debug, Clone)]
pub(super) enum Input {
    /// The shell, or standard input.
    None,
    /// `-e CODE`.
    Code(String),
    /// A file and its arguments.
    Script {
        /// The file.
        path: String,
        /// What the script finds in `args`.
        args: Vec<String>,
    },
}

impl Input {
    /// True if it comes from standard input.
    pub(super) fn is_standard(&self) -> bool {
        match self {
            Self::None => true,
            Self::Code(_) => false,
            Self::Script { path, .. } => path == "-",
        }
    }
}

/// The names in a file of labels.
fn labelmap(path: &str) -> Result<LabelMap, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("cannot read it: {error}"))?;
    Ok(LabelMap::parse(&text))
}

fn format(text: &str) -> Result<Format, String> {
    text.parse()
}

impl Args {
    /// The words of the sandbox's script, if they are those of the dialect with this name.
    pub(super) fn dialect(&self, name: &str) -> Option<Vec<String>> {
        let Some(Command::Sandbox { run, .. }) = &self.command else { return None };
        run.script.first().filter(|first| *first == name).map(|_| run.script.clone())
    }

    /// What to run and how, wherever on the command line it stands.
    pub(super) fn settle(self) -> (Common, Input) {
        let run = match self.command {
            Some(Command::Sandbox { run, .. }) => *run,
            _ => self.run,
        };
        let mut script = run.script.into_iter();
        let input = match (run.e, script.next()) {
            (Some(code), _) => Input::Code(code),
            (None, Some(path)) => Input::Script { path, args: script.collect() },
            (None, None) => Input::None,
        };
        (run.options, input)
    }
}

impl Common {
    /// The names of labels.
    pub(super) fn labels(&self) -> LabelMap {
        self.labelmap.clone().unwrap_or_else(load_labels)
    }

    /// Whether changes reach the kernel.
    pub(super) fn safety(&self) -> Safety {
        match (self.read_only, self.dry_run) {
            (true, _) => Safety::ReadOnly,
            (false, true) => Safety::DryRun,
            (false, false) => Safety::Live,
        }
    }

    /// No notes on standard error.
    pub(super) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// The choices that scripts depend on.
    pub(super) fn script(&self, input: &Input) -> Result<Options, String> {
        let permissions = Permissions {
            exec: permit("--allow-exec", self.allow_exec.as_ref())?,
            read: permit("--allow-read", self.allow_read.as_ref())?,
            write: permit("--allow-write", self.allow_write.as_ref())?,
        };
        Ok(Options {
            format: self.output,
            require_match: self.require_match,
            yes: self.yes,
            journal: self.journal.as_deref().map(Journal::open).transpose()?,
            quiet: self.quiet,
            permissions,
            args: match input {
                Input::Script { args, .. } => args.clone(),
                _ => Vec::new(),
            },
        })
    }
}

fn permit(flag: &str, given: Option<&Vec<String>>) -> Result<Permit, String> {
    match given {
        None => Ok(Permit::None),
        Some(list) if list.is_empty() => Ok(Permit::Any),
        // `--allow-read=` allows nothing that has a name: that is a slip, not a wish.
        Some(list) if list.iter().any(String::is_empty) => {
            Err(format!("{flag}= names nothing; write {flag} to allow everything"))
        }
        Some(list) => Ok(Permit::Only(list.clone())),
    }
}

/// True for the name of a command.
pub(super) fn is_command(name: &str) -> bool {
    Args::command().get_subcommands().any(|command| command.get_name() == name)
}

/// Prints completions to standard output.
pub(super) fn completions(shell: clap_complete::Shell) -> io::Result<()> {
    // The generator panics where it cannot write: it writes to memory.
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "flowsh", &mut text);
    io::stdout().write_all(&text)
}

/// Prints the man page to standard output.
pub(super) fn man_page() -> io::Result<()> {
    let command = Args::command();
    let mut out = io::stdout().lock();
    let man = clap_mangen::Man::new(command.clone());
    man.render_title(&mut out)?;
    man.render_name_section(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    writeln!(out, ".SH COMMANDS")?;
    for command in command.get_subcommands() {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        writeln!(out, ".TP\n\\fB{}\\fR\n{}", command.get_name(), roff(&about))?;
    }
    let (_, statuses) = AFTER.split_once(": ").unwrap_or_default();
    writeln!(out, ".SH \"EXIT STATUS\"\n{}", roff(statuses))?;
    man.render_version_section(&mut out)
}

/// `text` as a man page has it: a hyphen is a minus.
fn roff(text: &str) -> String {
    text.replace('\\', "\\\\").replace('-', "\\-")
}
