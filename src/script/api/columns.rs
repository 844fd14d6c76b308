//! `select` and `group`, the verbs that take any number of columns, and `rows` of maps.

use std::ops::ControlFlow;
use std::rc::Rc;

use rhai::plugin::*;
use rhai::{Array, Dynamic, FuncRegistration, ImmutableString, Map};

use crate::flow::{Field, Unit};
use crate::render::Column;
use crate::script::cells::record;
use crate::script::fault::{Fallible, Fault};
use crate::script::host::Host;
use crate::script::objects::Flows;
use crate::script::ops::{Key, each};
use crate::script::rows::Rows;
use crate::script::value::describe;
use crate::table::Group;

/// Columns that one `select` or `group` takes at most.
const COLUMNS: usize = 16;

pub(super) fn module() -> Module {
    let mut module = exported_module!(columns_api);
    register(&mut module);
    module
}

/// Registers each verb once per number of columns: Rhai has no variadic functions.
fn register(module: &mut Module) {
    type Verb = fn(&NativeCallContext<'_>, &Flows, &[Dynamic]) -> Fallible<Rows>;
    let verbs: [(&str, Verb, &[&str]); 2] = [
        (
            "select",
            select,
            &[
                "/// The chosen columns of every flow: names of fields, or a map of names and closures.",
                "///",
                "/// # Example",
                "/// ```rhai",
                "/// flows.select(\"src\", \"dst\", #{ net: |f| f.src.net(24) })",
                "/// ```",
            ],
        ),
        (
            "group",
            group,
            &[
                "/// One row per value of the fields: flows, packets, bytes; sorted by flows.",
                "///",
                "/// Keys are names of fields, closures, or a map of names and closures. Packets and bytes",
                "/// are absent in a group none of whose flows has counters. Keeps one row per value.",
                "///",
                "/// # Example",
                "/// ```rhai",
                "/// flows.group(\"dst\", \"dport\").top(10, \"bytes\")",
                "/// ```",
            ],
        ),
    ];
    for (name, verb, doc) in verbs {
        for count in 1..=COLUMNS {
            let mut types = vec![std::any::TypeId::of::<Flows>()];
            types.resize(count + 1, std::any::TypeId::of::<Dynamic>());
            // The one that is documented stands for all.
            let more = if count == 1 { ", …" } else { "" };
            let params = (1..=count).map(|n| format!("column{n}: string|Fn|map|array{more}"));
            let params = std::iter::once("flows: &mut Query".to_owned()).chain(params);
            let function = move |ctx: Option<NativeCallContext<'_>>, args: &mut [&mut Dynamic]| {
                let (Some(ctx), Some((query, columns))) = (ctx, args.split_first()) else {
                    return Fault::new(format!("{name} was called without its flows")).throw();
                };
                let columns: Vec<Dynamic> = columns.iter().map(|&&mut ref c| c.clone()).collect();
                let query = query.read_lock::<Flows>().map(|query| query.clone());
                let query = query.ok_or_else(|| Fault::new("not a query").thrown())?;
                verb(&ctx, &query, &columns).map(Dynamic::from)
            };
            FuncRegistration::new(name)
                .with_params_info(params.chain(["Rows".to_owned()]))
                .with_comments(if count == 1 { doc } else { &[] })
                .set_into_module_raw(
                    module,
                    types,
                    rhai::RhaiFunc::Pure {
                        func: Rc::new(function),
                        has_context: true,
                        is_pure: true,
                        is_volatile: true,
                    },
                );
        }
    }
}

#[export_module]
mod columns_api {
    /// Rows from an array of maps, with these columns in this order; what a map lacks is absent.
    ///
    /// # Example
    /// ```rhai
    /// let hosts = flows.distinct("src").map(|host| #{ host: host, ours: host.is_private() });
    /// hosts.rows(["host", "ours"])
    /// ```
    #[rhai_fn(name = "rows", return_raw)]
    pub fn rows_of(maps: Array, columns: Array) -> Fallible<Rows> {
        let maps = maps.iter().map(|item| match item.read_lock::<Map>() {
            Some(map) => Ok(map.clone()),
            None => Fault::new(format!("rows needs maps, found {}", describe(item))).throw(),
        });
        let maps = maps.collect::<Fallible<Vec<Map>>>()?;
        let column = |name: &Dynamic| {
            let name = name.to_string();
            let unit = Field::named(&name).map_or(Unit::Text, Field::unit);
            Column::new(name, unit)
        };
        Ok(Rows::of_records(columns.iter().map(column).collect(), maps))
    }
}

