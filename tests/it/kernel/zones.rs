//! Flows whose names are alike: the zone of one direction is all that tells them apart.

use crate::lab::{eval, in_namespace};

/// One flow with a zone of its own for the answers; and another whose answers look like its first
/// packet, in the zone in which a look-up without that zone would search. The kernel holds both.
const ALIKE: &str = r#"
    let one = #{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 5, dport: 6, timeout: 60.sec };
    let other = #{ proto: "udp", src: "10.0.0.2", dst: "10.0.0.1", sport: 6, dport: 5, timeout: 60.sec };
    for order in [0, 1] {
        flows.flush();
        let both = [one + #{ reply_zone: 7 }, other + #{ orig_zone: 2 }];
        if order == 1 { both.reverse() }
        print(flows.create(both).done);
"#;

#[test]
fn an_update_knows_flows_apart_that_differ_in_the_zone_of_their_answers() {
    in_namespace(|| {
        let told = eval(&format!(
            r#"{ALIKE} flows("src 10.0.0.1").update(#{{ mark: 7 }});
               flows("src 10.0.0.2").update(#{{ mark: 8 }}, #{{ max: 1 }});
               print(flows.sort("src").map(|f| [f.src, f.mark]));
            }}"#
        ));
        insta::assert_snapshot!(told, @"
        2
        [[10.0.0.1, 7], [10.0.0.2, 8]]
        2
        [[10.0.0.1, 7], [10.0.0.2, 8]]
        ");
    });
}

#[test]
fn a_delete_never_takes_one_flow_for_another() {
    in_namespace(|| {
        let told = eval(&format!(
            r#"{ALIKE} let outcome = flows("src 10.0.0.1").delete();
               // The kernel may find the other one by this name; then its id stands in the way.
               print(outcome.done + outcome.gone);
               print(flows("src 10.0.0.2").count());
            }}"#
        ));
        insta::assert_snapshot!(told, @"
        2
        1
        1
        2
        1
        1
        ");
    });
}
