//! The world outside of conntrack: output, and as far as the command line allows it programs and
//! files.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rhai::plugin::*;
use rhai::{Array, Dynamic, INT, ImmutableString, Map};

use crate::flow::Value;
use crate::kernel::{KernelError, now_ns};
use crate::render;
use crate::script::fault::{Fallible, Fault};
use crate::script::host::{Host, Permit};
use crate::script::process;
use crate::script::show;
use crate::script::value::{self, describe, from_dynamic};

pub(super) fn module() -> Module {
    exported_module!(system_api)
}

/// The path that `path` really is, links resolved; a file that is to be made needs its folder.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    match (path.canonicalize(), path.file_name()) {
        (Err(error), Some(name)) if error.kind() == io::ErrorKind::NotFound => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            Ok(folder.unwrap_or(Path::new(".")).canonicalize()?.join(name))
        }
        (resolved, _) => resolved,
    }
}

/// The path that `path` really is, if `permit` lets it be touched.
///
/// Links are resolved first, so that a link below an allowed folder does not lead out of it.
fn allowed(permit: &Permit, flag: &str, path: &str) -> Fallible<PathBuf> {
    let inside = |real: &Path| match permit {
        Permit::None => false,
        Permit::Any => true,
        Permit::Only(roots) => roots
            .iter()
            .filter_map(|root| resolve(Path::new(root)).ok())
            .any(|root| real.starts_with(root)),
    };
    let real = match permit {
        // Not even whether a path exists is to be learnt without permission.
        Permit::None => None,
        _ => Some(resolve(Path::new(path)).map_err(|error| failed("open", path, &error))?),
    };
    real.filter(|real| inside(real)).ok_or_else(|| {
        Fault::new(format!("a script may not touch {path}"))
            .hint(format!("start flowsh with {flag}={path} to allow it"))
            .thrown()
    })
}

fn failed(what: &str, path: &str, error: &io::Error) -> Box<rhai::EvalAltResult> {
    Fault::new(format!("cannot {what} {path}: {error}")).thrown()
}

fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into())
}

/// The path that `path` really is, if the command line lets it be read.
///
/// # Errors
///
/// It does not, or there is no such path.
pub(super) fn readable(path: &str) -> Fallible<PathBuf> {
    allowed(&Host::current()?.options.permissions.read, "--allow-read", path)
}

/// Opens for writing what the command line allows to be written.
fn write_to(path: &str, text: &str, append: bool) -> Fallible<()> {
    let host = Host::current()?;
    let real = allowed(&host.options.permissions.write, "--allow-write", path)?;
    let mut options = OpenOptions::new();
    options.create(true).append(append).write(true).truncate(!append);
    let written = options.open(real).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| failed("write", path, &error))
}

