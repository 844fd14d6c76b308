//! A single test: how its subject relates to its values, and what the values are.

use std::net::IpAddr;

use super::TextError;
use super::closest::closest;
use super::number::{between, number, number_test, port, port_range, ports, range};
use super::parse::Reader;
use super::subject::{Subject, family};
use crate::flow::{
    Cmp, Field, Filter, Masked, NatKind, Network, Place, PortRange, Proto, StateSet, Status, Test,
};

/// How a subject stands to its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    /// Nothing is written between them.
    Unwritten,
    Equal,
    NotEqual,
    Compared(Cmp, &'static str),
}

/// Why a value cannot be read; `None` if there is no more to say than what is needed.
type Refusal = Option<String>;

/// Reads what follows the subject called `name`.
pub(super) fn test(
    reader: &mut Reader<'_>,
    subject: &Subject,
    name: &str,
) -> Result<Filter, TextError> {
    let relation = reader.relation();
    let mut values = Values { reader, subject, name };
    match relation {
        Relation::Compared(cmp, symbol) => values.comparison(cmp, symbol),
        Relation::NotEqual => values.membership(relation).map(Filter::negate),
        Relation::Equal | Relation::Unwritten => values.membership(relation),
    }
}

impl Reader<'_> {
    fn relation(&mut self) -> Relation {
        const COMPARED: [(&str, Cmp); 4] =
            [("<", Cmp::Lt), ("<=", Cmp::Le), (">", Cmp::Gt), (">=", Cmp::Ge)];
        if self.eat(&["=", "==", "in"]) {
            return Relation::Equal;
        }
        if self.eat(&["!="]) {
            return Relation::NotEqual;
        }
        if self.at(&["not", "!"]) && self.peek_second().is_some_and(|token| token.is_any(&["in"])) {
            let _ = (self.take(), self.take());
            return Relation::NotEqual;
        }
        let found = COMPARED.into_iter().find(|(symbol, _)| self.eat(&[symbol]));
        found.map_or(Relation::Unwritten, |(symbol, cmp)| Relation::Compared(cmp, symbol))
    }
}

/// The values of one subject.
struct Values<'r, 't, 's> {
    reader: &'r mut Reader<'t>,
    subject: &'s Subject,
    name: &'s str,
}

