//! An entry while its fields are read: each may come once, in any order, or not at all. What every
//! format shares is here: the names of fields, their values, and what an entry cannot do without.

use std::net::IpAddr;
use std::str::FromStr;

use super::error::EntryError;
use crate::flow::{
    Counters, DccpInfo, ExpectFlags, ExpectNat, Expectation, Family, Flow, HelperName, L4,
    LabelMap, Labels, Proto, ProtoInfo, Rare, SctpInfo, Status, TcpInfo, Tuple,
};

/// A number that is neither negative nor larger than its type.
pub(super) fn number<T: TryFrom<u64>>(name: &str, text: &str) -> Result<T, EntryError> {
    let digit = |byte: &u8| byte.is_ascii_digit();
    // At most 20 digits: `parse` takes a sign, and this is called for every field of every line.
    let plain = !text.is_empty() && text.as_bytes().iter().all(digit);
    let value = plain.then(|| text.parse::<u64>().ok()).flatten();
    value.and_then(|value| T::try_from(value).ok()).ok_or_else(|| {
        let bits = 8 * u32::try_from(size_of::<T>()).unwrap_or(8);
        let most = u64::MAX.checked_shr(64 - bits.min(64)).unwrap_or(u64::MAX);
        EntryError::value(name, format!("a number up to {most}"), text)
    })
}

/// A key of gre: `0x10` or `16`.
fn key(name: &str, text: &str) -> Result<u16, EntryError> {
    match text.strip_prefix("0x") {
        Some(digits) => u16::from_str_radix(digits, 16)
            .map_err(|_| EntryError::value(name, "a number up to 0xffff", text)),
        None => number(name, text),
    }
}

pub(super) fn parsed<T: FromStr>(name: &str, expected: &str, text: &str) -> Result<T, EntryError> {
    text.parse().map_err(|_| EntryError::value(name, expected, text))
}

pub(super) fn addr(name: &str, text: &str) -> Result<IpAddr, EntryError> {
    parsed(name, "an IP address", text)
}

/// One direction, or one tuple of an expectation.
#[derive(Debug, Clone, Default)]
pub(super) struct Side {
    pub src: Option<IpAddr>,
    pub dst: Option<IpAddr>,
    pub sport: Option<u16>,
    pub dport: Option<u16>,
    pub kind: Option<u8>,
    pub code: Option<u8>,
    pub icmp_id: Option<u16>,
    pub zone: Option<u16>,
    pub packets: Option<u64>,
    pub bytes: Option<u64>,
}