#[export_module]
mod system_api {
    /// Writes a line about what happens to standard error, with the time.
    ///
    /// # Example
    /// ```rhai
    /// log("cleaned up");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn log(message: Dynamic) -> Fallible<()> {
        let (time, text) = (render::text(&Value::Time(now_ns())), show::to_text(&message)?);
        Host::current()?.message(&format!("{time} {text}"));
        Ok(())
    }

    /// Says something about the results on standard error, unless `-q` was given: headings and
    /// remarks that a program which reads the results must not find among them.
    ///
    /// # Example
    /// ```rhai
    /// note("counters are off"); print(flows.count());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn note(message: Dynamic) -> Fallible<()> {
        let text = show::to_text(&message)?;
        Host::current()?.note(&text);
        Ok(())
    }

    /// Shows a value as the run shows results: rows in the format of `-o`.
    ///
    /// # Example
    /// ```rhai
    /// show(flows.group("proto"));
    /// ```
    #[rhai_fn(name = "show", return_raw)]
    pub fn show_value(value: Dynamic) -> Fallible<()> {
        let host = Host::current()?;
        let format = host.result_format();
        show::show(&value, show::Style { format, limit: None })
    }

    /// Shows a value in a format of its own, named as `-o` names it.
    ///
    /// # Example
    /// ```rhai
    /// show(flows("proto udp"), "conntrack,extended,id");
    /// ```
    #[rhai_fn(name = "show", return_raw)]
    pub fn show_value_as(value: Dynamic, format: &str) -> Fallible<()> {
        let format = format.parse().map_err(|wrong: String| Fault::new(wrong).thrown())?;
        show::show(&value, show::Style { format, limit: None })
    }

    /// A value as JSON on one line; what has rows is an array of objects.
    ///
    /// # Example
    /// ```rhai
    /// json(#{ a: 1, mine: flows("tcp").take(10) })
    /// ```
    #[rhai_fn(return_raw)]
    pub fn json(value: Dynamic) -> Fallible<String> {
        show::json_text(&value)
    }

    /// The text of a file. Needs `--allow-read`.
    #[rhai_fn(return_raw)]
    pub fn read_file(path: &str) -> Fallible<String> {
        fs::read(readable(path)?).map(text_of).map_err(|error| failed("read", path, &error))
    }

    /// Writes text to a file, in place of what it held. Needs `--allow-write`.
    #[rhai_fn(return_raw)]
    pub fn write_file(path: &str, text: Dynamic) -> Fallible<()> {
        write_to(path, &value::text_of(&text), false)
    }

    /// Appends a line to a file. Needs `--allow-write`.
    #[rhai_fn(return_raw)]
    pub fn append_line(path: &str, text: Dynamic) -> Fallible<()> {
        write_to(path, &(value::text_of(&text) + "\n"), true)
    }

    /// Runs a program with these arguments, without a shell, and waits for it: a map of `status`
    /// (`()` if a signal ended it), `stdout` and `stderr`. Needs `--allow-exec`.
    #[rhai_fn(return_raw)]
    pub fn exec(program: &str, args: Array) -> Fallible<Map> {
        let host = Host::current()?;
        let allowed = match &host.options.permissions.exec {
            Permit::None => false,
            Permit::Any => true,
            Permit::Only(programs) => programs.iter().any(|known| known == program),
        };
        if !allowed {
            return Fault::new(format!("a script may not run {program}"))
                .hint(format!("start flowsh with --allow-exec={program} to allow it"))
                .throw();
        }
        let args = args.iter().map(|arg| match from_dynamic(arg) {
            Value::Text(_) | Value::Int(_) | Value::Addr(_) | Value::Net(_) => {
                Ok(value::text_of(arg))
            }
            _ => Fault::new(format!("an argument is text, not {}", describe(arg))).throw(),
        });
        let args = args.collect::<Fallible<Vec<_>>>()?;
        let ended = process::run(program, &args, &host.stop);
        let Some(ended) = ended.map_err(|error| failed("run", program, &error))? else {
            return Err(KernelError::Interrupted.into());
        };
        let status = ended.status.code().map_or(Dynamic::UNIT, |code| INT::from(code).into());
        Ok(Map::from([
            ("status".into(), status),
            ("stdout".into(), text_of(ended.stdout).into()),
            ("stderr".into(), text_of(ended.stderr).into()),
        ]))
    }

    /// The message of an error that was caught.
    #[rhai_fn(get = "message", pure)]
    pub fn fault_message(fault: &mut Fault) -> ImmutableString {
        fault.message.as_str().into()
    }

    /// The hint of an error that was caught, or `()`.
    #[rhai_fn(get = "hint", pure)]
    pub fn fault_hint(fault: &mut Fault) -> Dynamic {
        fault.hint.clone().map_or(Dynamic::UNIT, Dynamic::from)
    }

    /// The kernel's errno of an error that was caught, or `()`.
    #[rhai_fn(get = "errno", pure)]
    pub fn fault_errno(fault: &mut Fault) -> Dynamic {
        fault.errno.map_or(Dynamic::UNIT, |errno| INT::from(errno).into())
    }

    /// The error as text.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn fault_text(fault: &mut Fault) -> String {
        fault.to_string()
    }
}
