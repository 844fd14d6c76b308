//! One command line: what its words say, not yet what is done with them.

use std::net::IpAddr;
use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use crate::flow::{EventKind, Family, LabelMap, Masked, NatTarget, Proto};
use crate::render::ConntrackStyle;

use super::command::{Command, Table};
use super::getopt::{Next, Words};
use super::given::Given;
use super::ignored::Ignored;
use super::labels;
use super::message::Fault;
use super::options::{self, Key, Opt};
use super::proto::{self, Handler, ProtoOpt};
use super::value::{self, NatWord, StatusWord};

/// What is said of one direction, or of one part of an expectation.
#[derive(Debug, Clone, Default)]
pub(super) struct Half {
    /// Source address.
    pub(super) src: Option<IpAddr>,
    /// Destination address.
    pub(super) dst: Option<IpAddr>,
    /// Source port or key.
    pub(super) sport: Option<u16>,
    /// Destination port or key.
    pub(super) dport: Option<u16>,
    /// Zone of this direction alone.
    pub(super) zone: Option<u16>,
}

/// A command line, read and found to be in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    /// The command and its table; none is a question for help.
    pub(super) command: Option<(Command, Table)>,
    /// The options that are given.
    pub(super) given: Given,
    /// What `-p` brought.
    pub(super) handler: Option<&'static Handler>,
    /// The family, by its name or by an address.
    pub(super) family: Option<Family>,
    /// The protocol.
    pub(super) proto: Option<Proto>,
    /// The original direction; the master of an expectation, or what is expected.
    pub(super) orig: Half,
    /// The reply direction.
    pub(super) reply: Half,
    /// What a new expectation expects.
    pub(super) tuple: Half,
    /// Masks of the original direction, or of a new expectation.
    pub(super) mask: Half,
    /// Type and code of icmp, and its identifier.
    pub(super) icmp: (Option<u8>, Option<u8>, Option<u16>),
    /// State of the protocol.
    pub(super) state: Option<u8>,
    /// Tags of sctp.
    pub(super) vtags: [Option<u32>; 2],
    /// Role in dccp.
    pub(super) role: Option<u8>,
    /// Seconds.
    pub(super) timeout_s: Option<u32>,
    /// Status.
    pub(super) status: Option<StatusWord>,
    /// Mark.
    pub(super) mark: Option<Masked>,
    /// Security mark, which no kernel tells any more.
    pub(super) secmark: Option<u32>,
    /// Id.
    pub(super) id: Option<u32>,
    /// Zone of both directions.
    pub(super) zone: Option<u16>,
    /// Source NAT.
    pub(super) snat: Option<NatWord>,
    /// Destination NAT.
    pub(super) dnat: Option<NatWord>,
    /// Either.
    pub(super) any_nat: Option<NatWord>,
    /// Labels that a flow has.
    pub(super) labels: Vec<u8>,
    /// Labels to add.
    pub(super) add_labels: Vec<u8>,
    /// Labels to delete; none in it is all.
    pub(super) del_labels: Option<Vec<u8>>,
    /// Names of labels, if something asked for them.
    pub(super) names: Option<Arc<LabelMap>>,
    /// Kinds of events.
    pub(super) events: Option<Vec<EventKind>>,
    /// Bytes of the receive buffer.
    pub(super) buffer_bytes: Option<u32>,
    /// The output.
    pub(super) style: ConntrackStyle,
    /// Options of the protocol that are given.
    pub(super) proto_given: Given<ProtoOpt>,
}

/// Reads a command line; word 0 is the program's name. What is given and has no effect is told, also
/// of a line that is wrong behind it.
pub(super) fn read(words: &mut [&str], tell: fn(&str)) -> Result<Box<Line>, Fault> {
    // In a box, for a file has many and each is handed on and on.
    let (mut line, mut labels) = (Box::<Line>::default(), labels::Words::default());
    let mut ignored = Ignored::default();
    let read = line.read(words, &mut labels, &mut ignored);
    ignored.tell(line.command.map(|(command, _)| command), tell);
    read?;
    line.take_labels(&labels)?;
    line.check()?;
    Ok(line)
}

