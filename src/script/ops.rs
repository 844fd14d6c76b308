//! What the script-visible verbs share: walking a query with its closures, and keys that are a
//! field's name or a closure.

use std::ops::ControlFlow;
use std::rc::Rc;

use rhai::{Dynamic, Engine, FnPtr, ImmutableString, Map, NativeCallContext};

use super::closure::Closure;
use super::expr::{Row, Subject};
use super::fault::{Fallible, Fault};
use super::host::Host;
use super::lookup::{Lookup, PROCESS};
use super::objects::{EventHandle, FilterHandle, FlowHandle, Flows};
use super::value::{Span, describe, from_dynamic, text_of};
use crate::flow::{Field, Filter, Flow, Network, Value, View};
use crate::kernel::{Pace, Source};
use crate::table::{Cursor, closest, parse_field_test, parse_filter};

/// Answers the script calls of a filter.
pub(super) fn asker<'a>(
    engine: &'a Engine,
    source: &Rc<dyn Source>,
) -> impl FnMut(&Closure, &Flow) -> Fallible<bool> + use<'a> {
    let source = Rc::clone(source);
    let now_ns = source.now_ns();
    let mut kept: Option<Rc<Flow>> = None;
    move |question, flow| {
        let host = Host::current()?;
        let row = Row::Flow(flow, View { now_ns, labels: &host.labels });
        question.ask(engine, row, || {
            // The memory of the last flow is used again, unless the closure kept it.
            let place = kept.get_or_insert_with(|| Rc::new(flow.clone()));
            Rc::make_mut(place).clone_from(flow);
            let (flow, source) = (Rc::clone(place), Rc::clone(&source));
            Dynamic::from(FlowHandle { flow, source })
        })
    }
}

/// Answers the script calls of a filter of events.
pub(super) fn event_asker<'a>(
    host: &'a Host,
    engine: &'a Engine,
    event: &'a EventHandle,
) -> impl FnMut(&Closure, &Flow) -> Fallible<bool> + 'a {
    move |question, flow| {
        let row = Row::Flow(flow, host.view_of(&*event.source));
        question.ask(engine, row, || event.flow().unwrap_or_default())
    }
}

/// A flow as a script's value.
pub(super) fn handle(flow: &Flow, source: &Rc<dyn Source>) -> Dynamic {
    Dynamic::from(FlowHandle::new(flow.clone(), source))
}

/// Shows every flow of `query` to `visit` until that breaks; `visit` changes none of them, as they may
/// have been received a little before.
///
/// # Errors
///
/// The table cannot be read, or a closure throws.
pub(super) fn each(engine: &Engine, query: &Flows, visit: Visit<'_>) -> Fallible<()> {
    walk(engine, query, query.cursor()?.at(Pace::Ahead), visit)
}

/// The same for a `visit` that a script wrote, which may change the flow that it is given.
///
/// # Errors
///
/// As [`each`].
pub(super) fn each_in_step(engine: &Engine, query: &Flows, visit: Visit<'_>) -> Fallible<()> {
    walk(engine, query, query.cursor()?, visit)
}

/// What is done with a flow, and whether to go on.
type Visit<'a> = &'a mut dyn FnMut(&Flow) -> Fallible<ControlFlow<()>>;

fn walk(
    engine: &Engine,
    query: &Flows,
    mut cursor: Cursor<Closure>,
    visit: Visit<'_>,
) -> Fallible<()> {
    let mut ask = asker(engine, query.source());
    while let Some(flow) = cursor.next(&mut ask)? {
        if visit(flow)?.is_break() {
            break;
        }
    }
    drop(cursor);
    Host::current()?.count_run(query);
    Ok(())
}