impl Values<'_, '_, '_> {
    /// The filter that the subject's number stands so to the value.
    fn comparison(&mut self, cmp: Cmp, symbol: &str) -> Result<Filter, TextError> {
        let field = match self.subject {
            Subject::Port(place) => {
                let port = self.one(|text| port(text).ok_or(None))?;
                return Ok(Filter::Test(Test::Port(*place, ports(cmp, port.into()))));
            }
            Subject::Mark => Field::Mark,
            Subject::Number(field) => *field,
            _ => {
                let message = format!("`{symbol}` cannot compare {}", self.name);
                return Err(self.reader.fault_behind(message));
            }
        };
        let number = self.one(|text| number(field, text).ok_or(None))?;
        Ok(Filter::Test(number_test(field, cmp, number)))
    }

    /// The filter that the subject is one of the values.
    fn membership(&mut self, relation: Relation) -> Result<Filter, TextError> {
        let labels = self.reader.labels;
        let test = match self.subject {
            Subject::Proto => Test::Proto(self.any(|text| text.parse::<Proto>().or(Err(None)))?),
            Subject::Addr(place) => {
                let bits = self.reader.peek().and_then(|token| holes(&token.text));
                if let Some((value, mask)) = bits {
                    self.reader.take();
                    return Ok(Filter::Test(Test::AddrBits(*place, value, mask)));
                }
                Test::Addr(*place, self.any(|text| text.parse::<Network>().map_err(Some))?)
            }
            Subject::Port(place) => {
                Test::Port(*place, self.any(|text| port_range(text).ok_or(None))?)
            }
            Subject::State => {
                let states = self.any(|text| StateSet::named(text).ok_or(None))?;
                Test::State(states.into_iter().fold(StateSet::default(), StateSet::union))
            }
            Subject::Text(field) => Test::Text(*field, self.any(|text| Ok(text.to_owned()))?),
            Subject::Family => {
                let families = self.any(|text| family(&text.to_lowercase()).ok_or(None))?;
                return Ok(or_of(families.into_iter().map(Test::Family)));
            }
            Subject::Status => {
                let bits = self.any(|text| status(text).ok_or(None))?;
                return Ok(or_of(bits.into_iter().map(Test::Status)));
            }
            Subject::Label => {
                let bits = self.any(|text| labels.bit(text).ok_or(None))?;
                return Ok(or_of(bits.into_iter().map(Test::Label)));
            }
            Subject::Mark => return Ok(any_of(self.any(mark)?)),
            Subject::Number(field) => {
                let field = *field;
                let read = |text: &str| in_bounds(field, range(text, |text| number(field, text))?);
                let ranges = self.any(|text| read(text).ok_or(None))?;
                return Ok(any_of(ranges.into_iter().map(|ends| between(field, ends)).collect()));
            }
            Subject::Nat(kind) => return self.nat(*kind, relation),
            Subject::Flag(test) => return self.flag(&Filter::Test(test.clone()), relation),
            Subject::Parts => {
                let message = format!("{} has parts that only a closure can ask for", self.name);
                return Err(self.reader.fault_behind(message));
            }
        };
        Ok(Filter::Test(test))
    }

    /// A test that may be followed by `true` or `false`.
    fn flag(&mut self, flag: &Filter, relation: Relation) -> Result<Filter, TextError> {
        if relation == Relation::Unwritten && !self.reader.at(&["true", "false"]) {
            return Ok(flag.clone());
        }
        let wanted = self.any(|text| text.to_lowercase().parse::<bool>().or(Err(None)))?;
        let stand = |wanted| if wanted { flag.clone() } else { flag.clone().negate() };
        Ok(any_of(wanted.into_iter().map(stand).collect()))
    }

    /// `snat`, `snat 192.0.2.1`, `snat {192.0.2.1:80, [2001:db8::1]:80}`, `snat 192.0.2.1 port 80`.
    fn nat(&mut self, kind: NatKind, relation: Relation) -> Result<Filter, TextError> {
        if self.reader.at(&["true", "false"]) {
            return self.flag(&Filter::Test(Test::Nat(kind, vec![], None)), Relation::Equal);
        }
        let looks_like_a_target = self.reader.peek().is_some_and(|token| {
            let digit = token.text.starts_with(|c: char| c.is_ascii_digit() || c == '[');
            token.quoted || token.is_any(&["{"]) || digit || token.text.contains(':')
        });
        let given = relation != Relation::Unwritten || looks_like_a_target;
        let targets = if given { Some(self.any(nat_target)?) } else { None };
        let mut ports = vec![None];
        if self.reader.eat(&["port"]) {
            if targets.iter().flatten().any(|(_, port)| port.is_some()) {
                return Err(self.reader.fault_behind("the port is given twice"));
            }
            let of = Subject::Port(Place::Any);
            let mut values = Values { reader: self.reader, subject: &of, name: "port" };
            ports = values.any(|text| port_range(text).map(Some).ok_or(None))?;
        }
        let Some(targets) = targets else {
            return Ok(or_of(ports.into_iter().map(|port| Test::Nat(kind, vec![], port))));
        };
        let (with_port, bare): (Vec<_>, Vec<_>) =
            targets.into_iter().partition(|(_, port)| port.is_some());
        let nets: Vec<Network> = bare.into_iter().map(|(net, _)| net).collect();
        if nets.is_empty() {
            ports.clear();
        }
        let exact = with_port.into_iter().map(|(net, port)| Test::Nat(kind, vec![net], port));
        let loose = ports.into_iter().map(|port| Test::Nat(kind, nets.clone(), port));
        Ok(or_of(loose.chain(exact)))
    }

    /// One value, or several in braces.
    fn any<T>(&mut self, read: impl Fn(&str) -> Result<T, Refusal>) -> Result<Vec<T>, TextError> {
        if !self.reader.eat(&["{"]) {
            return Ok(vec![self.one(read)?]);
        }
        let mut values = Vec::new();
        if self.reader.eat(&["}"]) {
            return Ok(values);
        }
        loop {
            values.push(self.one(&read)?);
            if self.reader.eat(&["}"]) {
                return Ok(values);
            }
            if !self.reader.eat(&[","]) {
                let found = self.reader.found();
                return Err(self.reader.fault(format!("expected `,` or `}}`, {found}")));
            }
        }
    }

    fn one<T>(&mut self, read: impl Fn(&str) -> Result<T, Refusal>) -> Result<T, TextError> {
        let refused = match self.reader.peek().filter(|token| token.is_value()) {
            Some(token) => read(&token.text),
            None => Err(None),
        };
        let refusal = match refused {
            Ok(value) => {
                self.reader.take();
                return Ok(value);
            }
            Err(refusal) => refusal,
        };
        let (name, what, found) = (self.name, self.subject.needs(), self.reader.found());
        let message = match refusal {
            Some(refusal) => format!("{name} needs {what}: {refusal}"),
            None => format!("{name} needs {what}, {found}"),
        };
        let names = self.subject.names(self.reader.labels);
        let word = self.reader.peek().map_or("", |token| &token.text);
        let near = closest(word, names.iter().map(String::as_str)).map(str::to_owned);
        Err(self.reader.fault(message).suggest(near))
    }
}

