//! `--script`: the flowsh script that does what a command line does.

use std::io::{self, Write};

use crate::flow::{EventKind, Filter, L4, LabelMap, Labels, NatTarget, NewFlow, ProtoInfo};
use crate::flow::{Status, Tuple};

use super::command::{Command, Table};
use super::line::{self, Half, Line};
use super::message::{Fault, PROGRAM, warn};
use super::options::Opt;
use super::output::format;
use super::{filter, list, load, new};

/// Prints the script; that of a file has a statement for each of its lines.
pub(super) fn print(words: &[String]) -> Result<u8, Fault> {
    if let Some(path) = load::file(words) {
        let mut out = io::stdout().lock();
        let mut head = "fn must(done) { if done.failed > 0 { throw done.to_string() } }\n";
        load::lines(path, &mut |line| {
            Ok(writeln!(out, "{}{};", std::mem::take(&mut head), of(line, must)?)?)
        })?;
        return Ok(0);
    }
    let mut words: Vec<_> = words.iter().map(String::as_str).collect();
    let line = line::read(&mut words, warn)?;
    let script = of(&line, str::to_owned)?;
    writeln!(io::stdout(), "{script}")?;
    Ok(0)
}

/// A change that ends a script if it fails, as it ends the lines of a file.
fn must(change: &str) -> String {
    format!("must({change})")
}

/// What is made of each change of a script.
type Wrap = fn(&str) -> String;

/// The script for a line. What a command shows is shown wherever the script stands, and as the
/// command shows it: `-e` shows the value of the last statement in the format of the run, a file
/// does not.
fn of(line: &Line, wrap: Wrap) -> Result<String, Fault> {
    let Some((command, table)) = line.command else { return Ok("help()".to_owned()) };
    // A script reads names by the map of the machine that it runs on.
    if line.given.has(Opt::LabelMap) {
        return Err(Fault::other("no script names labels by another map: leave `--labelmap' out"));
    }
    let script = action(line, command, table, wrap)?;
    Ok(match command {
        Command::List | Command::Get | Command::Event => {
            format!("show({script}, {})", text(format(line)))
        }
        Command::Count | Command::Stats | Command::Version => format!("show({script})"),
        _ => script,
    })
}

/// What does or finds it.
fn action(line: &Line, command: Command, table: Table, wrap: Wrap) -> Result<String, Fault> {
    let expect = table == Table::Expect;
    let name = if expect { "expectations" } else { "flows" };
    Ok(match command {
        Command::Event => {
            let filter = if expect { name.to_owned() } else { asked(&filter::filter(line)?) };
            format!("{filter}.events({})", kinds(line))
        }
        Command::List if expect => match line.family {
            Some(family) => format!("expectations.where(|x| x.family == \"{family}\")"),
            None => name.to_owned(),
        },
        Command::List if table == Table::Unconfirmed => {
            let why =
                "no script lists the table `unconfirmed': kernels since 5.19 do not tell of it";
            return Err(Fault::other(why));
        }
        Command::List => {
            list::may_zero(line)?;
            let mut query = asked(&filter::filter(line)?);
            query.push_str(if table == Table::Dying { ".dying()" } else { "" });
            query.push_str(if line.zeroes() { ".zero()" } else { "" });
            query
        }
        Command::Get | Command::Delete if expect => {
            let key = entries(&new::expect_key(line)?.tuple);
            let verb = if command == Command::Get { "" } else { ".delete()" };
            format!("expectations.get({}){verb}", map(&key))
        }
        Command::Get => found(line)?,
        Command::Delete => match filter::filter(line)? {
            Filter::All => wrap("flows.flush()"),
            filter => wrap(&format!("{}.delete()", asked(&filter))),
        },
        Command::Update => updated(line, &asked(&filter::update_filter(line)), wrap)?,
        Command::Create if expect => expected(line)?,
        Command::Create => wrap(&format!("flows.create({})", map(&made(line, &new::flow(line)?)?))),
        Command::Add => {
            let flow = new::flow(line)?;
            let (key, whole) = (map(&key(&flow)), map(&made(line, &flow)?));
            let otherwise = if flow.snat.is_some() || flow.dnat.is_some() {
                "throw \"the NAT of a flow that is there cannot change\"".to_owned()
            } else {
                wrap(&format!("present.update({})", map(&changing(line, "present")?.0)))
            };
            let create = wrap(&format!("flows.create({whole})"));
            format!(
                "let present = flows.get({key});\nif present == () {{ {create} }} else \
                 {{ {otherwise} }}"
            )
        }
        Command::Flush => match line.family {
            Some(family) => wrap(&format!("flows.flush(\"{family}\")")),
            None => wrap(&format!("{name}.flush()")),
        },
        Command::Count => format!("{name}.count()"),
        Command::Stats if expect => "expectations.stats()".to_owned(),
        Command::Stats => "stats()".to_owned(),
        Command::Version => text(PROGRAM),
        Command::Help => "help()".to_owned(),
    })
}

