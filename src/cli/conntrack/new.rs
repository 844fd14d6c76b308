//! A command line as a flow or an expectation that is to be made, or as the name of one.

use crate::flow::{
    DccpInfo, ExpectKey, FlowKey, L4, Labels, NatTarget, NewExpectation, NewFlow, Proto, ProtoInfo,
    SctpInfo, Status, TcpFlags, TcpInfo, Tuple,
};
use crate::kernel::errno;

use super::command::{Command, Table};
use super::line::{Half, Line};
use super::message::Fault;
use super::value::{NatWord, StatusWord};

/// `IP_CT_TCP_FLAG_SACK_PERM | IP_CT_TCP_FLAG_BE_LIBERAL`: nobody saw the windows of this flow.
const UNSEEN: u8 = 0x02 | 0x08;
/// `IP_CT_TCP_FLAG_CLOSE_INIT`.
const CLOSE_INIT: u8 = 0x04;
/// `TCP_CONNTRACK_TIME_WAIT`.
const TIME_WAIT: u8 = 7;

/// What conntrack says where the kernel would say `EINVAL`.
fn invalid(line: &Line) -> Fault {
    let (command, table) = line.command.unwrap_or((Command::Create, Table::Conntrack));
    Fault::refused(errno::EINVAL, command, table)
}

/// The flow that `-I` and `-A` make.
pub(super) fn flow(line: &Line) -> Result<NewFlow, Fault> {
    let (orig, reply) = directions(line)?;
    let mut flow = NewFlow::new(orig, reply, line.timeout_s.unwrap_or_default());
    flow.zone = line.zone;
    flow.status = status_bits(line);
    flow.proto_info = proto_info(line);
    flow.mark = line.mark.map(|mark| mark.value);
    flow.labels = labels(&line.add_labels);
    let ported = line.proto.is_some_and(Proto::has_ports);
    let port = |to: NatTarget| NatTarget { port: to.port.filter(|_| ported), ..to };
    flow.snat = target(line.snat).map(port);
    flow.dnat = target(line.dnat).map(port);
    Ok(flow)
}

/// Where NAT is to lead, if that is said.
fn target(word: Option<NatWord>) -> Option<NatTarget> {
    word.and_then(|word| word.to)
}

/// The labels with these bits; none if there are none.
pub(super) fn labels(bits: &[u8]) -> Option<Labels> {
    let each = bits.iter().filter_map(|bit| Labels::bit(*bit));
    each.reduce(Labels::union)
}

/// Both directions: what is not said of one follows from the other.
///
/// `-o save` writes the address that NAT leads to in the place of the reply's; the kernel is given
/// the reply as it was before, and changes it.
fn directions(line: &Line) -> Result<(Tuple, Tuple), Fault> {
    let Line { orig, reply, .. } = line;
    let said = |half: &Half| half.src.is_some() || half.dst.is_some();
    if !said(orig) {
        // Ports may be said of the other direction than the addresses.
        let ports = reply.sport.is_some() || reply.dport.is_some();
        let from = if ports { reply.clone() } else { swapped(reply, orig) };
        let mut reply = tuple(line, &from, false)?;
        let mut orig = reply.inverted().ok_or_else(|| invalid(line))?;
        (orig.zone, reply.zone) = (line.orig.zone, line.reply.zone);
        return Ok((orig, reply));
    }
    let ports = orig.sport.is_some() || orig.dport.is_some();
    let from = if ports { orig.clone() } else { swapped(orig, reply) };
    let mut first = tuple(line, &from, true)?;
    let mut answer = first.inverted().ok_or_else(|| invalid(line))?;
    let translated = [line.snat, line.dnat].into_iter().any(|nat| target(nat).is_some());
    let reply_ports = reply.sport.is_some() || reply.dport.is_some();
    if said(reply) || translated && reply_ports {
        let half = Half {
            src: reply.src.or(target(line.dnat).map(|_| answer.src)),
            dst: reply.dst.or(target(line.snat).map(|_| answer.dst)),
            ..reply.clone()
        };
        let has_ports = matches!(answer.l4, L4::Ports { .. });
        if has_ports && !reply_ports {
            return Err(invalid(line));
        }
        answer = Tuple { l4: answer.l4, ..tuple(line, &half, false)? };
        if has_ports {
            answer.l4 = layer4(line, &half);
        }
    }
    (first.zone, answer.zone) = (orig.zone, reply.zone);
    Ok((first, answer))
}

