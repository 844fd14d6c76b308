//! `settings`: the `nf_conntrack_*` sysctls by name.

use rhai::plugin::*;
use rhai::{Array, Dynamic, INT, Map};

use crate::kernel::sysctl;
use crate::script::fault::{Fallible, Fault};
use crate::script::host::Host;
use crate::script::objects::Settings;
use crate::script::value::{SECOND, Span, describe};
use crate::table::closest;

pub(super) fn module() -> Module {
    exported_module!(settings_api)
}

/// An error for a name that is no sysctl, with the nearest that is.
fn check(settings: &Settings, name: &str) -> Fallible<()> {
    let names = sysctl::names(settings.source.live()?.netns())?;
    if names.iter().any(|known| known == name) {
        return Ok(());
    }
    let fault = Fault::new(format!("this kernel has no setting `{name}`"));
    match closest(name, names.iter().map(String::as_str)) {
        Some(near) => fault.hint(format!("did you mean `{near}`?")).throw(),
        None => fault.hint("settings.names lists them").throw(),
    }
}

/// The number that is written for a script's value.
fn number(name: &str, value: &Dynamic) -> Fallible<i64> {
    if let Ok(on) = value.as_bool() {
        return Ok(on.into());
    }
    if let Some(span) = value.read_lock::<Span>() {
        return Ok(span.0.div_euclid(SECOND));
    }
    value.as_int().map_err(|_| {
        let message = format!("{name} needs a number, found {}", describe(value));
        Fault::new(message).thrown()
    })
}

#[export_module]
mod settings_api {
    /// The conntrack settings of a namespace: `settings.max`, `settings.acct = true`.
    pub type Settings = crate::script::objects::Settings;

    /// The sysctl `net.netfilter.nf_conntrack_NAME` as a number: `settings.count`.
    ///
    /// # Example
    /// ```rhai
    /// settings.count <= settings.max
    /// ```
    #[rhai_fn(index_get, pure, return_raw)]
    pub fn read(settings: &mut Settings, name: &str) -> Fallible<INT> {
        check(settings, name)?;
        Ok(sysctl::read(settings.source.live()?.netns(), name)?)
    }

    /// Sets the sysctl; true and false are 1 and 0, a duration is seconds. `acct` and `timestamp`
    /// count for flows that begin afterwards.
    ///
    /// # Example
    /// ```rhai
    /// settings.acct = true
    /// ```
    #[rhai_fn(index_set, pure, return_raw)]
    pub fn write(settings: &mut Settings, name: &str, value: Dynamic) -> Fallible<()> {
        // Rhai writes a property back after a method was called on it: `settings.names.len()`.
        if name == "names" && value.is_array() {
            return Ok(());
        }
        check(settings, name)?;
        let (live, number) = (settings.source.live()?, number(name, &value)?);
        // Likewise `settings.max.to_string()`.
        if sysctl::read(live.netns(), name)? == number {
            return Ok(());
        }
        if live.is_dry_run() {
            Host::current()?.message(&format!("would have set nf_conntrack_{name} to {number}"));
        }
        Ok(live.set_sysctl(name, number)?)
    }

    /// The names of all settings.
    ///
    /// # Example
    /// ```rhai
    /// "max" in settings.names
    /// ```
    #[rhai_fn(get = "names", pure, return_raw)]
    pub fn names(settings: &mut Settings) -> Fallible<Array> {
        let names = sysctl::names(settings.source.live()?.netns())?;
        Ok(names.into_iter().map(Dynamic::from).collect())
    }

    /// All settings in a map; those that hold no single number are left out.
    #[rhai_fn(pure, return_raw)]
    pub fn to_map(settings: &mut Settings) -> Fallible<Map> {
        let netns = settings.source.live()?.netns();
        let names = sysctl::names(netns)?;
        let read =
            |name: String| Some((name.as_str().into(), sysctl::read(netns, &name).ok()?.into()));
        Ok(names.into_iter().filter_map(read).collect())
    }

    /// All settings as text.
    #[rhai_fn(name = "to_string", name = "to_debug", pure, return_raw)]
    pub fn settings_text(settings: &mut Settings) -> Fallible<String> {
        let lines = to_map(settings)?;
        let lines: Vec<_> = lines.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        Ok(lines.join("\n"))
    }
}
