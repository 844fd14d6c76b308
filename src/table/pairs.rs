//! The flows of two snapshots side by side, found by the hashes of their packed keys. The hash is
//! keyed at random: addresses and ports are chosen by strangers.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use super::pack::{key, unpack};
use super::snapshot::Snapshot;
use crate::flow::Flow;

/// Each flow of the later snapshot once, with the one that it was in the earlier.
pub(super) struct Pairs<'a> {
    hasher: RandomState,
    /// The earlier snapshot, by hash.
    before: Vec<Entry<'a>>,
    /// Where in it the hashes begin that have these first bits: hashes are spread evenly, so there
    /// is about one. A binary search would miss the cache at every step.
    starts: Vec<usize>,
    /// How far a hash is shifted to leave its first bits.
    shift: u32,
    after: Box<dyn Iterator<Item = &'a [u8]> + 'a>,
    /// Keys of flows that had no partner: a dump may show a flow twice.
    fresh: HashSet<&'a [u8]>,
}

struct Entry<'a> {
    hash: u64,
    packed: &'a [u8],
    place: u32,
    paired: bool,
}

impl<'a> Pairs<'a> {
    pub(super) fn new(before: &'a Snapshot, after: &'a Snapshot) -> Self {
        let hasher = RandomState::new();
        let mut entries = Vec::with_capacity(before.len());
        entries.extend(before.packed().zip(0..).map(|(packed, place)| {
            let hash = hasher.hash_one(key(packed));
            Entry { hash, packed, place, paired: false }
        }));
        entries.sort_unstable_by_key(|entry| (entry.hash, entry.place));
        // Of a flow that was shown twice, the later showing is the newer.
        entries.dedup_by(|later, earlier| {
            let same = later.is(earlier.hash, key(earlier.packed));
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
        let bits = entries.len().max(2).ilog2();
        let shift = u64::BITS - bits;
        let start = |first_bits| entries.partition_point(|entry| entry.hash >> shift < first_bits);
        let starts = (0..1 << bits).map(start).collect();
        let after = Box::new(after.packed());
        Self { hasher, before: entries, starts, shift, after, fresh: HashSet::new() }
    }

    fn find(&mut self, hash: u64, key: &[u8]) -> Option<&mut Entry<'a>> {
        let bucket = usize::try_from(hash >> self.shift).ok()?;
        let start = *self.starts.get(bucket)?;
        let near = self.before.iter_mut().skip(start);
        near.take_while(|entry| entry.hash <= hash).find(|entry| entry.is(hash, key))
    }

    /// The flows of the earlier snapshot that had no partner, in its order.
    pub(super) fn unpaired(mut self) -> Vec<Flow> {
        self.before.retain(|entry| !entry.paired);
        self.before.sort_unstable_by_key(|entry| entry.place);
        self.before.iter().filter_map(|entry| Some(unpack(entry.packed)?.0)).collect()
    }
}

impl Entry<'_> {
    fn is(&self, hash: u64, wanted: &[u8]) -> bool {
        self.hash == hash && key(self.packed) == wanted
    }
}

impl Iterator for Pairs<'_> {
    type Item = (Option<Flow>, Flow);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let packed = self.after.next()?;
            let (key, hash) = (key(packed), self.hasher.hash_one(key(packed)));
            let (new, _) = unpack(packed)?;
            let old = match self.find(hash, key) {
                Some(entry) if entry.paired => continue,
                Some(entry) => unpack(entry.packed)
                    .map(|(old, _)| old)
                    .filter(|old| is_same(old, &new))
                    .inspect(|_| entry.paired = true),
                None => None,
            };
            if old.is_some() || self.fresh.insert(key) {
                return Some((old, new));
            }
        }
    }
}

/// False if both say when or as what they were made, and say different things.
fn is_same(old: &Flow, new: &Flow) -> bool {
    let ids = old.id.zip(new.id).is_none_or(|(old, new)| old == new);
    ids && old.start_ns.zip(new.start_ns).is_none_or(|(old, new)| same_moment(old, new))
}

/// Equal, or as equal as can be told: conntrack prints a start to the second.
fn same_moment(a_ns: u64, b_ns: u64) -> bool {
    const SECOND_NS: u64 = 1_000_000_000;
    let is_cut = a_ns.is_multiple_of(SECOND_NS) || b_ns.is_multiple_of(SECOND_NS);
    a_ns == b_ns || is_cut && a_ns / SECOND_NS == b_ns / SECOND_NS
}
