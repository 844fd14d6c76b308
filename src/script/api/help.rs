//! `help`: what there is, from the documentation on the bindings.

use rhai::plugin::*;
use rhai::{Dynamic, FnPtr, ImmutableString, NativeCallContext};

use crate::script::doc::{Docs, Entry, type_name};
use crate::script::fault::{Fallible, Fault};
use crate::script::host::Host;
use crate::table::closest;

pub(super) fn module() -> Module {
    exported_module!(help_api)
}

/// One line per entry: signature and first sentence.
fn list(entries: &[&Entry]) -> String {
    // An overload without words of its own only repeats one that has them.
    let entries: Vec<_> = entries.iter().filter(|entry| !entry.doc.is_empty()).collect();
    let width = entries.iter().map(|entry| entry.signature().len()).max().unwrap_or(0).min(48);
    let line = |entry: &&&Entry| {
        let summary = entry.summary().replace('\n', " ");
        format!("  {:width$}  {summary}", entry.signature())
    };
    entries.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn about(docs: &Docs, name: &str) -> Fallible<String> {
    let found = docs.about(name);
    match found.as_slice() {
        [] => {
            let known = docs.names().chain(docs.types());
            let fault = Fault::new(format!("there is no help on `{name}`"));
            match closest(name, known) {
                Some(near) => fault.hint(format!("did you mean `{near}`?")).throw(),
                None => fault.hint("help() lists what there is").throw(),
            }
        }
        entries if entries.iter().all(|entry| entry.name == name) => {
            let text = |entry: &&Entry| format!("{}\n{}", entry.signature(), indent(&entry.doc));
            let told = entries.iter().filter(|entry| !entry.doc.is_empty());
            Ok(told.map(text).collect::<Vec<_>>().join("\n"))
        }
        entries => Ok(format!("{name}\n{}", list(entries))),
    }
}

fn indent(text: &str) -> String {
    text.lines().fold(String::new(), |text, line| text + "    " + line + "\n")
}

#[export_module]
mod help_api {
    /// What there is: functions, and types with what can be asked of them.
    ///
    /// # Example
    /// ```rhai
    /// help()
    /// ```
    #[rhai_fn(name = "help", return_raw)]
    pub fn overview() -> Fallible<()> {
        let host = Host::current()?;
        let docs = host.docs();
        let alone: Vec<_> = docs.entries().iter().filter(|entry| entry.owner.is_none()).collect();
        let mut seen: Vec<&Entry> = Vec::new();
        for entry in alone {
            if !entry.doc.is_empty() && seen.iter().all(|other| other.name != entry.name) {
                seen.push(entry);
            }
        }
        let types: Vec<_> =
            docs.types().into_iter().filter(|name| name.starts_with(char::is_uppercase)).collect();
        let text = format!(
            "variables\n  flows, expectations, settings, args\n\ntypes: help(\"Flow\") lists one\n  \
             {}\n\nfunctions: help(\"where\") explains one\n{}\n",
            types.join(", "),
            list(&seen),
        );
        host.write(text.as_bytes())
    }

    /// What a name is (a function, property or type), or what can be asked of a value.
    ///
    /// # Example
    /// ```rhai
    /// help("top"); help(flows)
    /// ```
    #[rhai_fn(return_raw)]
    pub fn help(ctx: NativeCallContext, what: Dynamic) -> Fallible<()> {
        let host = Host::current()?;
        let docs = host.docs();
        let name = match what.read_lock::<ImmutableString>() {
            Some(name) => name.to_string(),
            None if what.is::<FnPtr>() => "Fn".to_owned(),
            None => type_name(ctx.engine().map_type_name(what.type_name())),
        };
        let text = about(docs, &name)?;
        host.write(format!("{text}\n").as_bytes())
    }
}