/// A filter from whatever a script may write one as.
///
/// # Errors
///
/// A text or a map that cannot be read, or another type.
pub(super) fn to_filter(ctx: &NativeCallContext<'_>, filter: Dynamic) -> Fallible<Filter<Closure>> {
    let host = Host::current()?;
    if let Some(text) = filter.read_lock::<ImmutableString>() {
        return Ok(parse_filter(&text, &host.labels)?.widen());
    }
    if let Some(map) = filter.read_lock::<Map>() {
        return map_filter(&host, &map);
    }
    if let Some(known) = filter.read_lock::<FilterHandle>() {
        return Ok(known.0.clone());
    }
    let found = describe(&filter);
    match filter.try_cast::<FnPtr>() {
        Some(closure) => Ok(Filter::Ask(Closure::new(ctx, closure, Subject::Flow))),
        None => Fault::new(format!("a filter is text, a map, a closure or a filter, not {found}"))
            .hint("for example \"tcp dport 443\", #{ dport: 443 } or |f| f.dport == 443")
            .throw(),
    }
}

/// What all entries of `map` take: each is a field and what it must be.
fn map_filter(host: &Host, map: &Map) -> Fallible<Filter<Closure>> {
    let mut filter = Filter::All;
    for (field, value) in map {
        let test = match value.as_bool() {
            // A flag is a word of its own.
            Ok(true) => parse_filter(field, &host.labels)?,
            Ok(false) => parse_filter(field, &host.labels)?.negate(),
            Err(_) => parse_field_test(field, &filter_text(field, value)?, &host.labels)?,
        };
        filter = filter.and(test.widen());
    }
    Ok(filter)
}

/// A value in the words of a filter text.
fn filter_text(field: &str, value: &Dynamic) -> Fallible<String> {
    if let Some(items) = value.read_lock::<rhai::Array>() {
        let texts = items.iter().map(|item| filter_text(field, item));
        return Ok(format!("{{{}}}", texts.collect::<Fallible<Vec<_>>>()?.join(", ")));
    }
    if let Some(span) = value.read_lock::<Span>() {
        return Ok(format!("{}ns", span.0));
    }
    if let Some(range) = value.read_lock::<std::ops::Range<i64>>() {
        return Ok(format!("{}..{}", range.start, range.end));
    }
    if let Some(range) = value.read_lock::<std::ops::RangeInclusive<i64>>() {
        return Ok(format!("{}-{}", range.start(), range.end()));
    }
    match from_dynamic(value) {
        Value::Int(_) | Value::Float(_) | Value::Addr(_) | Value::Net(_) => Ok(text_of(value)),
        Value::Text(text) if value.is_string() => Ok(value_text(field, &text)),
        _ => Fault::new(format!("`{field}` cannot be compared with {}", describe(value))).throw(),
    }
}

/// A text as a value of `field`, a comparison before it or not: names may have blanks and quotes in
/// them, and are quoted then.
fn value_text(field: &str, text: &str) -> String {
    let named = matches!(field, "helper" | "netns" | "secctx" | "label");
    let plain =
        !text.contains([' ', '"', '\'']) || text.starts_with(['!', '<', '>', '=', '{', '"', '\'']);
    if !named || plain {
        return text.to_owned();
    }
    let mark = if text.contains('"') { '\'' } else { '"' };
    format!("{mark}{text}{mark}")
}

/// What a verb works on: the value of a field, or what a closure makes of a flow.
#[derive(Debug, Clone)]
pub(crate) enum Key {
    /// A field.
    Field(Field),
    /// Something that the system is asked.
    Lookup(Lookup),
    /// A closure of one flow.
    Closure(Closure),
}

impl Key {
    /// A key from a field's name or a closure.
    ///
    /// # Errors
    ///
    /// No such field, or another type; `verb` names who wants it.
    pub(super) fn new(ctx: &NativeCallContext<'_>, verb: &str, key: Dynamic) -> Fallible<Self> {
        if let Some(name) = key.read_lock::<ImmutableString>() {
            return match Lookup::named(&name) {
                Some(lookup) => Ok(Self::Lookup(lookup)),
                None => field(&name).map(Self::Field),
            };
        }
        let found = describe(&key);
        match key.try_cast::<FnPtr>() {
            Some(closure) => Ok(Self::Closure(Closure::new(ctx, closure, Subject::Flow))),
            None => {
                let message = format!("{verb} needs the name of a field or a closure, not {found}");
                Fault::new(message).throw()
            }
        }
    }

