//! `explain()`: what would be done where, for queries, changes and subscriptions.

use rhai::plugin::*;
use rhai::{ImmutableString, Map};

use super::change::{limit, reads_only};
use crate::script::explain::{Verb, explain as plan, explain_events, explain_listener};
use crate::script::fault::{Fallible, Fault};
use crate::script::host::Host;
use crate::script::objects::{Flows, Handle};
use crate::script::value::text_of;
use crate::script::waiting::Events;
use crate::table::closest;

pub(super) fn module() -> Module {
    exported_module!(explain_api)
}

#[export_module]
mod explain_api {
    /// What would be done where: by the kernel, by native code, by the interpreter; what is kept
    /// meanwhile; and what each took in the last run of this query.
    ///
    /// Flows sent, flows in and out. Time of the kernel is time waited for it, and that of native
    /// code includes what was made of the flows.
    ///
    /// # Example
    /// ```rhai
    /// let web = flows("tcp dport 443"); web.count(); print(web.explain())
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn explain(query: &mut Flows) -> Fallible<String> {
        Ok(plan(&*Host::current()?, query, Verb::reading()))
    }

    /// The same for one verb: what `"sort"` or `"group"` keeps, how `"delete"` goes about it.
    ///
    /// Nothing is read or changed.
    ///
    /// # Example
    /// ```rhai
    /// print(flows("udp dport 53").explain("delete"))
    /// ```
    #[rhai_fn(name = "explain", pure, return_raw)]
    pub fn explain_verb(query: &mut Flows, verb: ImmutableString) -> Fallible<String> {
        explain_with(query, verb, Map::new())
    }

    /// The same for a change with its options: `flows(…).explain("delete", #{ max: 5000 })`.
    #[rhai_fn(name = "explain", pure, return_raw)]
    pub fn explain_with(
        query: &mut Flows,
        verb: ImmutableString,
        options: Map,
    ) -> Fallible<String> {
        limit(&options)?;
        let (host, max) = (Host::current()?, options.get("max").map(text_of));
        match Verb::named(&verb, max.as_deref()) {
            Some(verb @ Verb::Change(..)) => {
                reads_only(query)?;
                Ok(plan(&host, query, verb))
            }
            Some(_) if max.is_some() => {
                Fault::new(format!("`{verb}` has no option `max`: it changes nothing")).throw()
            }
            Some(verb) => Ok(plan(&host, query, verb)),
            None => {
                let fault = Fault::new(format!("there is no `{verb}` to explain"));
                match closest(&verb, Verb::names()) {
                    Some(near) => fault.hint(format!("did you mean `{near}`?")),
                    None => fault.hint("such as count, sort, group, delete"),
                }
                .throw()
            }
        }
    }

    /// What is listened to, and who judges each event.
    ///
    /// # Example
    /// ```rhai
    /// print(flows("tcp").events("new").explain())
    /// ```
    #[rhai_fn(name = "explain", pure)]
    pub fn events(events: &mut Events) -> String {
        explain_events(events)
    }

    /// What this handler listens to, who judges each event, and how often it is called.
    ///
    /// # Example
    /// ```rhai
    /// print(flows("tcp").on("new", |e| log(e)).explain()); stop();
    /// ```
    #[rhai_fn(name = "explain", return_raw)]
    pub fn handler(handle: Handle) -> Fallible<String> {
        match Host::current()?.stage.borrow().listener(handle.0) {
            Some(listener) => Ok(explain_listener(&listener)),
            None => Fault::new("this is no handler of events, or it is off already").throw(),
        }
    }
}
