//! The values of options, as the C library and conntrack read them. What an option does with its
//! value is not here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::flow::{EventKind, Masked, NatTarget, Status};
use crate::render::ConntrackStyle;

use super::ignored::Ignored;
use super::message::Fault;
use super::options::Opt;

/// A number as strtoul(3) reads it with base 0: `0x` is hexadecimal, a leading 0 octal.
pub(super) fn number(text: &str) -> Option<u64> {
    let digits = text.trim_start().strip_prefix('+').unwrap_or(text.trim_start());
    if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        return u64::from_str_radix(hex, 16).ok().filter(|_| !hex.starts_with('+'));
    }
    let radix = if digits.len() > 1 && digits.starts_with('0') { 8 } else { 10 };
    u64::from_str_radix(digits, radix).ok().filter(|_| !digits.starts_with('+'))
}

/// A number in digits alone.
pub(super) fn digits(text: &str) -> Option<u64> {
    // `parse` takes a sign, and refuses nothing else that is no digit.
    text.parse().ok().filter(|_| !text.starts_with('+'))
}

/// A number in digits; conntrack takes anything here, and what is none for 0.
pub(super) fn decimal<T: TryFrom<u64>>(name: &str, text: &str) -> Result<T, Fault> {
    digits(text)
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| Fault::usage(format!("unexpected value '{text}' with {name} option")))
}

/// A number as [`number`] reads it, of which `max` is the highest.
pub(super) fn bounded(name: &str, text: &str, max: u32) -> Result<u32, Fault> {
    let found = number(text).and_then(|number| u32::try_from(number).ok());
    found.filter(|number| *number <= max).ok_or_else(|| unexpected(name, text))
}

fn unexpected(name: &str, text: &str) -> Fault {
    Fault::other(format!("unexpected value '{text}' with {name} option"))
}

/// `VALUE[/MASK]`.
pub(super) fn mark(name: &str, text: &str) -> Result<Masked, Fault> {
    let word = |part: &str| {
        number(part)
            .and_then(|number| u32::try_from(number).ok())
            .ok_or_else(|| unexpected(name, text))
    };
    Ok(match text.split_once('/') {
        Some((value, mask)) => Masked { value: word(value)?, mask: word(mask)? },
        None => Masked { value: word(text)?, mask: u32::MAX },
    })
}

/// An address alone.
pub(super) fn address(text: &str) -> Result<IpAddr, Fault> {
    let found = text.parse().ok().or_else(|| aton(text).map(IpAddr::V4));
    found.ok_or_else(|| Fault::usage(format!("Invalid IP address `{text}'")))
}

/// An address and the length behind its slash, if it has one.
///
/// conntrack takes `1.2.3.4/` for `1.2.3.4/0`, which is every address; here it is refused.
pub(super) fn network(text: &str) -> Result<(IpAddr, Option<u8>), Fault> {
    // Most have none, and a file has many.
    if let Ok(addr) = text.parse() {
        return Ok((addr, None));
    }
    let Some((addr, length)) = text.split_once('/') else { return Ok((address(text)?, None)) };
    let addr = address(addr).map_err(|_| Fault::usage(format!("Invalid IP address `{text}'")))?;
    let bits = if addr.is_ipv4() { 32 } else { 128 };
    let length = length.parse::<u8>().ok().filter(|length| *length <= bits);
    Ok((addr, Some(length.ok_or_else(|| Fault::usage("Invalid netmask"))?)))
}

/// The mask of `length` bits, and whether it is that of a whole address.
pub(super) fn mask_of(addr: &IpAddr, length: u8) -> (IpAddr, bool) {
    let ones = |width: u8| match width - length {
        128 => 0,
        host => u128::MAX << host,
    };
    match addr {
        IpAddr::V4(_) => {
            let bits = u32::try_from(ones(32) & u128::from(u32::MAX)).unwrap_or_default();
            (Ipv4Addr::from_bits(bits).into(), length == 32)
        }
        IpAddr::V6(_) => (Ipv6Addr::from_bits(ones(128)).into(), length == 128),
    }
}

/// `inet_aton(3)`: up to four numbers of any base, the last of which fills what is left.
fn aton(text: &str) -> Option<Ipv4Addr> {
    let text = text.split(|c: char| c.is_ascii_whitespace()).next()?;
    let parts: Vec<u32> = text
        .split('.')
        .map(|part| {
            let digit = part.starts_with(|c: char| c.is_ascii_digit());
            number(part).filter(|_| digit).and_then(|number| u32::try_from(number).ok())
        })
        .collect::<Option<_>>()?;
    let (last, first) = parts.split_last()?;
    let mut bits = 0_u32;
    let mut room = 32;
    for part in first {
        room -= 8;
        bits |= u32::from(u8::try_from(*part).ok()?) << room;
        if room == 0 {
            return None;
        }
    }
    (u64::from(*last) < 1 << room).then(|| Ipv4Addr::from_bits(bits | last))
}

