//! Snapshots, what differs between two, and how fast flows run.

use std::ops::ControlFlow;
use std::rc::Rc;

use rhai::plugin::*;
use rhai::{Dynamic, INT, Map, NativeCallContext};

use crate::flow::{Field, Flow, LabelMap, Unit, Value, View};
use crate::kernel::Source;
use crate::render::Column;
use crate::script::cells::record;
use crate::script::fault::Fallible;
use crate::script::host::Host;
use crate::script::objects::{FlowHandle, Flows, SnapshotHandle};
use crate::script::ops::{each, handle};
use crate::script::rows::Rows;
use crate::script::value::{Time, span, to_dynamic};
use crate::table::{self, Snapshot};

pub(super) fn module() -> Module {
    exported_module!(snapshot_api)
}

fn take(ctx: &NativeCallContext<'_>, query: &Flows) -> Fallible<SnapshotHandle> {
    let mut snapshot = Snapshot::new(query.source().now_ns());
    each(ctx.engine(), query, &mut |flow| {
        snapshot.push(flow);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(SnapshotHandle { snapshot: Rc::new(snapshot), source: Rc::clone(query.source()) })
}

/// What came, went and changed.
#[derive(Debug, Clone)]
pub(super) struct DiffHandle {
    diff: Rc<table::Diff>,
    source: Rc<dyn Source>,
}

fn flow_rows<'a>(flows: impl Iterator<Item = &'a Flow>, source: &Rc<dyn Source>) -> Rows {
    Rows::of_flows(flows.map(|flow| FlowHandle::new(flow.clone(), source)))
}

fn rate_rows(before: &Snapshot, after: &Snapshot) -> Fallible<Rows> {
    let mut rates: Vec<table::Rate> = table::rates(before, after).collect();
    let key = |rate: &table::Rate| rate.bits_per_s.unwrap_or(-1.0);
    rates.sort_by(|a, b| key(b).total_cmp(&key(a)));

    let tagged = rates.iter().any(|rate| rate.flow.netns().is_some());
    let named = |name: &&str| tagged || *name != "netns";
    let fields = ["netns", "proto", "src", "sport", "dst", "dport"].into_iter().filter(named);
    let fields: Vec<Field> = fields.filter_map(Field::named).collect();
    let mut columns: Vec<Column> =
        fields.iter().map(|field| Column::new(field.name(), field.unit())).collect();
    columns.extend(["bits", "packets"].map(|name| Column::new(name, Unit::Number)));

    let view = View { now_ns: 0, labels: &LabelMap::default() };
    let records = rates.iter().map(|rate| {
        let mut values: Vec<Value> = fields.iter().map(|f| f.get(&rate.flow, view)).collect();
        values.push(Value::or_absent(rate.bits_per_s, whole));
        values.push(Value::or_absent(rate.packets_per_s, |r| {
            // A flow may have less than one a second.
            Value::Float((r * 10.0).round() / 10.0)
        }));
        record(&columns, values)
    });
    let records = records.collect::<Fallible<Vec<_>>>()?;
    Ok(Rows::of_records(columns, records))
}

/// A rate without its fraction.
#[expect(clippy::cast_possible_truncation, clippy::as_conversions, reason = "it saturates")]
fn whole(rate: f64) -> Value {
    Value::Int(rate.round() as i64)
}

/// True for a field that says how traffic flows or time passes, which is no change, or that is read
/// off another field, which would tell of it twice.
fn is_passing(field: Field) -> bool {
    matches!(
        field,
        Field::Timeout | Field::Age | Field::Packets | Field::Bytes | Field::Refs | Field::SeqAdj
    ) || matches!(field, Field::DirPackets(_) | Field::DirBytes(_) | Field::ProtoInfo)
        || matches!(field, Field::Snat | Field::Dnat | Field::Nat)
        || matches!(field, Field::Assured | Field::Unreplied | Field::Related | Field::Offload)
}

/// A row for each field that differs.
fn changes(before: &Flow, after: &Flow, source: &Rc<dyn Source>) -> Fallible<Vec<Map>> {
    let host = Host::current()?;
    let view = host.view_of(&**source);
    let flow = handle(after, source);
    // What one of them does not tell of is no change.
    let told = before.told & after.told;
    let alike = |flow: &Flow| Flow { status: flow.status.map(|bits| bits & told), ..flow.clone() };
    let (before, after) = (&alike(before), &alike(after));
    let mut rows = Vec::new();
    for field in Field::all().filter(|field| !is_passing(*field)) {
        let (old, new) = (field.get(before, view), field.get(after, view));
        if old != new {
            rows.push(Map::from([
                ("flow".into(), flow.clone()),
                ("field".into(), field.name().into()),
                ("before".into(), to_dynamic(old)?),
                ("after".into(), to_dynamic(new)?),
            ]));
        }
    }
    Ok(rows)
}

#[export_module]
mod snapshot_api {
    /// Flows that were kept, packed: some 35 bytes each where they are many, up to 100.
    pub type Snapshot = SnapshotHandle;

    /// What differs between two snapshots.
    pub type Diff = DiffHandle;

    /// Keeps the flows as they are now.
    ///
    /// # Example
    /// ```rhai
    /// let before = flows.snapshot(); flows.snapshot().diff(before)
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn snapshot(ctx: NativeCallContext, query: &mut Flows) -> Fallible<SnapshotHandle> {
        take(&ctx, query)
    }

    /// Bits and packets per second of each flow between two snapshots `pause` apart, fastest
    /// first. Absent without `nf_conntrack_acct`; of a recording there are none.
    ///
    /// # Example
    /// ```rhai
    /// flows.rates(100.ms).top(3)
    /// ```
    #[rhai_fn(pure, return_raw)]
    pub fn rates(ctx: NativeCallContext, query: &mut Flows, pause: Dynamic) -> Fallible<Rows> {
        let pause = span("rates", &pause)?.to_std();
        query.source().lives()?;
        let before = take(&ctx, query)?;
        super::super::change::pause(pause)?;
        rate_rows(&before.snapshot, &take(&ctx, query)?.snapshot)
    }

    /// What came, went and changed since `before`: `added`, `removed`, `changed`.
    ///
    /// Counters and timeouts alone are no change.
    #[rhai_fn(pure)]
    pub fn diff(after: &mut SnapshotHandle, before: SnapshotHandle) -> DiffHandle {
        let diff = Rc::new(table::diff(&before.snapshot, &after.snapshot));
        DiffHandle { diff, source: Rc::clone(&after.source) }
    }

    /// How many flows it holds.
    #[rhai_fn(name = "count", name = "len", get = "len", pure)]
    pub fn count(snapshot: &mut SnapshotHandle) -> INT {
        INT::try_from(snapshot.snapshot.len()).unwrap_or(INT::MAX)
    }

    /// When it was taken.
    #[rhai_fn(get = "taken", pure)]
    pub fn taken(snapshot: &mut SnapshotHandle) -> Time {
        Time(snapshot.snapshot.taken_ns)
    }

    /// The memory that its flows take, in bytes.
    #[rhai_fn(get = "bytes", pure)]
    pub fn bytes(snapshot: &mut SnapshotHandle) -> INT {
        INT::try_from(snapshot.snapshot.bytes()).unwrap_or(INT::MAX)
    }

    /// Its flows as rows; they are unpacked for it.
    #[rhai_fn(name = "rows", pure)]
    pub fn snapshot_rows(snapshot: &mut SnapshotHandle) -> Rows {
        let flows = snapshot.snapshot.iter().map(|flow| FlowHandle::new(flow, &snapshot.source));
        Rows::of_flows(flows)
    }

    /// Flows that are only in the later one.
    #[rhai_fn(get = "added", pure)]
    pub fn added(diff: &mut DiffHandle) -> Rows {
        flow_rows(diff.diff.added.iter(), &diff.source)
    }

    /// Flows that are only in the earlier one.
    #[rhai_fn(get = "removed", pure)]
    pub fn removed(diff: &mut DiffHandle) -> Rows {
        flow_rows(diff.diff.removed.iter(), &diff.source)
    }

    /// What changed: a row for each `field` of a `flow`, with its value `before` and `after`; a flow
    /// of which two fields changed has two rows.
    ///
    /// # Example
    /// ```rhai
    /// let before = flows.snapshot();
    /// flows.snapshot().diff(before).changed.where(|row| row.field == "mark")
    /// ```
    #[rhai_fn(get = "changed", pure, return_raw)]
    pub fn changed(diff: &mut DiffHandle) -> Fallible<Rows> {
        let columns = ["flow", "field", "before", "after"];
        let columns = columns.map(|name| Column::new(name, Unit::Text)).to_vec();
        let mut rows = Vec::new();
        for (before, after) in &diff.diff.changed {
            rows.extend(changes(before, after, &diff.source)?);
        }
        Ok(Rows::of_records(columns, rows))
    }

    /// How many flows came, went, changed and stayed.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn diff_text(diff: &mut DiffHandle) -> String {
        let table::Diff { added, removed, changed, unchanged } = &*diff.diff;
        let (added, removed, changed) = (added.len(), removed.len(), changed.len());
        format!("added {added}, removed {removed}, changed {changed}, unchanged {unchanged}")
    }

    /// How many flows it holds, and when it was taken.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn snapshot_text(snapshot: &mut SnapshotHandle) -> String {
        let taken = crate::render::text(&Value::Time(snapshot.snapshot.taken_ns));
        format!("snapshot of {} flows at {taken}", snapshot.snapshot.len())
    }
}