/// The one flow that `-G` names, if it is as else is said of it.
fn found(line: &Line) -> Result<String, Fault> {
    let key = entries(&new::key(line)?.tuple);
    let by_orig = new::by_orig(line);
    let (orig, reply) = if by_orig {
        (line.orig.clone(), Half::default())
    } else {
        (Half::default(), line.reply.clone())
    };
    let Line { family, proto, icmp, .. } = *line;
    let bare = Line { family, proto, orig, reply, icmp, ..Line::default() };
    let all = filter::filter(line)?;
    let query = if all == filter::filter(&bare)? { "flows".to_owned() } else { asked(&all) };
    let name = if by_orig { map(&key) } else { map(&[("reply", map(&key))]) };
    Ok(format!("{query}.get({name})"))
}

/// `flows`, or `flows("…")`.
fn asked(filter: &Filter) -> String {
    match filter {
        Filter::All => "flows".to_owned(),
        filter => format!("flows({})", text(filter)),
    }
}

/// A text of Rhai.
fn text(shown: impl std::fmt::Display) -> String {
    format!("\"{}\"", shown.to_string().replace('\\', "\\\\").replace('"', "\\\""))
}

/// `["new", "destroy"]`.
fn kinds(line: &Line) -> String {
    let kinds = line.events.clone().unwrap_or_else(|| EventKind::ALL.to_vec());
    let names: Vec<_> = kinds.iter().map(|kind| text(kind.name())).collect();
    format!("[{}]", names.join(", "))
}

