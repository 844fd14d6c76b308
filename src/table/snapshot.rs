//! A table kept in memory, packed. Comparing two is for [`diff`](super::diff).

use super::pack::{Bytes, pack, put_bytes, unpack};
use crate::flow::Flow;

/// Every flow of a query at one time.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// When it was taken, nanoseconds since 1970.
    pub taken_ns: u64,
    /// Packed flows behind their lengths. Blocks never grow, so that nothing is ever copied.
    blocks: Vec<Vec<u8>>,
    len: usize,
    /// The flow at hand, whose length must be known before it is placed.
    scratch: Vec<u8>,
}

/// The size of a block. The first ones are as small as what came before them together.
const BLOCK_BYTES: usize = 1 << 20;
const FIRST_BLOCK_BYTES: usize = 1 << 12;
/// The most that a length takes.
const LENGTH_BYTES: usize = 10;

impl Snapshot {
    /// An empty snapshot of a table as it is at `taken_ns`.
    #[must_use]
    pub fn new(taken_ns: u64) -> Self {
        Self { taken_ns, ..Self::default() }
    }

    /// Adds a flow.
    pub fn push(&mut self, flow: &Flow) {
        self.scratch.clear();
        pack(flow, &mut self.scratch);
        let needed = self.scratch.len() + LENGTH_BYTES;
        let room = self.blocks.last().map_or(0, |block| block.capacity() - block.len());
        if room < needed {
            let size = self.bytes().clamp(FIRST_BLOCK_BYTES, BLOCK_BYTES).max(needed);
            self.blocks.push(Vec::with_capacity(size));
        }
        if let Some(block) = self.blocks.last_mut() {
            put_bytes(block, &self.scratch);
            self.len += 1;
        }
    }

    /// How many flows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// True if there is no flow.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Memory that the flows take, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.blocks.iter().map(Vec::capacity).sum()
    }

    /// The flows in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = Flow> + '_ {
        self.packed().filter_map(|bytes| unpack(bytes).map(|(flow, _)| flow))
    }

    /// The flows, packed.
    pub(super) fn packed(&self) -> impl Iterator<Item = &[u8]> {
        self.blocks.iter().flat_map(|block| {
            let mut rest = Bytes(block);
            std::iter::from_fn(move || rest.bytes())
        })
    }
}

impl<'a> Extend<&'a Flow> for Snapshot {
    fn extend<I: IntoIterator<Item = &'a Flow>>(&mut self, flows: I) {
        flows.into_iter().for_each(|flow| self.push(flow));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Snapshot;
    use crate::flow::{Counters, ProtoInfo, Status, TcpFlags, TcpInfo};
    use crate::table::samples::{flow, flows};

    proptest! {
        #[test]
        fn it_gives_back_every_flow_in_order(flows in prop::collection::vec(flows(), 0..60)) {
            let mut snapshot = Snapshot::new(1);
            snapshot.extend(&flows);
            prop_assert_eq!(snapshot.len(), flows.len());
            prop_assert_eq!(snapshot.iter().collect::<Vec<_>>(), flows);
        }
    }

    #[test]
    fn an_ordinary_flow_takes_less_than_80_bytes() {
        let mut flow = flow("tcp 192.0.2.1:40000 198.51.100.7:443");
        let flags = Some(TcpFlags { flags: 0x23, mask: 0 });
        flow.status = Some(Status(0x18e));
        flow.timeout_s = Some(431_999);
        flow.proto_info = Some(ProtoInfo::Tcp(TcpInfo {
            state: 3,
            wscale_orig: Some(7),
            wscale_reply: Some(7),
            flags_orig: flags,
            flags_reply: flags,
        }));
        (flow.mark, flow.id, flow.refs) = (Some(0x100), Some(0xdead_beef), Some(1));
        flow.orig_counters = Some(Counters { packets: 5_000, bytes: 3_000_000 });
        flow.reply_counters = flow.orig_counters;
        flow.start_ns = Some(1_800_000_000_000_000_000);
        let mut snapshot = Snapshot::new(0);
        for _ in 0..100_000 {
            snapshot.push(&flow);
        }
        let per_flow = snapshot.bytes() / snapshot.len();
        assert!(per_flow < 80, "{per_flow} bytes a flow");
        assert!(snapshot.iter().all(|kept| kept == flow));
    }
}