/// The addresses of `half` with the ports of the other direction.
fn swapped(half: &Half, other: &Half) -> Half {
    Half { sport: other.dport, dport: other.sport, ..half.clone() }
}

/// The direction that `half` describes; `first` if icmp is that of the first packet.
fn tuple(line: &Line, half: &Half, first: bool) -> Result<Tuple, Fault> {
    let (Some(src), Some(dst), Some(proto)) = (half.src, half.dst, line.proto) else {
        return Err(invalid(line));
    };
    // icmp is a protocol of IPv4, icmpv6 of IPv6.
    if proto.is_icmp() && (proto == Proto::ICMP) != src.is_ipv4() {
        return Err(invalid(line));
    }
    let l4 = layer4(line, half);
    let tuple = Tuple { src, dst, proto, l4, zone: None };
    if first || !proto.is_icmp() {
        return Ok(tuple);
    }
    // The type is that of the original direction, whichever the addresses belong to.
    let answer = tuple.inverted().ok_or_else(|| invalid(line))?;
    Ok(Tuple { l4: answer.l4, ..tuple })
}

fn layer4(line: &Line, half: &Half) -> L4 {
    let proto = line.proto.unwrap_or(Proto::TCP);
    if proto.is_icmp() {
        let (kind, code, id) = line.icmp;
        return L4::Icmp {
            kind: kind.unwrap_or_default(),
            code: code.unwrap_or_default(),
            id: id.unwrap_or_default(),
        };
    }
    if proto.has_ports() || proto == Proto::GRE {
        let (src, dst) = (half.sport.unwrap_or_default(), half.dport.unwrap_or_default());
        return L4::Ports { src, dst };
    }
    L4::None
}

/// The state, with all that the kernel wants beside it.
pub(super) fn proto_info(line: &Line) -> Option<ProtoInfo> {
    let state = line.state?;
    Some(match line.proto? {
        Proto::SCTP => {
            let [vtag_orig, vtag_reply] = line.vtags;
            ProtoInfo::Sctp(SctpInfo { state, vtag_orig, vtag_reply })
        }
        Proto::DCCP => ProtoInfo::Dccp(DccpInfo { state, role: line.role, handshake_seq: None }),
        _ => {
            let flags = UNSEEN | if state >= TIME_WAIT { CLOSE_INIT } else { 0 };
            let flags = Some(TcpFlags { flags, mask: flags });
            ProtoInfo::Tcp(TcpInfo {
                state,
                flags_orig: flags,
                flags_reply: flags,
                ..TcpInfo::default()
            })
        }
    })
}

/// True if the flow that `-G` looks for is named by its original direction.
pub(super) fn by_orig(line: &Line) -> bool {
    line.orig.src.is_some() && line.orig.dst.is_some()
}

/// The name of the flow that `-G` looks for: the kernel finds it by either direction.
pub(super) fn key(line: &Line) -> Result<FlowKey, Fault> {
    let by_orig = by_orig(line);
    let half = if by_orig { &line.orig } else { &line.reply };
    let other = if by_orig { &line.reply } else { &line.orig };
    let ports = half.sport.is_some() || half.dport.is_some();
    let half = if ports { half.clone() } else { swapped(half, other) };
    Ok(FlowKey { tuple: tuple(line, &half, by_orig)?, reply_zone: None, zone: None, id: None })
}

/// The name of the expectation that `-G expect` and `-D expect` look for.
pub(super) fn expect_key(line: &Line) -> Result<ExpectKey, Fault> {
    Ok(ExpectKey { tuple: tuple(line, &line.orig, true)?, zone: None, id: None })
}

/// The expectation that `-I expect` makes.
pub(super) fn expectation(line: &Line) -> Result<NewExpectation, Fault> {
    Ok(NewExpectation {
        tuple: tuple(line, &line.tuple, true)?,
        mask: tuple(line, &line.mask, true)?,
        master: tuple(line, &line.orig, true)?,
        zone: None,
        timeout_s: line.timeout_s.unwrap_or_default(),
        flags: None,
        class: None,
        helper: None,
        nat: None,
        function: None,
    })
}

/// The bits that `-u` sets.
pub(super) fn status_bits(line: &Line) -> Option<Status> {
    line.status.map(StatusWord::bits)
}
