//! The kernel's table read and written without flowsh: a socket, a few numbers and a parser of the
//! test's own. What the records mean is the model's affair.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsRawFd;

use netlink_sys::protocols::NETLINK_NETFILTER;
use netlink_sys::{Socket, SocketAddr};

use super::record::{End, Record};

const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const NLM_F_DUMP: u16 = 0x300;
const NLM_F_CREATE: u16 = 0x400;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const CT_NEW: u16 = 0x100;
const CT_GET: u16 = 0x101;
const CT_DELETE: u16 = 0x102;
const CT_GET_STATS: u16 = 0x105;
/// Group numbers: updates, ends.
const GROUPS: [u32; 2] = [2, 3];

/// A socket of our own.
pub(super) struct Wire {
    socket: Socket,
    /// Its address, which events name.
    pub(super) port: u32,
    buffer: Vec<u8>,
}

/// What was heard: who did it, what, and to which flow.
pub(super) struct Heard {
    pub(super) port: u32,
    pub(super) destroyed: bool,
    pub(super) flow: Record,
}

impl Wire {
    /// Opens a socket in this thread's namespace.
    pub(super) fn open() -> Self {
        let mut socket = Socket::new(NETLINK_NETFILTER).unwrap();
        let port = socket.bind_auto().unwrap().port_number();
        Self { socket, port, buffer: vec![0; 1 << 16] }
    }

    /// Opens a socket that hears of every change and every end, but for those by two other sockets:
    /// there is no room for all that they do.
    pub(super) fn listening(deaf_to: [u32; 2]) -> Self {
        let wire = Self::open();
        wire.filter(deaf_to);
        wire.socket.set_non_blocking(true).unwrap();
        for group in GROUPS {
            wire.socket.add_membership(group).unwrap();
        }
        wire
    }

    /// Makes the kernel pass over messages with these addresses in their heads.
    fn filter(&self, ports: [u32; 2]) {
        let op = |code, jt, k: u32| libc::sock_filter { code, jt, jf: 0, k };
        // Load the word at 12, as if it were in network order; return nothing if it is one of
        // them, else everything.
        let mut program = [
            op(0x20, 0, 12),
            op(0x15, 2, ports[0].to_be()),
            op(0x15, 1, ports[1].to_be()),
            op(0x06, 0, u32::MAX),
            op(0x06, 0, 0),
        ];
        let filter = libc::sock_fprog {
            len: u16::try_from(program.len()).unwrap(),
            filter: program.as_mut_ptr(),
        };
        let length = libc::socklen_t::try_from(size_of_val(&filter)).unwrap();
        // SAFETY: the pointer and the length are those of one live value, which points at as many
        // instructions as it says; the kernel copies them.
        #[expect(unsafe_code, reason = "netlink-sys has no such option")]
        let result = unsafe {
            libc::setsockopt(
                self.socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_ATTACH_FILTER,
                (&raw const filter).cast(),
                length,
            )
        };
        assert_eq!(result, 0, "the events cannot be filtered");
    }

    /// Every flow, in an order that is the same for the same flows.
    pub(super) fn dump(&mut self) -> Vec<Record> {
        self.send(&whole(CT_GET, NLM_F_DUMP, 0, 0, &[]));
        let mut records: Vec<Record> = Vec::new();
        loop {
            let filled = self.socket.recv(&mut &mut self.buffer[..], 0).unwrap();
            for message in messages(&self.buffer[..filled]) {
                match message.kind {
                    NLMSG_DONE => return sorted(records),
                    NLMSG_ERROR => panic!("the kernel lists nothing: {:?}", message.payload),
                    _ => records.push(record(message.payload)),
                }
            }
        }
    }