/// The filter that takes what any of `filters` takes.
fn any_of(mut filters: Vec<Filter>) -> Filter {
    match (filters.len(), filters.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            filters.extend(last);
            Filter::Or(filters)
        }
    }
}

fn or_of(tests: impl Iterator<Item = Test>) -> Filter {
    any_of(tests.map(Filter::Test).collect())
}

/// A bit by name, or several by number.
fn status(text: &str) -> Option<Status> {
    let bits = || u32::try_from(number(Field::Mark, text)?).ok().map(Status);
    Status::named(text).or_else(bits)
}

fn mark(text: &str) -> Result<Filter, Refusal> {
    let refusal = match text.parse::<Masked>() {
        Ok(masked) => return Ok(Filter::Test(Test::Mark(masked))),
        Err(refusal) => refusal,
    };
    let ends = range(text, |text| number(Field::Mark, text));
    let ends = ends.and_then(|ends| in_bounds(Field::Mark, ends));
    ends.map(|ends| between(Field::Mark, ends)).ok_or(Some(refusal))
}

/// The range, unless it names numbers that the field never has.
fn in_bounds(field: Field, (first, last): (i64, i64)) -> Option<(i64, i64)> {
    let greatest = match field {
        Field::IcmpType(_) | Field::IcmpCode(_) => u8::MAX.into(),
        Field::IcmpId(_) | Field::Zone | Field::DirZone(_) => u16::MAX.into(),
        Field::Mark => u32::MAX.into(),
        _ => return Some((first, last)),
    };
    (first >= 0 && last <= greatest).then_some((first, last))
}

/// An address under a mask with holes, which is no network: `10.0.5.0/255.0.255.0`.
fn holes(text: &str) -> Option<(IpAddr, IpAddr)> {
    let (value, mask) = text.split_once('/').filter(|_| text.parse::<Network>().is_err())?;
    let (value, mask) = (value.parse::<IpAddr>().ok()?, mask.parse::<IpAddr>().ok()?);
    (value.is_ipv4() == mask.is_ipv4()).then_some((value, mask))
}

/// A network, or an address and the port behind its last colon.
fn nat_target(text: &str) -> Result<(Network, Option<PortRange>), Refusal> {
    let refusal = match text.parse::<Network>() {
        Ok(network) => return Ok((network, None)),
        Err(refusal) => Some(refusal),
    };
    let (addr, port) = text.rsplit_once(':').ok_or_else(|| refusal.clone())?;
    let bare = addr.strip_prefix('[').and_then(|addr| addr.strip_suffix(']')).unwrap_or(addr);
    match (bare.parse::<Network>(), port_range(port)) {
        (Ok(network), Some(port)) => Ok((network, Some(port))),
        _ => Err(refusal),
    }
}
