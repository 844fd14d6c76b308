//! What may be done to the table, and what becomes of it by the rules of the kernel: which flow
//! changes how, which refuses with which error. Nothing is done here.

use flowsh::flow::{
    HelperName, LabelPatch, Labels, Masked, Patch, SctpInfo, StatePatch, Status, TcpFlags, TcpInfo,
};

use super::dice::Dice;
use super::record::{ENDLESS_S, Record};
use super::table::TIMEOUTS_S;
use super::write::label;

const EPERM: i32 = 1;
const EBUSY: i32 = 16;
const EOPNOTSUPP: i32 = 95;
const IPS_CONFIRMED: u32 = 8;
const IPS_FIXED_TIMEOUT: u32 = 1 << 10;

/// What is to be done with each flow.
#[derive(Debug, Clone)]
pub(super) enum Deed {
    Delete,
    Update(Wish),
}

impl Deed {
    /// True if it is for a state that a flow of `proto` does not have.
    pub(super) fn is_strange_to(&self, proto: u8) -> bool {
        matches!(self, Self::Update(Wish { state: Some(state), .. }) if state.number(proto).is_none())
    }
}

/// What of a flow is to become different.
#[derive(Debug, Clone, Default)]
pub(super) struct Wish {
    pub(super) mark: Option<(u32, u32)>,
    timeout_s: Option<u32>,
    /// Of `seen_reply`, `assured`, `fixed_timeout`.
    status: Vec<(&'static str, u32)>,
    /// Labels to set and to clear.
    labels: Option<(Vec<u8>, Vec<u8>)>,
    helper: Option<&'static str>,
    state: Option<State>,
}

/// A name that a state has in tcp, in sctp or in both, and its numbers.
#[derive(Debug, Clone, Copy)]
struct State {
    name: &'static str,
    tcp: Option<u8>,
    sctp: Option<u8>,
}

const STATES: [State; 3] = [
    State { name: "CLOSE", tcp: Some(8), sctp: None },
    State { name: "CLOSED", tcp: None, sctp: Some(1) },
    State { name: "ESTABLISHED", tcp: Some(3), sctp: Some(4) },
];

impl State {
    /// Its number in a flow of `proto`.
    fn number(self, proto: u8) -> Option<u8> {
        match proto {
            6 => self.tcp,
            132 => self.sctp,
            _ => None,
        }
    }
}

impl Wish {
    /// Any wish, most often for one thing.
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let mut wish = Self::default();
        for _ in 0..dice.one(&[1, 1, 1, 2, 3]) {
            match dice.below(10) {
                0..4 => {
                    let mask = dice.one(&[u32::MAX, u32::MAX, 0xff00, 0xff, 0]);
                    wish.mark = Some((dice.one(&[0, 1, 0x100, 0xabcd, u32::MAX]) & mask, mask));
                }
                4 | 5 => {
                    let times = [&TIMEOUTS_S[..], &[0, u32::MAX]].concat();
                    wish.timeout_s = Some(dice.one(&times));
                }
                6 => {
                    let bits = [("seen_reply", 2), ("assured", 4), ("fixed_timeout", 0x400)];
                    wish.status = dice.some(&bits, 1, 2);
                }
                7 => {
                    let labels = [0, 1, 31, 32, 33, 95, 96, 127];
                    wish.labels = Some((dice.some(&labels, 0, 2), dice.some(&labels, 0, 2)));
                }
                8 => wish.helper = Some(dice.one(&["ftp", "tftp", "nonsense"])),
                _ => wish.state = Some(dice.one(&STATES)),
            }
        }
        wish
    }

    /// A wish for a mark alone.
    pub(super) fn of_mark(dice: &mut Dice) -> Self {
        let mask = dice.one(&[u32::MAX, 0xff00]);
        Self { mark: Some((dice.one(&[0, 0x100, u32::MAX]) & mask, mask)), ..Self::default() }
    }