/// What an option of NAT asks for: any, or that which leads to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NatWord {
    /// Where it leads.
    pub(super) to: Option<NatTarget>,
}

impl NatWord {
    /// The same, with what only the word before it named: the option may stand twice.
    pub(super) fn or(self, before: Option<Self>) -> Self {
        let before = before.and_then(|word| word.to);
        let to = match (self.to, before) {
            (Some(to), Some(before)) => Some(NatTarget { port: to.port.or(before.port), ..to }),
            (to, before) => to.or(before),
        };
        Self { to }
    }
}

/// The address and the port of `1.2.3.4`, `1.2.3.4:80`, `::1` or `[::1]:80`.
pub(super) fn nat(text: &str) -> Result<(&str, Option<u16>), Fault> {
    let (addr, port) = match text.strip_prefix('[') {
        Some(inner) => match inner.split_once(']') {
            None => return Err(Fault::usage("No closing ']' around IPv6 address")),
            Some(("", _)) => return Err(Fault::usage("No IPv6 address specified")),
            Some((addr, rest)) => match rest.strip_prefix(':') {
                None => (text, None),
                Some(port) => (addr, Some(port)),
            },
        },
        // More than one colon is an IPv6 address.
        None => match text.split_once(':') {
            Some((addr, port)) if !port.contains(':') => (addr, Some(port)),
            _ => (text, None),
        },
    };
    let port = match port {
        None => None,
        Some("") => return Err(Fault::usage("No port specified after `:'")),
        Some(port) => {
            let digits = port.bytes().all(|byte| byte.is_ascii_digit());
            let number = port.parse().ok().filter(|_| digits);
            Some(number.ok_or_else(|| Fault::usage(format!("Invalid port `{port}'")))?)
        }
    };
    Ok((addr, port))
}

/// What `-u` asks for. `SRC_NAT` and `DST_NAT` stand for flows that `-n` and `-g` mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct StatusWord {
    /// Bits that are set.
    set: Status,
    /// Bits that are not.
    clear: Status,
    /// `UNSET` is among it: alone it asks for flows that have none of the words.
    unset: bool,
}

/// The words of NAT.
const NAT: Status = Status(Status::SRC_NAT.0 | Status::DST_NAT.0);

impl StatusWord {
    /// What is asked for by either word: `-u` may stand twice.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            set: self.set | other.set,
            clear: self.clear | other.clear,
            unset: self.unset || other.unset,
        }
    }

    /// The bits that a flow is to get.
    pub(super) fn bits(self) -> Status {
        Status(self.set.0 & !NAT.0)
    }

    /// The bits that a flow must have.
    pub(super) fn set(self) -> Status {
        self.set
    }

    /// The bits that a flow must not have.
    pub(super) fn clear(self) -> Status {
        if self.unset && self.set == Status(0) && self.clear == Status(0) {
            let all = STATUS.iter().fold(Status(0), |bits, (_, bit)| bits | *bit);
            return Status(all.0 & !NAT.0);
        }
        self.clear
    }
}

/// The bits that `-u` and `-o save` have words for; of words that begin alike the first is meant.
const STATUS: [(&str, Status); 9] = [
    ("ASSURED", Status::ASSURED),
    ("SEEN_REPLY", Status::SEEN_REPLY),
    ("UNSET", Status(0)),
    ("FIXED_TIMEOUT", Status::FIXED_TIMEOUT),
    ("EXPECTED", Status::EXPECTED),
    ("OFFLOAD", Status::OFFLOAD),
    ("HW_OFFLOAD", Status::HW_OFFLOAD),
    ("SRC_NAT", Status::SRC_NAT),
    ("DST_NAT", Status::DST_NAT),
];