    /// The field, if it is one.
    pub(crate) fn field(&self) -> Option<Field> {
        match self {
            Self::Field(field) => Some(*field),
            Self::Lookup(_) | Self::Closure(_) => None,
        }
    }

    /// Its value for `flow`.
    ///
    /// # Errors
    ///
    /// The closure throws.
    pub(super) fn value(
        &self,
        engine: &Engine,
        flow: &Flow,
        view: View<'_>,
        source: &Rc<dyn Source>,
    ) -> Fallible<Value> {
        match self {
            Self::Field(field) => Ok(field.get(flow, view)),
            Self::Lookup(lookup) => {
                lookup.value(&*Host::current()?, &FlowHandle::new(flow.clone(), source))
            }
            Self::Closure(closure) => {
                closure.value(engine, Row::Flow(flow, view), || handle(flow, source))
            }
        }
    }

    /// The same, as it is now: captured variables are read, and stay so.
    pub(super) fn now(&self) -> Self {
        match self {
            Self::Field(field) => Self::Field(*field),
            Self::Lookup(lookup) => Self::Lookup(*lookup),
            Self::Closure(closure) => Self::Closure(closure.now()),
        }
    }
}

/// The field called `name`.
///
/// # Errors
///
/// There is none; the nearest name is suggested.
pub(super) fn field(name: &str) -> Fallible<Field> {
    Field::named(name).ok_or_else(|| {
        if Lookup::named(name).is_some() {
            let hint = "select it, and go on with the rows: flows.select(\"src\", \"process\")";
            let message = format!("`{name}` is looked up, and no field of the table");
            return Fault::new(message).hint(hint).thrown();
        }
        let fault = Fault::new(format!("a flow has no field `{name}`"));
        match closest(name, Field::all().map(Field::name).chain([PROCESS])) {
            Some(near) => fault.hint(format!("did you mean `{near}`?")),
            None => fault.hint("`help(\"Flow\")` lists the fields"),
        }
        .thrown()
    })
}

/// An address from an address or its text.
///
/// # Errors
///
/// It is neither; `what` names the parameter.
pub(super) fn address(what: &str, value: &Dynamic) -> Fallible<std::net::IpAddr> {
    match from_dynamic(value) {
        Value::Addr(addr) => Ok(addr),
        Value::Text(text) if value.is_string() => text.parse().map_err(|_| {
            Fault::new(format!("{what} needs an IP address, found \"{text}\"")).thrown()
        }),
        _ => Fault::new(format!("{what} needs an IP address, found {}", describe(value))).throw(),
    }
}

/// A network from a network, an address, or the text of either.
///
/// # Errors
///
/// It is none of these.
pub(super) fn network(value: &Dynamic) -> Fallible<Network> {
    match from_dynamic(value) {
        Value::Net(net) => Ok(net),
        Value::Addr(addr) => Ok(Network::host(addr)),
        Value::Text(text) if value.is_string() => {
            text.parse::<Network>().map_err(|error| Fault::new(error).thrown())
        }
        _ => Fault::new(format!("a network is needed, found {}", describe(value))).throw(),
    }
}

/// The entries of an options map that `known` names; any other is an error.
///
/// # Errors
///
/// An entry that is not known, with the nearest that is.
pub(super) fn only_known(what: &str, map: &Map, known: &[&str]) -> Fallible<()> {
    for name in map.keys() {
        if !known.contains(&name.as_str()) {
            let fault = Fault::new(format!("{what} has no option `{name}`"));
            return match closest(name, known.iter().copied()) {
                Some(near) => fault.hint(format!("did you mean `{near}`?")),
                None => fault.hint(format!("it has {}", known.join(", "))),
            }
            .throw();
        }
    }
    Ok(())
}