    /// What was heard since the last call; fails if something was lost.
    pub(super) fn heard(&mut self, tell: &mut dyn FnMut(Heard)) {
        loop {
            let filled = match self.socket.recv(&mut &mut self.buffer[..], 0) {
                Ok(filled) => filled,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                Err(error) => panic!("events were lost: {error}"),
            };
            for message in messages(&self.buffer[..filled]) {
                let destroyed = message.kind == CT_DELETE;
                tell(Heard { port: message.port, destroyed, flow: record(message.payload) });
            }
        }
    }

    /// Every flow, in the same order, if these names are those of all that may be there. That is much
    /// faster than a dump, for which the kernel walks through its table for all namespaces; if one
    /// more is there than was found, it is dumped all the same.
    pub(super) fn all(&mut self, names: &[Record]) -> Vec<Record> {
        self.seen(names).unwrap_or_else(|| self.dump())
    }

    /// Those of these flows that are still there, if there are no others, not even such as ran out
    /// and are shown to nobody.
    pub(super) fn seen(&mut self, names: &[Record]) -> Option<Vec<Record>> {
        let (found, count) = self.look(names);
        let mut found = sorted(found);
        // A flow that is there and could not be made anew was named twice.
        found.dedup_by_key(|record| (record.orig, record.reply, record.zone, record.id));
        (found.len() == count).then_some(found)
    }

    /// Those of these flows that are still there, looked up one by one, and how many flows there
    /// are in all.
    pub(super) fn look(&mut self, flows: &[Record]) -> (Vec<Record>, usize) {
        let mut found = Vec::new();
        self.answers(flows, &mut |payload| found.push(record(payload)));
        let mut count = None;
        self.send(&whole(CT_GET_STATS, 0, 1, 0, &[]));
        while count.is_none() {
            self.receive(&mut |message| {
                let (_, value) = attrs(&message.payload[4..]).find(|(kind, _)| *kind == 1).unwrap();
                count = Some(be32(value));
            });
        }
        (found, usize::try_from(count.unwrap()).unwrap())
    }

    /// What the kernel tells of those of these flows that are still there, as it is.
    pub(super) fn answers(&mut self, flows: &[Record], tell: &mut dyn FnMut(&[u8])) {
        // So many answers have room in a receive buffer.
        for flows in flows.chunks(32) {
            let one =
                |(seq, flow): (u32, &Record)| request(CT_GET, 0, seq, &flow.orig, &named(flow));
            self.send(&(1..).zip(flows).map(one).collect::<Vec<_>>().concat());
            let mut answers = 0;
            while answers < flows.len() {
                self.receive(&mut |message| {
                    answers += 1;
                    if message.kind != NLMSG_ERROR {
                        tell(message.payload);
                    }
                });
            }
        }
    }

    /// Makes flows that live long enough, or changes the marks of those that are there.
    pub(super) fn make(&mut self, flows: &[Record]) {
        let one = |flow: &Record| request(CT_NEW, NLM_F_CREATE, 2, &flow.orig, &made(flow));
        // A datagram takes no more than some thousand.
        flows.chunks(256).for_each(|some| self.batch(some.iter().map(one).collect()));
    }

    /// Deletes flows by their original direction and zone.
    pub(super) fn delete(&mut self, flows: &[Record]) {
        let one = |flow: &Record| request(CT_DELETE, 0, 2, &flow.orig, &named(flow));
        self.batch(flows.iter().map(one).collect());
    }

    /// Sends requests together and waits until all are done; refusals are no matter.
    fn batch(&mut self, mut requests: Vec<Vec<u8>>) {
        let Some(last) = requests.last_mut() else { return };
        last[6] |= u8::try_from(NLM_F_ACK).unwrap();
        last[8..12].copy_from_slice(&1_u32.to_ne_bytes());
        self.send(&requests.concat());
        let mut done = false;
        while !done {
            self.receive(&mut |message| done |= message.seq == 1);
        }
    }

    fn send(&self, bytes: &[u8]) {
        self.socket.send_to(bytes, &SocketAddr::new(0, 0), 0).unwrap();
    }