/// Columns with what fills them.
fn keys(
    ctx: &NativeCallContext<'_>,
    verb: &str,
    columns: &[Dynamic],
) -> Fallible<(Vec<Column>, Vec<Key>)> {
    let (mut named, mut keys) = (Vec::new(), Vec::new());
    let mut push = |name: String, key: Key| {
        let unit = match &key {
            Key::Field(field) => field.unit(),
            Key::Lookup(_) | Key::Closure(_) => Unit::Text,
        };
        named.push(Column::new(name, unit));
        keys.push(key);
    };
    for (index, column) in columns.iter().enumerate() {
        if let Some(list) = column.read_lock::<Array>() {
            let (more, more_keys) = self::keys(ctx, verb, &list)?;
            more.into_iter().zip(more_keys).for_each(|(column, key)| push(column.name, key));
        } else if let Some(map) = column.read_lock::<Map>() {
            for (name, key) in map.iter() {
                push(name.to_string(), Key::new(ctx, verb, key.clone())?);
            }
        } else {
            let name = column.read_lock::<ImmutableString>().map(|name| name.to_string());
            let unnamed = if index == 0 { "key".to_owned() } else { format!("key{}", index + 1) };
            push(name.unwrap_or(unnamed), Key::new(ctx, verb, column.clone())?);
        }
    }
    if keys.is_empty() {
        return Fault::new(format!("{verb} needs at least one column")).throw();
    }
    Ok((named, keys))
}

/// An error if two columns have one name: a row is a map and would keep only the last.
fn only_once(verb: &str, columns: &[Column]) -> Fallible<()> {
    let twice = columns.iter().enumerate().find(|(index, column)| {
        columns.iter().take(*index).any(|before| before.name == column.name)
    });
    let Some((_, Column { name, .. })) = twice else { return Ok(()) };
    Fault::new(format!("{verb} would have two columns `{name}`"))
        .hint(format!("give one another name: #{{ other: |f| f.{name} }}"))
        .throw()
}

fn select(ctx: &NativeCallContext<'_>, query: &Flows, columns: &[Dynamic]) -> Fallible<Rows> {
    let (columns, keys) = keys(ctx, "select", columns)?;
    only_once("select", &columns)?;
    Ok(Rows::selected(query.clone(), columns, keys))
}

fn group(ctx: &NativeCallContext<'_>, query: &Flows, columns: &[Dynamic]) -> Fallible<Rows> {
    let (mut columns, keys) = keys(ctx, "group", columns)?;
    columns.push(Column::new("flows", Unit::Number));
    columns.push(Column::new("packets", Unit::Number));
    columns.push(Column::new("bytes", Unit::Bytes));
    only_once("group", &columns)?;
    let host = Host::current()?;
    let fields: Option<Vec<_>> = keys.iter().map(Key::field).collect();
    let native = fields.is_some();
    let keys: Vec<Key> = keys.iter().map(Key::now).collect();
    let mut groups = Group::new(fields.unwrap_or_default());
    let view = host.view_of(&**query.source());
    each(ctx.engine(), query, &mut |flow| {
        if native {
            groups.add(flow, view);
        } else {
            let values = keys.iter().map(|key| key.value(ctx.engine(), flow, view, query.source()));
            groups.add_as(values.collect::<Fallible<Vec<_>>>()?, flow);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let rows = groups.finish();
    let records: Vec<Map> =
        rows.into_iter().map(|row| record(&columns, row.into_values())).collect::<Fallible<_>>()?;
    Ok(Rows::of_records(columns, records))
}