impl Side {
    /// Sets what `name` is called in any format; false if a direction has no such field.
    #[inline]
    pub(super) fn set(&mut self, name: &str, text: &str) -> Result<bool, EntryError> {
        match name {
            "src" => self.src = Some(addr(name, text)?),
            "dst" => self.dst = Some(addr(name, text)?),
            "sport" => self.sport = Some(number(name, text)?),
            "dport" => self.dport = Some(number(name, text)?),
            "packets" => self.packets = Some(number(name, text)?),
            "bytes" => self.bytes = Some(number(name, text)?),
            "type" | "icmp_type" => self.kind = Some(number(name, text)?),
            "code" | "icmp_code" => self.code = Some(number(name, text)?),
            "icmp_id" => self.icmp_id = Some(number(name, text)?),
            "srckey" => self.sport = Some(key(name, text)?),
            "dstkey" => self.dport = Some(key(name, text)?),
            "zone" => self.zone = Some(number(name, text)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The tuple; `of` says which it is: "", "reply ", …
    fn tuple(&self, proto: Proto, of: &str) -> Result<Tuple, EntryError> {
        let src = self.src.ok_or_else(|| missing(of, "src"))?;
        let dst = self.dst.ok_or_else(|| missing(of, "dst"))?;
        if Family::of(&src) != Family::of(&dst) {
            return Err(EntryError::Families);
        }
        Ok(Tuple { src, dst, proto, l4: self.l4(proto, of)?, zone: self.zone })
    }

    /// conntrack prints 0 for ports that the kernel did not send. Where none has port 0, which is
    /// dccp from Linux 6.17 on, that is read as none.
    fn l4(&self, proto: Proto, of: &str) -> Result<L4, EntryError> {
        match (self.sport, self.dport) {
            (Some(0), Some(0)) if proto == Proto::DCCP => return Ok(L4::None),
            (Some(src), Some(dst)) => return Ok(L4::Ports { src, dst }),
            (Some(_), None) => return Err(missing(of, "dport")),
            (None, Some(_)) => return Err(missing(of, "sport")),
            (None, None) => (),
        }
        match (self.kind, self.code, self.icmp_id) {
            (None, None, None) => Ok(L4::None),
            (Some(kind), Some(code), Some(id)) => Ok(L4::Icmp { kind, code, id }),
            (None, _, _) => Err(missing(of, "icmp type")),
            (_, None, _) => Err(missing(of, "icmp code")),
            (_, _, None) => Err(missing(of, "icmp id")),
        }
    }

    fn counters(&self, of: &str) -> Result<Option<Counters>, EntryError> {
        match (self.packets, self.bytes) {
            (None, None) => Ok(None),
            (Some(packets), Some(bytes)) => Ok(Some(Counters { packets, bytes })),
            (Some(_), None) => Err(missing(of, "bytes")),
            (None, Some(_)) => Err(missing(of, "packets")),
        }
    }
}

fn missing(of: &str, what: &str) -> EntryError {
    EntryError::Missing(format!("{of}{what}"))
}

/// The number of a state's name, in each protocol that has such a state.
#[derive(Debug, Clone, Copy)]
struct State {
    tcp: Option<u8>,
    sctp: Option<u8>,
    dccp: Option<u8>,
}

/// A flow or an expectation.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    pub proto: Option<Proto>,
    /// Original direction; what is expected.
    pub orig: Side,
    /// Reply direction; the mask of an expectation.
    pub reply: Side,
    /// Master.
    pub master: Side,
    /// Its protocol, where it is shown; else that of the entry.
    pub master_proto: Option<Proto>,
    pub status: Option<Status>,
    /// The bits that the format has words for; absent where it has them for all.
    pub told: Option<Status>,
    pub timeout_s: Option<u32>,
    state: Option<State>,
    pub tcp: TcpInfo,
    pub sctp: SctpInfo,
    pub dccp: DccpInfo,
    pub mark: Option<u32>,
    pub id: Option<u32>,
    pub zone: Option<u16>,
    pub refs: Option<u32>,
    pub start_ns: Option<u64>,
    pub stop_ns: Option<u64>,
    pub age_ns: Option<u64>,
    pub labels: Option<Labels>,
    pub helper: Option<HelperName>,
    pub rare: Option<Box<Rare>>,
    pub expect: ExpectDraft,
}

/// What only an expectation has.
#[derive(Debug, Clone, Default)]
pub(super) struct ExpectDraft {
    pub flags: Option<ExpectFlags>,
    pub class: Option<u32>,
    pub function: Option<String>,
    pub nat_direction: Option<u32>,
    pub nat: Option<Box<Side>>,
}

impl Draft {
    /// A draft of a format that shows `SEEN_REPLY` by what it does not say: [`Self::unreplied`]; it
    /// has words for the bits of `told`.
    pub(super) fn replied(told: Status) -> Self {
        Self { status: Some(Status::SEEN_REPLY), told: Some(told), ..Self::default() }
    }

    pub(super) fn unreplied(&mut self) {
        self.status = self.status.map(|status| Status(status.0 & !Status::SEEN_REPLY.0));
    }

    /// Sets what `name` is called in any format; false if there is no such field.
    #[inline]
    pub(super) fn set(
        &mut self,
        name: &str,
        text: &str,
        labels: &LabelMap,
    ) -> Result<bool, EntryError> {
        match name {
            "mark" => self.mark = Some(number(name, text)?),
            "use" | "refs" => self.refs = Some(number(name, text)?),
            "id" => self.id = Some(number(name, text)?),
            // The kernel leaves out zone 0, and so does a flow.
            "zone" => self.zone = Some(number(name, text)?).filter(|zone| *zone != 0),
            "timeout" => self.timeout_s = Some(number(name, text)?),
            "state" => self.state(name, text)?,
            "helper" | "helper-name" => self.helper(name, text)?,
            "secctx" => self.rare().secctx = Some(text.to_owned()),
            "netns" => self.rare().netns = Some(text.into()),
            "delta-time" | "deltatime" => {
                let seconds: u64 = number(name, text)?;
                self.age_ns = Some(seconds.saturating_mul(1_000_000_000));
            }
            "labels" | "label" => {
                for label in text.split(',').filter(|label| !label.is_empty()) {
                    self.label(label, labels)?;
                }
                self.labels.get_or_insert_default();
            }
            "class" => self.expect.class = Some(number(name, text)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(super) fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    pub(super) fn add_status(&mut self, bits: Status) {
        self.status = Some(self.status.unwrap_or_default() | bits);
    }

    /// The flow is offloaded: of these words only the first that holds is shown, in the order
    /// `HW_OFFLOAD`, `OFFLOAD`, `ASSURED`.
    pub(super) fn offloaded(&mut self, bit: Status) {
        self.add_status(bit);
        let hidden = if bit == Status::HW_OFFLOAD { Status::OFFLOAD } else { Status(0) };
        let hidden = hidden | Status::ASSURED;
        self.told = self.told.map(|told| Status(told.0 & !hidden.0));
    }

    /// `NONE` is also what conntrack prints for a number without a name.
    pub(super) fn state(&mut self, name: &str, text: &str) -> Result<(), EntryError> {
        let state = State {
            tcp: ProtoInfo::tcp_state(text),
            sctp: ProtoInfo::sctp_state(text),
            dccp: ProtoInfo::dccp_state(text),
        };
        if state.tcp.or(state.sctp).or(state.dccp).is_none() {
            return Err(EntryError::value(name, "a name that tcp, sctp or dccp has", text));
        }
        self.state = Some(state);
        Ok(())
    }

    fn helper(&mut self, name: &str, text: &str) -> Result<(), EntryError> {
        let helper = HelperName::new(text.as_bytes());
        self.helper = Some(helper.ok_or_else(|| EntryError::value(name, "a helper's name", text))?);
        Ok(())
    }

    fn label(&mut self, name: &str, map: &LabelMap) -> Result<(), EntryError> {
        let label = map.bit(name).and_then(Labels::bit);
        let label = label.ok_or_else(|| EntryError::Label(name.to_owned()))?;
        self.labels = Some(self.labels.unwrap_or_default().union(label));
        Ok(())
    }

    fn proto_info(&self, proto: Proto) -> Result<Option<ProtoInfo>, EntryError> {
        let Some(state) = self.state else { return Ok(None) };
        let of = |number: Option<u8>| {
            number.ok_or_else(|| EntryError::Missing(format!("a state of {proto}")))
        };
        Ok(Some(match proto {
            Proto::TCP => ProtoInfo::Tcp(TcpInfo { state: of(state.tcp)?, ..self.tcp }),
            // The XML of conntrack names the states of sctp and dccp as if they were tcp's:
            // conntrack-tools 1.4.9. Where such a name is not theirs, its number is meant.
            Proto::SCTP => {
                let number = state.sctp.or(state.tcp);
                ProtoInfo::Sctp(SctpInfo { state: of(number)?, ..self.sctp })
            }
            Proto::DCCP => {
                let number = state.dccp.or(state.tcp);
                ProtoInfo::Dccp(DccpInfo { state: of(number)?, ..self.dccp })
            }
            _ => return Ok(None),
        }))
    }

    fn proto(&self) -> Result<Proto, EntryError> {
        self.proto.ok_or_else(|| missing("", "the protocol"))
    }

    /// The flow.
    pub(super) fn flow(mut self) -> Result<Flow, EntryError> {
        let proto = self.proto()?;
        if self.master.src.is_some() {
            let of = self.master_proto.unwrap_or(proto);
            self.rare().master = Some(self.master.tuple(of, "master ")?);
        }
        let orig = self.orig.tuple(proto, "")?;
        let reply = self.reply.tuple(proto, "reply ")?;
        if orig.family() != reply.family() {
            return Err(EntryError::Families);
        }
        Ok(Flow {
            orig,
            reply,
            status: self.status,
            told: self.told.filter(|_| self.status.is_some()).unwrap_or(Status::ALL),
            timeout_s: self.timeout_s,
            proto_info: self.proto_info(proto)?,
            mark: self.mark,
            id: self.id,
            zone: self.zone,
            refs: self.refs,
            orig_counters: self.orig.counters("")?,
            reply_counters: self.reply.counters("reply ")?,
            start_ns: self.start_ns,
            stop_ns: self.stop_ns,
            labels: self.labels,
            helper: self.helper,
            rare: self.rare,
        })
    }

    /// The expectation; its master and mask are of the expected protocol, as it is printed.
    pub(super) fn expectation(self) -> Result<Expectation, EntryError> {
        let proto = self.proto()?;
        let ExpectDraft { flags, class, function, nat_direction, nat } = self.expect;
        let nat = match nat {
            Some(nat) => Some(ExpectNat {
                direction: nat_direction.unwrap_or(0),
                tuple: nat.tuple(proto, "nat ")?,
            }),
            None => None,
        };
        Ok(Expectation {
            tuple: self.orig.tuple(proto, "")?,
            mask: self.reply.tuple(proto, "mask ")?,
            master: self.master.tuple(self.master_proto.unwrap_or(proto), "master ")?,
            timeout_s: self.timeout_s,
            id: self.id,
            helper: self.helper,
            zone: self.zone,
            flags,
            class,
            nat,
            function,
        })
    }
}