    /// Receives one datagram.
    fn receive(&mut self, tell: &mut dyn FnMut(Message<'_>)) {
        let filled = self.socket.recv(&mut &mut self.buffer[..], 0).unwrap();
        messages(&self.buffer[..filled]).for_each(tell);
    }
}

fn sorted(mut records: Vec<Record>) -> Vec<Record> {
    records.sort_by_key(|record| (record.orig, record.reply, record.zone));
    records
}

/// What names a flow: its original direction, and the zone of both.
fn named(flow: &Record) -> Vec<u8> {
    let zone = flow.zone.map(|zone| attr(18, &zone.to_be_bytes())).unwrap_or_default();
    [tuple(1, &flow.orig), zone].concat()
}

fn made(flow: &Record) -> Vec<u8> {
    let numbers = [(3, flow.status), (7, 6000), (8, flow.mark.unwrap_or(0))];
    let numbers = numbers.map(|(kind, number)| attr(kind, &u32::to_be_bytes(number)));
    [named(flow), tuple(2, &flow.reply), numbers.concat()].concat()
}

fn tuple(kind: u16, end: &End) -> Vec<u8> {
    let addr = |addr: IpAddr, v4: u16| match addr {
        IpAddr::V4(addr) => attr(v4, &addr.octets()),
        IpAddr::V6(addr) => attr(v4 + 2, &addr.octets()),
    };
    let mut proto = attr(1, &[end.proto]);
    if let Some((src, dst)) = end.ports {
        proto.extend([attr(2, &src.to_be_bytes()), attr(3, &dst.to_be_bytes())].concat());
    }
    if let Some((kind, code, id)) = end.icmp {
        let first = if end.src.is_ipv4() { 4 } else { 7 };
        proto.extend(attr(first, &id.to_be_bytes()));
        proto.extend([attr(first + 1, &[kind]), attr(first + 2, &[code])].concat());
    }
    let zone = end.zone.map(|zone| attr(3, &zone.to_be_bytes())).unwrap_or_default();
    let addrs = [addr(end.src, 1), addr(end.dst, 2)].concat();
    nest(kind, &[nest(1, &addrs), nest(2, &proto), zone].concat())
}

fn nest(kind: u16, value: &[u8]) -> Vec<u8> {
    attr(kind | 0x8000, value)
}

fn attr(kind: u16, value: &[u8]) -> Vec<u8> {
    let len = u16::try_from(value.len() + 4).unwrap();
    let mut bytes = [&len.to_ne_bytes(), &kind.to_ne_bytes(), value].concat();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// A request about a flow, whose family it names.
fn request(kind: u16, flags: u16, seq: u32, of: &End, body: &[u8]) -> Vec<u8> {
    whole(kind, flags, seq, if of.src.is_ipv4() { 2 } else { 10 }, body)
}

fn whole(kind: u16, flags: u16, seq: u32, family: u8, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(20 + body.len()).unwrap();
    let flags = NLM_F_REQUEST | flags;
    let head = [&len.to_ne_bytes()[..], &kind.to_ne_bytes(), &flags.to_ne_bytes()].concat();
    [&head[..], &seq.to_ne_bytes(), &[0; 4], &[family, 0, 0, 0], body].concat()
}

struct Message<'a> {
    kind: u16,
    seq: u32,
    port: u32,
    payload: &'a [u8],
}

fn messages(mut bytes: &[u8]) -> impl Iterator<Item = Message<'_>> {
    std::iter::from_fn(move || {
        let word = |at: usize| u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap());
        let len = usize::try_from(bytes.first().map(|_| word(0))?).unwrap();
        let kind = u16::from_ne_bytes(bytes[4..6].try_into().unwrap());
        let message = Message { kind, seq: word(8), port: word(12), payload: &bytes[16..len] };
        bytes = bytes.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some(message)
    })
}

