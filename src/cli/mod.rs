//! argv → command. The one source of help, man page and completions is `args.rs`.

mod args;
mod conntrack;
mod reference;

use std::env;
use std::fs;
use std::io::{self, IsTerminal, Read};
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Parser;

use args::{Args, Command, Common, Input};

use crate::kernel::{
    KernelError, Live, NetNs, Recording, Safety, Source, Unreadable, load_labels, sandbox,
};
use crate::render::Screen;
use crate::run::{self, Console, Status};
use crate::script::{Options, Output, Program, SIGPIPE_STATUS};
use crate::shell;

/// The command, and the name of the program, that make flowsh read the words of conntrack(8).
const CONNTRACK: &str = "conntrack";

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    if let Some(words) = dialect() {
        return conntrack::main(words).into();
    }
    match Args::try_parse() {
        Ok(args) => execute(args).into(),
        Err(error) => {
            // Asked for help or version: that is no error, and goes to standard output.
            let _ = error.print();
            if error.use_stderr() { Status::Usage.into() } else { Status::Done.into() }
        }
    }
}

/// The words of conntrack(8), if that is what was called: the program by that name, or the command.
///
/// They are none of clap's business, which reads words by other rules.
fn dialect() -> Option<Vec<String>> {
    let mut words: Vec<String> =
        env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let called = words.first().map(Path::new).and_then(Path::file_name);
    if called.is_some_and(|name| name == CONNTRACK) {
        return Some(words);
    }
    (words.get(1)? == CONNTRACK).then(|| words.split_off(1))
}

fn execute(args: Args) -> Status {
    let mut messages = Console;
    match &args.command {
        Some(Command::Sandbox { demo, .. }) => match enter(*demo, &mut messages) {
            Ok(_demo) => match args.dialect(CONNTRACK) {
                Some(words) => Status::Asked(conntrack::main(words)),
                None => start(args, &mut messages),
            },
            Err(error) => {
                report(&mut messages, &error);
                Status::Kernel
            }
        },
        Some(Command::Check { files }) => check(files, &mut messages),
        Some(Command::Doc) => doc(&mut messages),
        Some(Command::Completions { shell }) => match args::completions(*shell) {
            Ok(()) => Status::Done,
            Err(error) => unwritten(&mut messages, "completions", &error),
        },
        // Read before clap had a look.
        Some(Command::Conntrack { .. }) => Status::Usage,
        Some(Command::Man) => match args::man_page() {
            Ok(()) => Status::Done,
            Err(error) => unwritten(&mut messages, "the man page", &error),
        },
        None => start(args, &mut messages),
    }
}

/// Enters a sandbox and fills it; the traffic lasts as long as what is returned.
fn enter(demo: bool, messages: &mut Console) -> Result<Option<sandbox::Demo>, KernelError> {
    sandbox::enter()?;
    if !demo {
        return Ok(None);
    }
    let demo = sandbox::demo()?;
    for sentence in &demo.missing {
        messages.message(&format!("note: {sentence}"));
    }
    Ok(Some(demo))
}

/// Runs a script, a line of code, text from standard input, or the shell.
fn start(args: Args, messages: &mut Console) -> Status {
    let sandbox = matches!(args.command, Some(Command::Sandbox { .. }));
    let (options, input) = args.settle();
    let netns = match options.netns.as_deref().map(NetNs::parse).transpose() {
        Ok(netns) => netns.unwrap_or(NetNs::Current),
        Err(error) => {
            report(messages, &error);
            return Status::Usage;
        }
    };
    warn_of_strays(&options, &input, messages);
    let stop = Arc::new(AtomicBool::new(false));
    let source: Rc<dyn Source> = match recording(&options, &input, &stop) {
        Ok(Some(recording)) => Rc::new(recording),
        Ok(None) => {
            let live = Live::new(netns.clone(), options.safety(), Arc::clone(&stop));
            // A namespace that was named is there, or nothing is begun.
            if netns != NetNs::Current
                && let Err(error) = live.connect()
            {
                report(messages, &error);
                return Status::Kernel;
            }
            Rc::new(live)
        }
        Err(error) => {
            report(messages, &error);
            return Status::Usage;
        }
    };
    let script_options = match options.script(&input) {
        Ok(options) => options,
        Err(error) => return failed(messages, &error),
    };
    let interactive = matches!(input, Input::None) && io::stdin().is_terminal();
    // While it is still read, nothing was begun: a signal ends it at once.
    let (name, text, print) = match input {
        Input::None if interactive => Default::default(),
        Input::None => {
            let mut text = String::new();
            if let Err(error) = io::stdin().read_to_string(&mut text) {
                return failed(messages, &format!("cannot read standard input: {error}"));
            }
            ("standard input".to_owned(), text, true)
        }
        Input::Code(code) => ("-e".to_owned(), code, true),
        Input::Script { path, .. } => match script(&path) {
            Ok((name, text)) => (name, text, false),
            Err(error) => return failed(messages, &error),
        },
    };
    if let Err(error) = run::watch(&stop, !interactive) {
        return failed(messages, &format!("cannot watch for signals: {error}"));
    }
    let screen = run::screen(options.color.into());
    let labels = options.labels();
    let program = |output: Box<dyn Output>| {
        run::program(source, labels, stop, script_options, screen, output)
    };
    if interactive {
        return shell::run(sandbox, program);
    }
    let mut program: Program = program(Box::new(Console));
    run::run(&mut program, &name, &text, print)
}