/// True if the option's value may stand apart from it or be left out.
fn optional(option: Opt) -> bool {
    matches!(option, Opt::SrcNat | Opt::DstNat | Opt::AnyNat | Opt::LabelDel)
}

impl Line {
    fn read<'a>(
        &mut self,
        words: &mut [&'a str],
        labels: &mut labels::Words<'a>,
        ignored: &mut Ignored,
    ) -> Result<(), Fault> {
        let mut words = Words::new(words);
        let mut known: SmallVec<[_; 2]> = smallvec![options::known()];
        while let Some(next) = words.next(&known) {
            match next {
                Next::Missing(word) => {
                    return Err(Fault::usage(format!("option `{word}' requires an argument")));
                }
                Next::Unknown(word) => {
                    return Err(Fault::usage(format!("unknown option `{word}'")));
                }
                Next::Option(Key::Command(command), table) => {
                    self.take_command(command, table.or_else(|| words.optional()))?;
                }
                Next::Option(Key::Opt(option), value) => {
                    let value = match value {
                        None if optional(option) => words.optional(),
                        value => value,
                    };
                    self.take(option, value, labels, ignored)?;
                    if option == Opt::Proto {
                        known.truncate(1);
                        known.extend(self.handler.map(Handler::known));
                    }
                }
                Next::Option(Key::Proto(option), value) => {
                    self.take_proto(option, value.unwrap_or_default())?;
                }
            }
        }
        // Words that are left over are passed over, but not the other table.
        let changes =
            matches!(self.command, Some((command, Table::Conntrack)) if command.changes());
        if changes && words.rest().contains(&"expect") {
            return Err(Fault::usage("`expect' must stand right behind the command"));
        }
        Ok(())
    }

    fn take_command(&mut self, command: Command, table: Option<&str>) -> Result<(), Fault> {
        let table = table.map(Table::named).transpose()?.unwrap_or_default();
        command.on(table)?;
        if self.command.is_some() {
            return Err(Fault::usage("Invalid commands combination"));
        }
        self.command = Some((command, table));
        Ok(())
    }

