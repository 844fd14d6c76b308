//! What of a filter the kernel can be asked to leave out of a dump. It is an optimisation only:
//! every flow that comes is judged again natively.
//!
//! Asked for is what no kernel gets wrong in the way that loses flows. A kernel that does not know a
//! filter sends more, or refuses and is asked without. Left out are IPv6 addresses, which every
//! kernel from 5.8 to 6.18 compares the wrong way round, ports of protocols other than tcp and udp,
//! which it does not compare, and the reply direction, which early kernels confuse with the
//! original (`ctnetlink_filter_match_tuple()`).

use std::net::IpAddr;

use crate::flow::{Cmp, Direction, Field, Filter, Network, Place, PortRange, Proto, Status, Test};
use crate::kernel::{DumpScope, KernelFilter};

/// `scope`, with what the kernel may leave out because `filter` would not take it.
#[must_use]
pub fn narrowed<A>(scope: &DumpScope, filter: &Filter<A>) -> DumpScope {
    let parts = match filter {
        Filter::And(parts) => parts.as_slice(),
        filter => std::slice::from_ref(filter),
    };
    let mut scope = *scope;
    let tests = parts.iter().filter_map(|part| match part {
        Filter::Test(test) => Some(test),
        _ => None,
    });
    for test in tests {
        push(&mut scope, test);
    }
    // Ports of other protocols are not compared, and without a protocol they are an error.
    if !matches!(scope.filter.orig.proto, Some(Proto::TCP | Proto::UDP)) {
        (scope.filter.orig.sport, scope.filter.orig.dport) = (None, None);
    }
    scope
}

/// Adds what `test` demands, if the kernel can be asked for it. Of two tests of one thing the
/// first is asked for: the other is left to native code.
fn push(scope: &mut DumpScope, test: &Test) {
    let KernelFilter { mark, status, zone, orig, .. } = &mut scope.filter;
    let mut bits = |value: Status, mask: Status| {
        let (set, of) = status.unwrap_or_default();
        *status = Some((set | value, of | mask));
    };
    match test {
        Test::Family(family) => {
            scope.family.get_or_insert(*family);
        }
        Test::Proto(protos) => {
            if let [proto] = protos.as_slice() {
                orig.proto.get_or_insert(*proto);
            }
        }
        Test::Addr(place, nets) => {
            if let Some(addr) = ipv4_host(nets) {
                match place {
                    Place::Src(Direction::Orig) => orig.src = orig.src.or(Some(addr)),
                    Place::Dst(Direction::Orig) => orig.dst = orig.dst.or(Some(addr)),
                    _ => (),
                }
            }
        }
        Test::Port(place, ranges) => {
            if let [PortRange { first, last }] = ranges.as_slice()
                && first == last
            {
                match place {
                    Place::Src(Direction::Orig) => orig.sport = orig.sport.or(Some(*first)),
                    Place::Dst(Direction::Orig) => orig.dport = orig.dport.or(Some(*first)),
                    _ => (),
                }
            }
        }
        Test::Mark(masked) => {
            mark.get_or_insert(*masked);
        }
        Test::Status(set) if set.0 != 0 => bits(*set, *set),
        Test::Unreplied => bits(Status::default(), Status::SEEN_REPLY),
        Test::Number(Field::Zone, Cmp::Eq, number) => *zone = zone.or(u16::try_from(*number).ok()),
        _ => (),
    }
}

/// The one IPv4 address that `nets` is.
fn ipv4_host(nets: &[Network]) -> Option<IpAddr> {
    match nets {
        [net] if net.first() == net.last() && net.first().is_ipv4() => Some(net.first()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::narrowed;
    use crate::flow::LabelMap;
    use crate::kernel::DumpScope;
    use crate::table::parse_filter;

    #[track_caller]
    fn check(text: &str, asked: &str) {
        let filter = parse_filter(text, &LabelMap::default()).unwrap();
        assert_eq!(narrowed(&DumpScope::default(), &filter).to_string(), asked);
    }

    #[test]
    fn the_kernel_is_asked_for_what_every_flow_must_have() {
        check("mark 5", "mark 0x5");
        check("tcp and mark 0x100/0xff00", "mark 0x100/0xff00 proto tcp");
        check("udp dport 53", "proto udp dport 53");
        check("ipv4 and src 10.0.0.1 dst 10.0.0.2", "ipv4 src 10.0.0.1 dst 10.0.0.2");
        check("assured and zone 3", "status 0x4/0x4 zone 3");
        check("unreplied assured", "status 0x4/0x6");
    }

    #[test]
    fn what_some_flows_need_not_have_is_no_matter_of_the_kernel() {
        for text in ["mark 5 or tcp", "not mark 5", "not (mark 5 and tcp)", "zone > 3"] {
            check(text, "everything");
        }
    }

    #[test]
    fn what_kernels_get_wrong_is_never_asked_for() {
        check("src fd00::1", "everything");
        check("src 10.0.0.0/8", "everything");
        check("dport 53", "everything");
        check("sctp dport 53", "proto sctp");
        check("reply.src 10.0.0.1", "everything");
        check("host 10.0.0.1 port 53", "everything");
        check("udp dport {53, 54}", "proto udp");
    }
}