/// What a script is called, and its text; `-` is standard input.
fn script(path: &str) -> Result<(String, String), String> {
    let mut bytes = Vec::new();
    let (name, read) = match path {
        "-" => ("standard input", io::stdin().read_to_end(&mut bytes).map(drop)),
        path => (path, fs::read(path).map(|read| bytes = read)),
    };
    read.map_err(|error| {
        let command = format!("\nhint: a command stands first: `flowsh {path} …`");
        let hint = Some(command).filter(|_| args::is_command(path)).unwrap_or_default();
        format!("cannot read {name}: {error}{hint}")
    })?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok((name.to_owned(), text)),
        Err(_) => Err(format!("{name} is not UTF-8 text")),
    }
}

/// Says that an option which keeps a run from changing anything was given to the script.
fn warn_of_strays(options: &Common, input: &Input, messages: &mut Console) {
    let Input::Script { args, .. } = input else { return };
    for safety in ["--dry-run", "--read-only"] {
        if options.safety() == Safety::Live
            && !options.is_quiet()
            && args.iter().any(|arg| arg == safety)
        {
            messages.message(&format!(
                "note: {safety} behind the script is the script's own; that of flowsh stands before it"
            ));
        }
    }
}

/// The recording that `--from` names.
fn recording(
    options: &Common,
    input: &Input,
    stop: &Arc<AtomicBool>,
) -> Result<Option<Recording>, KernelError> {
    let Some(path) = options.from.as_deref() else { return Ok(None) };
    let unreadable = match (options.skip_bad, options.is_quiet()) {
        (false, _) => Unreadable::Stop,
        (true, true) => Unreadable::Skip(Box::new(|_| ())),
        (true, false) => {
            Unreadable::Skip(Box::new(|text| Console.message(&format!("note: {text}"))))
        }
    };
    let (labels, stop) = (options.labels(), Arc::clone(stop));
    let recording = match (path, input) {
        ("-", input) if input.is_standard() => {
            let what = "with --from - standard input is the recording: name a script or use -e";
            return Err(KernelError::Unsupported(what.to_owned()));
        }
        ("-", _) => Recording::standard_input(labels, unreadable, stop),
        (path, _) => Recording::open(Path::new(path), path, labels, unreadable, stop),
    };
    let recording = recording?;
    if let Some(doubt) = recording.doubt().filter(|_| !options.is_quiet()) {
        Console.message(&format!("note: {doubt}"));
    }
    Ok(Some(recording))
}

/// Prints the reference of the language.
fn doc(messages: &mut Console) -> Status {
    let text = reference::reference(&idle().docs());
    match Console.write(text.as_bytes()) {
        Ok(()) => Status::Done,
        Err(error) => unwritten(messages, "the reference", &error),
    }
}

/// Says that something could not be written, unless nobody reads it.
fn unwritten(messages: &mut Console, what: &str, error: &io::Error) -> Status {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Status::Asked(SIGPIPE_STATUS);
    }
    failed(messages, &format!("cannot write {what}: {error}"))
}

/// A program that is there to be asked, not to run.
fn idle() -> Program {
    let stop = Arc::new(AtomicBool::new(false));
    let source = Rc::new(Live::new(NetNs::Current, Safety::ReadOnly, Arc::clone(&stop)));
    let (options, screen) = (Options::default(), Screen::default());
    run::program(source, load_labels(), stop, options, screen, Box::new(Console))
}

/// Compiles scripts without running them.
fn check(files: &[String], messages: &mut Console) -> Status {
    let program = idle();
    let mut status = Status::Done;
    for path in files {
        let checked = script(path)
            .map_err(|error| format!("error: {error}"))
            .and_then(|(name, text)| program.check(&name, &text).map_err(|report| report.text));
        match checked {
            Ok(remarks) => remarks.iter().for_each(|remark| messages.message(remark)),
            Err(text) => {
                messages.message(&text);
                status = Status::Usage;
            }
        }
    }
    status
}

fn failed(messages: &mut Console, text: &str) -> Status {
    messages.message(&format!("error: {text}"));
    Status::Usage
}

fn report(messages: &mut Console, error: &KernelError) {
    messages.message(&format!("error: {}", crate::script::chain(error)));
    if let Some(hint) = error.hint() {
        messages.message(&format!("hint: {hint}"));
    }
}
