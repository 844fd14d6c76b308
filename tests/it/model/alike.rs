//! Flows whose names are alike. The kernel looks for a tuple among both directions of every flow, and
//! lets one flow look like the answers of another if the zone of a direction is not that of the other.

use std::collections::HashMap;

use super::record::{End, Record};
use super::round::key;

/// True if a look-up by the original direction of a flow, which is not as narrow as flowsh's, finds
/// that flow or another.
pub(super) fn ambiguous(records: &[Record]) -> bool {
    // Named without the zone of its reply direction, a flow is looked for in the default zone.
    any(records, |record| match record.orig.zone {
        Some(_) => Some(0),
        None => Some(record.zone.unwrap_or(0)),
    })
}

/// True if a flow that is not in the default zone looks like the answers of one that is. No name of
/// the one keeps out the other, and where both fall into one place of the kernel's hash table,
/// either is found. That of a test is small.
pub(super) fn crowded(records: &[Record]) -> bool {
    any(records, |record| record.zone.or(record.orig.zone).map(|_| 0))
}

/// True if a flow that is `sought` among answers in a zone looks like those of another there.
fn any(records: &[Record], sought: impl Fn(&Record) -> Option<u16>) -> bool {
    let mut replies: HashMap<(End, u16), Vec<&Record>> = HashMap::new();
    for record in records {
        let place = (record.reply.anywhere(), record.zones()[1]);
        replies.entry(place).or_default().push(record);
    }
    records.iter().any(|record| {
        let others = sought(record).and_then(|zone| replies.get(&(record.orig.anywhere(), zone)));
        others.is_some_and(|others| others.iter().any(|other| key(other) != key(record)))
    })
}