fn attrs(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let head = bytes.first_chunk::<4>()?;
        let len = usize::from(u16::from_ne_bytes([head[0], head[1]]));
        let kind = u16::from_ne_bytes([head[2], head[3]]) & 0x3fff;
        let value = &bytes[4..len];
        bytes = bytes.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

fn be16(value: &[u8]) -> u16 {
    u16::from_be_bytes(value.try_into().unwrap())
}

fn be32(value: &[u8]) -> u32 {
    u32::from_be_bytes(value.try_into().unwrap())
}

fn be64(value: &[u8]) -> u64 {
    u64::from_be_bytes(value.try_into().unwrap())
}

fn record(payload: &[u8]) -> Record {
    let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let end = End { src: nowhere, dst: nowhere, proto: 0, ports: None, icmp: None, zone: None };
    let mut record = Record {
        orig: end,
        reply: end,
        zone: None,
        status: 0,
        timeout_s: None,
        mark: None,
        id: 0,
        labels: [0; 4],
        helper: None,
        state: None,
        counters: [None, None],
        start_ns: None,
        rest: Vec::new(),
    };
    for (kind, value) in attrs(&payload[4..]) {
        match kind {
            1 => record.orig = end_of(value),
            2 => record.reply = end_of(value),
            3 => record.status = be32(value),
            // All that is known of the state must stay, and its number is what filters ask for.
            4 => {
                let (_, inside) = attrs(value).next().unwrap();
                for (kind, value) in attrs(inside) {
                    match kind {
                        1 => record.state = Some(value[0]),
                        kind => record.rest.push((0x400 + kind, value.to_vec())),
                    }
                }
            }
            5 => {
                let (_, name) = attrs(value).find(|(kind, _)| *kind == 1).unwrap();
                let name = name.strip_suffix(&[0]).unwrap_or(name);
                record.helper = Some(String::from_utf8(name.to_vec()).unwrap());
            }
            7 => record.timeout_s = Some(be32(value)),
            8 => record.mark = Some(be32(value)),
            9 => record.counters[0] = Some(counters(value)),
            10 => record.counters[1] = Some(counters(value)),
            // The kernel's own use of it.
            11 => (),
            12 => record.id = be32(value),
            18 => record.zone = Some(be16(value)),
            20 => record.start_ns = attrs(value).find(|(kind, _)| *kind == 1).map(|a| be64(a.1)),
            22 => {
                for (label, word) in record.labels.iter_mut().zip(value.chunks(4)) {
                    *label = u32::from_ne_bytes(word.try_into().unwrap());
                }
            }
            kind => record.rest.push((kind, value.to_vec())),
        }
    }
    record
}

fn counters(value: &[u8]) -> (u64, u64) {
    let of = |wanted| attrs(value).find(|(kind, _)| *kind == wanted).map(|a| be64(a.1)).unwrap();
    (of(1), of(2))
}

fn end_of(value: &[u8]) -> End {
    let inside = |wanted| attrs(value).find(|(kind, _)| *kind == wanted).map(|attr| attr.1);
    let (addrs, proto) = (inside(1).unwrap(), inside(2).unwrap());
    let addr = |v4, v6| {
        let (_, bytes) = attrs(addrs).find(|(kind, _)| *kind == v4 || *kind == v6).unwrap();
        match bytes.len() {
            4 => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).unwrap())),
            _ => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).unwrap())),
        }
    };
    let of = |a, b| attrs(proto).find(|(kind, _)| *kind == a || *kind == b).map(|attr| attr.1);
    let byte = |a, b| of(a, b).map(|value| value[0]);
    let (src, dst) = (of(2, 2).map(be16), of(3, 3).map(be16));
    let (id, kind, code) = (of(4, 7).map(be16), byte(5, 8), byte(6, 9));
    End {
        src: addr(1, 3),
        dst: addr(2, 4),
        proto: byte(1, 1).unwrap(),
        ports: src.zip(dst),
        icmp: kind.zip(code).zip(id).map(|((kind, code), id)| (kind, code, id)),
        zone: inside(3).map(be16),
    }
}