    /// As the library takes it.
    pub(super) fn patch(&self) -> Patch {
        let liberal = Some(TcpFlags { flags: 8, mask: 8 });
        Patch {
            timeout_s: self.timeout_s,
            mark: self.mark.map(|(value, mask)| Masked { value, mask }),
            status: (!self.status.is_empty()).then(|| Status(self.bits())),
            state: self.state.map_or_else(StatePatch::default, |State { tcp, sctp, .. }| {
                StatePatch {
                    tcp: tcp.map(|state| TcpInfo {
                        state,
                        flags_orig: liberal,
                        flags_reply: liberal,
                        ..TcpInfo::default()
                    }),
                    sctp: sctp.map(|state| SctpInfo { state, ..SctpInfo::default() }),
                    dccp: None,
                }
            }),
            labels: self.labels.as_ref().map(|(set, clear)| {
                let (set, clear) = (words(set), words(clear));
                LabelPatch { set: Labels(set), mask: Labels(set).union(Labels(clear)) }
            }),
            helper: self.helper.and_then(|name| HelperName::new(name.as_bytes())),
            ..Patch::default()
        }
    }

    /// As a script writes it.
    pub(super) fn map(&self) -> String {
        let list = |bits: &[u8]| {
            bits.iter().map(|bit| format!("{:?}", label(*bit))).collect::<Vec<_>>().join(", ")
        };
        let mut entries = Vec::new();
        entries.extend(self.mark.map(|(value, mask)| format!("mark: \"{value:#x}/{mask:#x}\"")));
        entries.extend(self.timeout_s.map(|seconds| format!("timeout: {seconds}.sec")));
        if !self.status.is_empty() {
            let names: Vec<_> = self.status.iter().map(|(name, _)| format!("{name:?}")).collect();
            entries.push(format!("status: [{}]", names.join(", ")));
        }
        if let Some((set, clear)) = &self.labels {
            entries.push(format!("add_labels: [{}]", list(set)));
            entries.push(format!("remove_labels: [{}]", list(clear)));
        }
        entries.extend(self.helper.map(|name| format!("helper: {name:?}")));
        entries.extend(self.state.map(|State { name, .. }| format!("state: {name:?}")));
        format!("#{{ {} }}", entries.join(", "))
    }

    /// True if it is for a mark, and for nothing else.
    pub(super) fn is_mark(&self) -> bool {
        self.mark.is_some() && self.patch() == Patch { mark: self.patch().mark, ..Patch::default() }
    }

    fn bits(&self) -> u32 {
        self.status.iter().fold(0, |bits, (_, bit)| bits | bit)
    }

    /// What becomes of a flow, and the error that ends it: the kernel does one thing after the
    /// other, and what it did before an error stays. No flow at all if its time is over.
    pub(super) fn apply(&self, record: &Record) -> (Option<Record>, Result<(), i32>) {
        let mut record = record.clone();
        let done = self.apply_to(&mut record);
        ((record.timeout_s != Some(0)).then_some(record), done)
    }

    fn apply_to(&self, record: &mut Record) -> Result<(), i32> {
        // The kernel would ignore it; flowsh does not send it.
        if self.state.is_some_and(|state| state.number(record.orig.proto).is_none()) {
            return Err(0);
        }
        if let Some(wanted) = self.helper {
            let known = match wanted {
                "ftp" => record.orig.proto == 6,
                "tftp" => record.orig.proto == 17,
                _ => false,
            };
            match &record.helper {
                Some(present) if present == wanted => (),
                Some(_) if known => return Err(EBUSY),
                _ => return Err(EOPNOTSUPP),
            }
        }
        if let Some(timeout_s) = self.timeout_s {
            if record.status & IPS_FIXED_TIMEOUT != 0 {
                return Err(EPERM);
            }
            record.timeout_s = Some(timeout_s.min(ENDLESS_S));
        }
        if !self.status.is_empty() {
            record.status |= self.bits() | IPS_CONFIRMED;
        }
        if let Some(state) = self.state {
            record.state = state.number(record.orig.proto);
            // The flags of both directions of tcp become liberal; tags of sctp stay.
            for (kind, value) in &mut record.rest {
                if *kind == 0x404 || *kind == 0x405 {
                    value[0] |= 8;
                }
            }
        }
        if let (Some((value, mask)), Some(mark)) = (self.mark, record.mark) {
            record.mark = Some((mark & !mask) | (value & mask));
        }
        if let Some((set, clear)) = &self.labels {
            for (word, clear) in record.labels.iter_mut().zip(words(clear)) {
                *word &= !clear;
            }
            for (word, set) in record.labels.iter_mut().zip(words(set)) {
                *word |= set;
            }
        }
        Ok(())
    }
}

fn words(bits: &[u8]) -> [u32; 4] {
    let mut words = [0; 4];
    for bit in bits {
        words[usize::from(bit / 32)] |= 1 << (bit % 32);
    }
    words
}