    fn take<'a>(
        &mut self,
        option: Opt,
        value: Option<&'a str>,
        labels: &mut labels::Words<'a>,
        ignored: &mut Ignored,
    ) -> Result<(), Fault> {
        let text = value.unwrap_or_default();
        match option {
            Opt::Src | Opt::Dst | Opt::TupleSrc | Opt::TupleDst => self.network(option, text)?,
            Opt::ReplySrc => self.reply.src = Some(self.address("reply-src", text)?),
            Opt::ReplyDst => self.reply.dst = Some(self.address("reply-dst", text)?),
            Opt::MaskSrc => self.mask.src = Some(self.address("mask-src", text)?),
            Opt::MaskDst => self.mask.dst = Some(self.address("mask-dst", text)?),
            Opt::Proto => self.take_protocol(text)?,
            Opt::Timeout => self.timeout_s = Some(value::decimal("-t", text)?),
            Opt::Status => {
                let word = value::status(text, ignored)?;
                self.status = Some(self.status.map_or(word, |known| known.and(word)));
            }
            Opt::Zero => (),
            Opt::NatRange => ignored.deprecated(option),
            Opt::EventMask => {
                self.events.get_or_insert_default().extend(value::events(text, ignored)?);
            }
            Opt::Mark => self.mark = Some(value::mark("-m", text)?),
            Opt::Id => self.id = Some(value::bounded("-i", text, u32::MAX)?),
            Opt::Secmark => self.secmark = Some(value::bounded("-c", text, u32::MAX)?),
            Opt::Zone => self.zone = Some(zone(option, text)?),
            Opt::OrigZone => self.orig.zone = Some(zone(option, text)?),
            Opt::ReplyZone => self.reply.zone = Some(zone(option, text)?),
            Opt::Family => self.of_family(match text {
                text if text.starts_with("ipv4") => Family::Ipv4,
                text if text.starts_with("ipv6") => Family::Ipv6,
                _ => return Err(Fault::usage(format!("`{text}' unsupported protocol"))),
            })?,
            Opt::SrcNat => self.snat = Some(self.nat("src-nat", value)?.or(self.snat)),
            Opt::DstNat => self.dnat = Some(self.nat("dst-nat", value)?.or(self.dnat)),
            Opt::AnyNat => self.any_nat = Some(self.nat("any-nat", value)?.or(self.any_nat)),
            Opt::Output => {
                value::output(text, &mut self.style, ignored)?;
                labels.asked |= self.style.labels;
            }
            Opt::BufferSize => self.buffer_bytes = Some(value::decimal("-b", text)?),
            Opt::LabelAdd | Opt::LabelDel
                if self.given.any(&[Opt::LabelAdd, Opt::LabelDel]) && !self.given.has(option) =>
            {
                let text = "cannot use --label-add and --label-del at the same time";
                return Err(Fault::other(text));
            }
            Opt::LabelDel if value.is_none() => {
                self.del_labels.get_or_insert_default();
                labels.asked = true;
            }
            Opt::Label | Opt::LabelAdd | Opt::LabelDel => labels.all.push((option, text)),
            Opt::LabelMap => {
                if labels.map.replace(text).is_some() {
                    let text = "option `--labelmap' can only be specified once";
                    return Err(Fault::usage(text));
                }
            }
        }
        // What is deprecated and ignored is not asked whether it fits.
        if option != Opt::NatRange {
            self.given.insert(option);
        }
        Ok(())
    }

    /// A protocol; one that comes after options of another would turn those into something else.
    fn take_protocol(&mut self, text: &str) -> Result<(), Fault> {
        let (proto, handler) = Handler::named(text)?;
        if self.proto.is_some_and(|before| before != proto) && self.proto_given != Given::default()
        {
            let text = format!("`-p {text}' comes after options of another protocol");
            return Err(Fault::usage(text));
        }
        (self.proto, self.handler) = (Some(proto), Some(handler));
        Ok(())
    }

    /// Reads the words for labels by their names.
    fn take_labels(&mut self, words: &labels::Words<'_>) -> Result<(), Fault> {
        self.names = words.names();
        for &(option, text) in &words.all {
            let bits = labels::bits(self.names.as_deref(), text)?;
            match option {
                Opt::Label => self.labels.extend(bits),
                Opt::LabelAdd => self.add_labels.extend(bits),
                _ => self.del_labels.get_or_insert_default().extend(bits),
            }
        }
        Ok(())
    }

    fn take_proto(&mut self, option: ProtoOpt, text: &str) -> Result<(), Fault> {
        let proto = self.proto.unwrap_or(Proto::TCP);
        match option {
            ProtoOpt::Sport => self.orig.sport = Some(self.number(option, text)?),
            ProtoOpt::Dport => self.orig.dport = Some(self.number(option, text)?),
            ProtoOpt::ReplySport => self.reply.sport = Some(self.number(option, text)?),
            ProtoOpt::ReplyDport => self.reply.dport = Some(self.number(option, text)?),
            ProtoOpt::MaskSport => self.mask.sport = Some(self.number(option, text)?),
            ProtoOpt::MaskDport => self.mask.dport = Some(self.number(option, text)?),
            ProtoOpt::TupleSport => self.tuple.sport = Some(self.number(option, text)?),
            ProtoOpt::TupleDport => self.tuple.dport = Some(self.number(option, text)?),
            ProtoOpt::State => self.state = Some(proto::state(proto, text)?),
            ProtoOpt::OrigVtag => self.vtags[0] = Some(self.number(option, text)?),
            ProtoOpt::ReplyVtag => self.vtags[1] = Some(self.number(option, text)?),
            ProtoOpt::Role => {
                self.role = Some(proto::role(text)?);
            }
            ProtoOpt::IcmpType => self.icmp.0 = Some(self.number(option, text)?),
            ProtoOpt::IcmpCode => self.icmp.1 = Some(self.number(option, text)?),
            ProtoOpt::IcmpId => self.icmp.2 = Some(self.number(option, text)?),
        }
        self.proto_given.insert(option);
        Ok(())
    }

    /// A number of the protocol's: keys are read with any base, ports in digits alone.
    fn number<T: TryFrom<u64>>(&self, option: ProtoOpt, text: &str) -> Result<T, Fault> {
        let read = if self.proto == Some(Proto::GRE) { value::number } else { value::digits };
        read(text).and_then(|number| T::try_from(number).ok()).ok_or_else(|| {
            let name = self.handler.map_or("", |handler| handler.name_of(option));
            Fault::usage(format!("unexpected value '{text}' with --{name} option"))
        })
    }

    /// An address, with the mask that its length means.
    fn network(&mut self, option: Opt, text: &str) -> Result<(), Fault> {
        let (addr, length) = value::network(text)?;
        self.of_family(Family::of(&addr))?;
        let mask = length.map(|length| value::mask_of(&addr, length));
        // A mask of a whole address is none to conntrack, which then asks for --mask-dst.
        let expects = matches!(option, Opt::TupleSrc | Opt::TupleDst);
        let mask = mask.filter(|(_, whole)| expects || !whole).map(|(mask, _)| mask);
        let (half, source) = match option {
            Opt::Src => (&mut self.orig, true),
            Opt::Dst => (&mut self.orig, false),
            Opt::TupleSrc => (&mut self.tuple, true),
            _ => (&mut self.tuple, false),
        };
        let (place, place_of_mask) = if source {
            (&mut half.src, &mut self.mask.src)
        } else {
            (&mut half.dst, &mut self.mask.dst)
        };
        // The length of an address that was given before is not that of this one.
        let again = place.replace(addr).is_some();
        if mask.is_some() || again {
            *place_of_mask = mask;
            let option = if source { Opt::MaskSrc } else { Opt::MaskDst };
            self.given.set(option, mask.is_some());
        }
        Ok(())
    }

    /// Where NAT leads, if that is said.
    fn nat(&mut self, name: &str, value: Option<&str>) -> Result<NatWord, Fault> {
        let Some(text) = value else { return Ok(NatWord { to: None }) };
        let (addr, port) = value::nat(text)?;
        let addr = self.address(name, addr)?;
        Ok(NatWord { to: Some(NatTarget { addr, port }) })
    }

    /// An address without a length.
    fn address(&mut self, name: &str, text: &str) -> Result<IpAddr, Fault> {
        let (addr, bare) = match text.parse() {
            // Nearly all are so, and a file has many.
            Ok(addr) => (addr, true),
            Err(_) => match text.split_once('/').map(|(bare, _)| value::address(bare)) {
                Some(Ok(addr)) => (addr, false),
                // What is no address is blamed as a whole.
                _ => (value::address(text)?, true),
            },
        };
        self.of_family(Family::of(&addr))?;
        if bare {
            return Ok(addr);
        }
        Err(Fault::usage(format!("CIDR notation unavailable for `--{name}'")))
    }

    fn of_family(&mut self, family: Family) -> Result<(), Fault> {
        if self.family.is_some_and(|known| known != family) {
            return Err(Fault::usage("mismatched address family"));
        }
        self.family = Some(family);
        Ok(())
    }

    /// True if counters are set to zero, which those of other tables never are.
    pub(super) fn zeroes(&self) -> bool {
        matches!(self.command, Some((_, Table::Conntrack))) && self.given.has(Opt::Zero)
    }

    /// Whether what is given fits together.
    fn check(&self) -> Result<(), Fault> {
        let given = self.given;
        if given.any(&[Opt::SrcNat, Opt::DstNat]) && given.has(Opt::AnyNat) {
            let text = "cannot specify `--src-nat' or `--dst-nat' with `--any-nat'";
            return Err(Fault::usage(text));
        }
        options::check(self.command, given)?;
        if let (Some(handler), Some((command, table))) = (self.handler, self.command) {
            handler.check(command, table, self.proto_given)?;
        }
        // A mask of nothing is passed over where there is next to nothing to be seen.
        let counts = !matches!(self.command, Some((_, Table::Dying | Table::Unconfirmed)));
        for (mask, addr, names) in [
            (Opt::MaskSrc, Opt::Src, "--mask-src without --src"),
            (Opt::MaskDst, Opt::Dst, "--mask-dst without --dst"),
        ] {
            if counts && given.has(mask) && !given.has(addr) {
                return Err(Fault::usage(format!("Can't use {names}")));
            }
        }
        Ok(())
    }
}

fn zone(option: Opt, text: &str) -> Result<u16, Fault> {
    let number = value::bounded(&option.letter(), text, u16::MAX.into())?;
    Ok(u16::try_from(number).unwrap_or(u16::MAX))
}
