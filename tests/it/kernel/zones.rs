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
            r#"{ALIKE} print(flows("src 10.0.0.1").delete().done);
               print(flows.map(|f| f.src));
            }}"#
        ));
        insta::assert_snapshot!(told, @"
        2
        1
        [10.0.0.2]
        2
        1
        [10.0.0.2]
        ");
    });
}

#[test]
fn the_answers_of_another_are_never_taken_for_a_flow() {
    in_namespace(|| {
        let told = eval(
            r#"let ports = #{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 1000, dport: 53 };
               let answers = #{ proto: "udp", src: "10.9.9.9", dst: "10.0.0.1", sport: 53, dport: 1000,
                                reply: ports, timeout: 1.hour };
               let one = ports + #{ timeout: 1.hour };
               for both in [[one, answers + #{ orig_zone: 5 }],
                            [one + #{ zone: 3 }, answers + #{ reply_zone: 3 }]] {
                   flows.flush();
                   print(flows.create(both).done);
                   let marks = || flows.sort("src").map(|f| f.mark).to_string();
                   let zone = if both[0].get("zone") == () { #{} } else { #{ zone: 3 } };
                   flows("src 10.0.0.1").update(#{ mark: 1 });
                   print(marks.call() + " " + flows.get(ports + zone).mark);
                   flows("src 10.0.0.1").update(#{ mark: 2 }, #{ max: 1 });
                   flows("src 10.0.0.1").first().update(#{ mark: 3 });
                   print(marks.call());
                   print(flows("src 10.0.0.1").update(#{ mark: 4 }).undo().done + " " + marks.call());
                   print(flows("src 10.0.0.1").delete(#{ max: 1 }).done + " " + marks.call());
                   // It is not there any more: the other one stays what it is.
                   print(flows.get(ports + zone) == ());
               }"#,
        );
        insta::assert_snapshot!(told, @"
        2
        [1, 0] 1
        [3, 0]
        1 [3, 0]
        1 [0]
        true
        2
        [1, 0] 1
        [3, 0]
        1 [3, 0]
        1 [0]
        true
        ");
    });
}
