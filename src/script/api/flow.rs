//! One flow: its fields, its two directions, deleting and changing it.

use std::rc::Rc;

use rhai::plugin::*;
use rhai::{Dynamic, FuncRegistration, Map};

use crate::flow::{Direction, Field, LabelMap, Unit, Value, View};
use crate::script::fault::Fallible;
use crate::script::host::Host;
use crate::script::lookup::Lookup;
use crate::script::objects::{FlowHandle, Side};
use crate::script::ops::field;
use crate::script::value::to_dynamic;

/// Fields that only a direction has, as `f.orig.zone`.
pub(in crate::script) const SIDE: [&str; 10] = [
    "src",
    "dst",
    "sport",
    "dport",
    "icmp_type",
    "icmp_code",
    "icmp_id",
    "zone",
    "packets",
    "bytes",
];

pub(super) fn module() -> Module {
    let mut module = exported_module!(flow_api);
    for field in Field::all().filter(|field| !field.name().contains('.')) {
        FuncRegistration::new_getter(field.name())
            .with_params_info(["flow: &mut Flow", kind(field.name(), field.unit())])
            .with_comments([format!("/// {}.", sentence(field.doc()))])
            .with_purity(true)
            .set_into_module(&mut module, move |row: &mut FlowHandle| read(row, field));
    }
    for name in SIDE {
        let fields = side_fields(name);
        let unit = Field::named(name).map_or(Unit::Number, Field::unit);
        let doc = match name {
            "src" => "Source address of this direction",
            "dst" => "Destination address of this direction",
            "sport" => "Source port of this direction; absent without ports",
            "dport" => "Destination port of this direction; absent without ports",
            "zone" => "Zone of this direction alone; absent if both directions share one",
            "packets" => "Packets of this direction; absent without `nf_conntrack_acct`",
            "bytes" => "Bytes of this direction; absent without `nf_conntrack_acct`",
            _ => "As the packets of this direction have it; absent but for icmp and icmpv6",
        };
        FuncRegistration::new_getter(name)
            .with_params_info(["side: &mut Side", kind(name, unit)])
            .with_comments([format!("/// {doc}.")])
            .with_purity(true)
            .set_into_module(&mut module, move |side: &mut Side| side_value(side, fields));
    }
    module
}

/// The type of a field as help shows it.
pub(super) fn kind(name: &str, unit: Unit) -> &'static str {
    match unit {
        Unit::Number | Unit::Bytes => "int",
        Unit::Duration => "Duration",
        Unit::Time => "Time",
        Unit::Addr => "Ip",
        Unit::Text => "string",
        Unit::Bool => "bool",
        Unit::List if ["status", "labels", "flags"].contains(&name) => "array",
        Unit::List => "map",
    }
}

/// `text` with its first letter in upper case.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn read(row: &FlowHandle, field: Field) -> Fallible<Dynamic> {
    let host = Host::current()?;
    // The clock is dear enough to be asked only by the field that needs it.
    let now_ns = if field == Field::Age { row.source.now_ns() } else { 0 };
    to_dynamic(field.get(&row.flow, View { now_ns, labels: &host.labels }))
}

/// The field called `name` of the original and of the reply direction.
fn side_fields(name: &str) -> [Option<Field>; 2] {
    ["orig", "reply"].map(|side| Field::named(&format!("{side}.{name}")))
}

fn side(flow: &FlowHandle, direction: Direction) -> Side {
    Side { flow: Rc::clone(&flow.flow), source: Rc::clone(&flow.source), direction }
}

fn side_value(side: &Side, [orig, reply]: [Option<Field>; 2]) -> Fallible<Dynamic> {
    let field = match side.direction {
        Direction::Orig => orig,
        Direction::Reply => reply,
    };
    let view = View { now_ns: 0, labels: &LabelMap::default() };
    to_dynamic(field.map_or(Value::Absent, |field| field.get(&side.flow, view)))
}

#[export_module]
mod flow_api {
    /// One entry of the conntrack table, as it was when it was read.
    pub type Flow = FlowHandle;

    /// One direction of a flow.
    pub type Direction = Side;

    /// The direction of the first packet: `f.orig.src` is `f.src`.
    #[rhai_fn(get = "orig", pure)]
    pub fn orig(flow: &mut FlowHandle) -> Side {
        side(flow, crate::flow::Direction::Orig)
    }

    /// The direction of the answers; NAT makes it differ from the inverse of `orig`.
    #[rhai_fn(get = "reply", pure)]
    pub fn reply(flow: &mut FlowHandle) -> Side {
        side(flow, crate::flow::Direction::Reply)
    }

    /// A field by its name, also one of a direction: `f["reply.src"]`.
    #[rhai_fn(index_get, pure, return_raw)]
    pub fn by_name(flow: &mut FlowHandle, name: &str) -> Fallible<Dynamic> {
        if let Some(lookup) = Lookup::named(name) {
            return to_dynamic(lookup.value(&*Host::current()?, flow)?);
        }
        to_dynamic(field(name)?.get(&flow.flow, Host::current()?.view_of(&*flow.source)))
    }

    /// All fields that the kernel sent, in a map.
    ///
    /// # Example
    /// ```rhai
    /// for f in flows.take(1) { print(f.to_map().keys()) }
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn to_map(flow: &mut FlowHandle) -> Fallible<Map> {
        let host = Host::current()?;
        let view = host.view_of(&*flow.source);
        let mut map = Map::new();
        for field in Field::all() {
            let value = field.get(&flow.flow, view);
            if !value.is_absent() {
                map.insert(field.name().into(), to_dynamic(value)?);
            }
        }
        Ok(map)
    }

    /// The flow as it is now, or `()` if it is gone, also if another has taken its name.
    ///
    /// # Example
    /// ```rhai
    /// for f in flows.take(1) { f.refresh() }
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn refresh(flow: &mut FlowHandle) -> Fallible<Dynamic> {
        Ok(flow.now()?.map_or(Dynamic::UNIT, Dynamic::from))
    }

    /// True if both are the same flow: the same original direction in the same zone and namespace.
    #[rhai_fn(name = "==")]
    pub fn same(a: FlowHandle, b: FlowHandle) -> bool {
        let key = |flow: &crate::flow::Flow| (flow.orig, flow.zone, flow.netns().cloned());
        key(&a.flow) == key(&b.flow)
    }

    /// False if both are the same flow.
    #[rhai_fn(name = "!=")]
    pub fn different(a: FlowHandle, b: FlowHandle) -> bool {
        !same(a, b)
    }

    /// True if `value` is among nothing: never. So that `"voip" in f.labels` is false, not an
    /// error, for a flow without labels.
    #[rhai_fn(name = "contains")]
    pub fn nothing_contains(_nothing: (), _value: Dynamic) -> bool {
        false
    }

    /// True if nothing is in the text: never. So that `f.helper in "ftp sip"` is false, not an
    /// error, for a flow without a helper.
    #[rhai_fn(name = "contains")]
    pub fn text_has_nothing(_text: &str, _nothing: ()) -> bool {
        false
    }

    /// The flow on one line.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn flow_text(flow: &mut FlowHandle) -> String {
        flow.flow.to_string()
    }
}