/// `ASSURED,!SEEN_REPLY`.
pub(super) fn status(text: &str, ignored: &mut Ignored) -> Result<StatusWord, Fault> {
    let mut word = StatusWord::default();
    list(text, &mut |part| {
        let negated = part.strip_prefix('!');
        let name = negated.unwrap_or(part);
        if part.starts_with("UNREPLIED") {
            word.clear = word.clear | Status::SEEN_REPLY;
            return Ok(());
        }
        let bit = find(&STATUS, name).ok_or(name.len())?;
        match (bit, negated.is_some()) {
            // What has not none of the words would be everything.
            (Status(0), true) => return Err(name.len()),
            (Status(0), false) => word.unset = true,
            (bit, true) => word.clear = word.clear | bit,
            (bit, false) => word.set = word.set | bit,
        }
        if bit.0 & NAT.0 != 0
            && let Some(instead) = nat_name(name)
        {
            ignored.nat(Opt::Status, instead);
        }
        Ok(())
    })?;
    Ok(word)
}

/// `xml,id`, added to `style`.
pub(super) fn output(
    text: &str,
    style: &mut ConntrackStyle,
    ignored: &mut Ignored,
) -> Result<(), Fault> {
    /// A word, and what it sets; the words of programs are there anyway.
    type Word = (&'static str, Option<fn(&mut ConntrackStyle) -> &mut bool>);
    const WORDS: [Word; 8] = [
        ("xml", Some(|style| &mut style.xml)),
        ("extended", Some(|style| &mut style.extended)),
        ("timestamp", Some(|style| &mut style.timestamp)),
        ("id", Some(|style| &mut style.id)),
        ("ktimestamp", Some(|style| &mut style.ktimestamp)),
        ("labels", Some(|style| &mut style.labels)),
        ("userspace", None),
        ("save", Some(|style| &mut style.save)),
    ];
    list(text, &mut |part| {
        match (find(&WORDS, part), nat_name(part)) {
            (Some(Some(flag)), _) => *flag(style) = true,
            (Some(None), _) => (),
            (None, Some(instead)) => ignored.nat(Opt::Output, instead),
            (None, None) => return Err(part.len()),
        }
        Ok(())
    })?;
    // With these two conntrack refuses it; here they make the lines whole.
    let ConntrackStyle { extended, labels, .. } = *style;
    let saved = ConntrackStyle { save: true, extended, labels, ..ConntrackStyle::PLAIN };
    if style.save && *style != saved {
        let text = "cannot combine save output with any other output type, use -o save only";
        return Err(Fault::other(text));
    }
    Ok(())
}

/// `NEW,DESTROY`.
pub(super) fn events(text: &str, ignored: &mut Ignored) -> Result<Vec<EventKind>, Fault> {
    const WORDS: [(&str, &[EventKind]); 4] = [
        ("ALL", &EventKind::ALL),
        ("NEW", &[EventKind::New]),
        ("UPDATES", &[EventKind::Update]),
        ("DESTROY", &[EventKind::Destroy]),
    ];
    let mut kinds = Vec::new();
    list(text, &mut |part| {
        match (find(&WORDS, part), nat_name(part)) {
            (Some(more), _) => kinds.extend_from_slice(more),
            (None, Some(instead)) => ignored.nat(Opt::EventMask, instead),
            (None, None) => return Err(part.len()),
        }
        Ok(())
    })?;
    Ok(kinds)
}

/// Each part between commas, until one is not known: then what is blamed is the rest of the text,
/// from as many bytes before the end of that part as it says.
fn list(text: &str, each: &mut dyn FnMut(&str) -> Result<(), usize>) -> Result<(), Fault> {
    let mut rest = text;
    loop {
        let (part, next) = rest.split_once(',').map_or((rest, None), |(a, b)| (a, Some(b)));
        let known = if part.is_empty() { Err(0) } else { each(part) };
        if let Err(length) = known {
            let blamed = rest.get(part.len().saturating_sub(length)..).unwrap_or(rest);
            return Err(Fault::usage(format!("Bad parameter `{blamed}'")));
        }
        match next {
            Some(next) => rest = next,
            None => return Ok(()),
        }
    }
}

/// The first whose name begins so, in any case.
pub(super) fn find<T: Copy>(words: &[(&'static str, T)], beginning: &str) -> Option<T> {
    words.iter().find(|(name, _)| begins(name, beginning)).map(|(_, value)| *value)
}

/// The option that is meant by a word of NAT, which has no meaning in a list. conntrack looks for
/// these two before all other words, so that `-e D` is no event; here they come last.
fn nat_name(beginning: &str) -> Option<Opt> {
    find(&[("SRC_NAT", Opt::SrcNat), ("DST_NAT", Opt::DstNat)], beginning)
}

fn begins(name: &str, beginning: &str) -> bool {
    !beginning.is_empty()
        && name.get(..beginning.len()).is_some_and(|start| start.eq_ignore_ascii_case(beginning))
}