/// An entry of a map: its name, and its value as Rhai.
type Entry = (&'static str, String);

/// `#{ name: value, … }`.
fn map(entries: &[Entry]) -> String {
    let each: Vec<_> = entries.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    format!("#{{ {} }}", each.join(", "))
}

/// What names one direction.
fn entries(tuple: &Tuple) -> Vec<Entry> {
    let proto = match tuple.proto.name() {
        Some(name) => text(name),
        None => tuple.proto.0.to_string(),
    };
    let mut entries = vec![("proto", proto), ("src", text(tuple.src)), ("dst", text(tuple.dst))];
    match tuple.l4 {
        L4::None => (),
        L4::Ports { src, dst } => {
            entries.extend([("sport", src.to_string()), ("dport", dst.to_string())]);
        }
        L4::Icmp { kind, code, id } => entries.extend([
            ("icmp_type", kind.to_string()),
            ("icmp_code", code.to_string()),
            ("icmp_id", id.to_string()),
        ]),
    }
    entries
}

/// What names the flow that may be there already: its zone as well, the reply's apart.
fn key(flow: &NewFlow) -> Vec<Entry> {
    let mut key = entries(&flow.orig);
    key.extend(zones(flow).into_iter().filter(|(name, _)| *name != "reply_zone"));
    key
}

fn zones(flow: &NewFlow) -> Vec<Entry> {
    let zones =
        [("zone", flow.zone), ("orig_zone", flow.orig.zone), ("reply_zone", flow.reply.zone)];
    zones.into_iter().filter_map(|(name, zone)| Some((name, zone?.to_string()))).collect()
}

/// A flow that is to be made.
fn made(line: &Line, flow: &NewFlow) -> Result<Vec<Entry>, Fault> {
    let mut all = entries(&flow.orig);
    if flow.orig.inverted().map(|reply| Tuple { zone: flow.reply.zone, ..reply })
        != Some(flow.reply)
    {
        all.push(("reply", map(&entries(&flow.reply))));
    }
    all.extend(zones(flow));
    for (name, nat) in [("snat", flow.snat), ("dnat", flow.dnat)] {
        all.extend(nat.map(|target| (name, text(place(target)))));
    }
    all.extend(becoming(line)?);
    Ok(all)
}

/// `1.2.3.4`, `1.2.3.4:80`, `[::1]:80`.
fn place(NatTarget { addr, port }: NatTarget) -> String {
    port.map_or_else(|| addr.to_string(), |port| std::net::SocketAddr::new(addr, port).to_string())
}

/// What a flow becomes, be it new or changed.
fn becoming(line: &Line) -> Result<Vec<Entry>, Fault> {
    let mut all = Vec::new();
    all.extend(line.timeout_s.map(|seconds| ("timeout", format!("{seconds}.sec"))));
    match new::proto_info(line) {
        Some(ProtoInfo::Dccp(_)) => {
            return Err(Fault::other("no script makes or changes flows of dccp"));
        }
        Some(info) => {
            all.push(("state", text(info.state_name().unwrap_or("NONE"))));
            all.extend(tags(line.vtags));
        }
        None => (),
    }
    let status = new::status_bits(line).filter(|bits| *bits != Status(0));
    all.extend(status.map(|bits| ("status", list(bits.names().iter().map(String::as_str)))));
    let creates = matches!(line.command, Some((Command::Create | Command::Add, _)));
    if let Some(mark) = line.mark {
        let mark = if creates { mark.value.to_string() } else { text(mark) };
        all.push(("mark", mark));
    }
    let names = line.names.clone().unwrap_or_default();
    let labels = |bits: &[u8]| new::labels(bits).map(|labels| named(labels, &names));
    if let Some(labels) = labels(&line.add_labels) {
        all.push((if creates { "labels" } else { "add_labels" }, labels));
    }
    match line.del_labels.as_deref() {
        Some([]) => all.push(("labels", "[]".to_owned())),
        Some(bits) => all.extend(labels(bits).map(|labels| ("remove_labels", labels))),
        None => (),
    }
    Ok(all)
}

/// Tags of sctp.
fn tags([orig, reply]: [Option<u32>; 2]) -> impl Iterator<Item = Entry> {
    let tags = [("vtag_orig", orig), ("vtag_reply", reply)];
    tags.into_iter().filter_map(|(name, tag)| Some((name, tag?.to_string())))
}

/// A change of the flows that `query` finds.
fn updated(line: &Line, query: &str, wrap: Wrap) -> Result<String, Fault> {
    let (all, each) = changing(line, "f")?;
    if all.is_empty() {
        return Ok(format!("// {query} stay as they are"));
    }
    let all = map(&all);
    Ok(if each {
        format!("for f in {query} {{ {}; }}", wrap(&format!("f.update({all})")))
    } else {
        wrap(&format!("{query}.update({all})"))
    })
}

/// What a flow called `name` is changed into, and whether that depends on how it is.
fn changing(line: &Line, name: &str) -> Result<(Vec<Entry>, bool), Fault> {
    // Bits of the value outside of the mask are turned over, which no mask can say.
    let odd = line.mark.filter(|mark| mark.value & !mark.mask != 0);
    let mut all = match odd {
        Some(_) => becoming(&Line { mark: None, ..line.clone() })?,
        None => becoming(line)?,
    };
    all.extend(
        odd.map(|mark| ("mark", format!("{name}.mark & {:#x} ^ {:#x}", !mark.mask, mark.value))),
    );
    let mut each = odd.is_some();
    // A tag is changed only beside a state.
    if line.state.is_none() && line.vtags.iter().any(Option::is_some) {
        all.push(("state", format!("{name}.state")));
        all.extend(tags(line.vtags));
        each = true;
    }
    Ok((all, each))
}

/// An expectation that is to be made.
fn expected(line: &Line) -> Result<String, Fault> {
    let new = new::expectation(line)?;
    let mut all = entries(&new.tuple);
    all.extend([
        ("mask", map(&entries(&new.mask))),
        ("master", map(&entries(&new.master))),
        ("timeout", format!("{}.sec", new.timeout_s)),
    ]);
    Ok(format!("expectations.create({})", map(&all)))
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<_> = words.map(text).collect();
    format!("[{}]", words.join(", "))
}

fn named(labels: Labels, names: &LabelMap) -> String {
    let shown: Vec<_> = labels.bits().map(|bit| names.show(bit)).collect();
    list(shown.iter().map(String::as_str))
}
