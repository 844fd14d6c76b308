//! Flows that are looked up and changed: what is to change changes, and nothing else.

use crate::lab::{eval, flowsh, in_namespace, listed, same_list, with_helpers, with_labels};

/// Two flows, one of them to be changed, and the names of their keys.
const TWO: &str = r#"
    let a = #{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 5, dport: 6 };
    let b = #{ proto: "tcp", src: "fd00::1", dst: "fd00::2", sport: 5, dport: 80 };
    flows.create([a + #{ timeout: 300.sec, mark: 0xabcd1234 },
                  b + #{ timeout: 300.sec, mark: 7, state: "SYN_SENT", labels: [0, 40, 95, 127] }]);
"#;

#[test]
fn a_look_up_finds_exactly_one_flow_of_one_zone() {
    in_namespace(|| {
        let told = eval(&format!(
            r#"{TWO}
               flows.create(a + #{{ timeout: 300.sec, zone: 5, mark: 5 }});
               [a, b, a + #{{ zone: 5 }}, a + #{{ zone: 6 }}, a + #{{ sport: 6 }}]
                   .map(|key| {{ let f = flows.get(key); if f == () {{ "none" }} else {{ f.mark }} }})"#
        ));
        insta::assert_snapshot!(told, @r#"[2882343476,7,5,"none","none"]"#);
    });
}

#[test]
fn mark_bits_outside_of_the_mask_are_kept() {
    in_namespace(|| {
        let told = eval(&format!(
            r#"{TWO}
               flows("udp").update(#{{ mark: "0x20/0xff" }});
               flows.get(b).update(#{{ mark: "0x0/0x3" }});
               flows.sort("mark").map(|f| f.mark)"#
        ));
        assert_eq!(told, format!("[4,{}]", 0xabcd_1220_u32));
        same_list("extended,id");
    });
}

#[test]
fn labels_that_are_not_named_are_kept_in_all_words() {
    in_namespace(|| {
        with_labels("0 zero\n127 last\n");
        let told = eval(&format!(
            r#"{TWO}
               let said = [];
               let labels = || flows.get(b).labels;
               flows("tcp").update(#{{ add_labels: [1, 96] }});
               said.push(labels.call());
               flows("tcp").update(#{{ remove_labels: ["last", 40] }});
               said.push(labels.call());
               flows("tcp").update(#{{ add_labels: [126], remove_labels: ["zero", 3] }});
               said.push(labels.call());
               flows("tcp").update(#{{ labels: [100] }});
               said.push(labels.call());
               flows("tcp").update(#{{ labels: [] }});
               said.push(labels.call());
               said.push(flows.get(a).labels);
               said"#
        ));
        insta::assert_snapshot!(told, @r#"[["zero","1","40","95","96","last"],["zero","1","95","96"],["1","95","96","126"],["100"],null,null]"#);
        same_list("extended,id,labels");
    });
}

#[test]
fn labels_are_taken_from_flows_that_have_no_room_for_any() {
    in_namespace(|| {
        let told = flowsh(&[
            "-e",
            r#"flows.create(#{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 1, dport: 2,
                               timeout: 60.sec });
               [flows("udp").update(#{ remove_labels: [3] }).failed,
                flows("udp").update(#{ labels: [] }).failed,
                flows("udp").update(#{ add_labels: [3] }).failed]"#,
        ])
        .stdout;
        // No rule uses labels here: what is to be added cannot be.
        insta::assert_snapshot!(told, @"[0,0,1]");
    });
}

#[test]
fn timeout_state_and_status_change_alone() {
    in_namespace(|| {
        eval(&format!(
            r#"{TWO}
               flows("udp").update(#{{ timeout: 1.hour }});
               flows("tcp").update(#{{ state: "ESTABLISHED" }});
               flows("tcp").update(#{{ status: ["assured", "seen_reply"] }})"#
        ));
        let lines = same_list("extended,labels");
        insta::assert_snapshot!(lines, @"
        ipv4     2 udp      17 # src=10.0.0.1 dst=10.0.0.2 sport=5 dport=6 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=6 dport=5 mark=2882343476 use=1
        ipv6     10 tcp      6 # ESTABLISHED src=fd00::1 dst=fd00::2 sport=5 dport=80 src=fd00::2 dst=fd00::1 sport=80 dport=5 [ASSURED] mark=7 use=1
        ");
        let left = eval(r#"flows.sort("timeout").map(|f| f.timeout > 50.min)"#);
        assert_eq!(left, "[false,true]");
    });
}

#[test]
fn an_update_in_a_zone_leaves_the_same_tuple_elsewhere() {
    in_namespace(|| {
        let told = eval(
            r#"let key = #{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 5, dport: 6 };
               for zone in [0, 1, 2] { flows.create(key + #{ timeout: 60.sec, zone: zone }) }
               let done = flows("zone 1").update(#{ mark: 9 });
               flows.get(key + #{ zone: 2 }).update(#{ mark: 8 });
               flows.sort("zone").map(|f| f.mark)"#,
        );
        assert_eq!(told, "[0,9,8]");
    });
}

#[test]
fn the_helper_of_a_flow_that_has_one_can_be_named_again() {
    in_namespace(|| {
        with_helpers();
        let told = eval(
            r#"let ftp = #{ proto: "tcp", src: "10.0.0.1", dst: "10.0.0.2", sport: 5, dport: 21 };
               flows.create(ftp + #{ timeout: 60.sec, state: "ESTABLISHED", helper: "ftp" });
               flows.get(ftp).update(#{ helper: "ftp", mark: 3 })"#,
        );
        insta::assert_snapshot!(told, @"updated 1, gone 0, failed 0, protected 0");
        insta::assert_snapshot!(listed(""), @"tcp      6 # ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=5 dport=21 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=21 dport=5 mark=3 helper=ftp use=1");
    });
}

#[test]
fn a_flow_that_went_after_it_was_seen_is_counted_as_gone() {
    in_namespace(|| {
        let told = eval(&format!(
            r"{TWO}
               let seen = flows.array();
               flows.flush();
               seen.map(|f| f.update(#{{ mark: 1 }}).gone) + seen.map(|f| f.delete().gone)"
        ));
        assert_eq!(told, "[1,1,1,1]");
    });
}

#[test]
fn a_flow_whose_protocol_has_no_such_state_fails_and_is_left_alone() {
    in_namespace(|| {
        with_labels("");
        let code = format!(
            r#"{TWO}
               print(flows.update(#{{ state: "ESTABLISHED", mark: 9 }}));
               flows.sort("mark").map(|f| [f.proto, f.mark, f.state])"#
        );
        insta::assert_snapshot!(flowsh(&["-q", "-e", &code]).told(), @r#"
        updated 1, gone 0, failed 1, protected 0
          1 failed: udp has no such state; the first was udp 10.0.0.1:5 -> 10.0.0.2:6
        [["tcp",9,"ESTABLISHED"],["udp",2882343476,null]]
        exit 4
        "#);
    });
}

#[test]
fn a_state_is_what_each_protocol_calls_so_and_tags_stay() {
    in_namespace(|| {
        let told = eval(
            r#"let ends = #{ src: "10.0.0.1", dst: "10.0.0.2", sport: 5, dport: 6, timeout: 100 };
               flows.create(ends + #{ proto: "tcp", state: "SYN_SENT" });
               flows.create(ends + #{ proto: "sctp", state: "COOKIE_WAIT", vtag_orig: 7, vtag_reply: 8 });
               let table = || flows.sort("proto").map(|f| f.protoinfo);
               print(flows.update(#{ state: "established" }).done + " " + table.call());
               let tags = flows("sctp").update(#{ state: "established", vtag_orig: 9 });
               let scales = flows("tcp").update(#{ state: "established", wscale_orig: 3, wscale_reply: 4 });
               print(table.call());
               print(tags.undo().done + " " + scales.undo().done + " " + table.call());
               print(flows("sctp").update(#{ state: "closed" }).done + " " + table.call())"#,
        );
        insta::assert_snapshot!(told, @r#"
        2 [#{"state": "ESTABLISHED", "vtag_orig": 7, "vtag_reply": 8}, #{"flags_orig": 8, "flags_reply": 8, "state": "ESTABLISHED", "wscale_orig": 0, "wscale_reply": 0}]
        [#{"state": "ESTABLISHED", "vtag_orig": 9, "vtag_reply": 8}, #{"flags_orig": 9, "flags_reply": 9, "state": "ESTABLISHED", "wscale_orig": 3, "wscale_reply": 4}]
        1 1 [#{"state": "ESTABLISHED", "vtag_orig": 7, "vtag_reply": 8}, #{"flags_orig": 8, "flags_reply": 8, "state": "ESTABLISHED", "wscale_orig": 3, "wscale_reply": 4}]
        1 [#{"state": "CLOSED", "vtag_orig": 7, "vtag_reply": 8}, #{"flags_orig": 8, "flags_reply": 8, "state": "ESTABLISHED", "wscale_orig": 3, "wscale_reply": 4}]
        "#);
    });
}

#[test]
fn a_flow_that_took_the_place_of_another_is_not_updated_for_it() {
    in_namespace(|| {
        let told = eval(
            r#"let key = #{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 5, dport: 53 };
               flows.create(key + #{ timeout: 100 });
               let old = flows.get(key);
               let others = 0;
               while flows.get(key)?.id == old.id {
                   // The kernel names a flow by its place in memory: another has to take it.
                   flows.get(key).delete();
                   for n in 0..20 {
                       others += 1;
                       flows.create(key + #{ sport: 100 + others, timeout: 100 });
                   }
                   flows.create(key + #{ timeout: 100 });
               }
               let outcome = old.update(#{ mark: 3 });
               print(`${outcome.done} ${outcome.gone} ${flows.get(key).mark}`);
               let fresh = flows.get(key).update(#{ mark: 3 });
               print(`${fresh.done} ${fresh.gone} ${flows.get(key).mark}`);"#,
        );
        assert_eq!(told, "0 1 0\n1 0 3");
    });
}

#[test]
fn a_look_up_by_the_direction_of_the_answers_finds_nothing() {
    in_namespace(|| {
        let told = eval(
            r#"let key = #{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 5, dport: 53 };
               flows.create(key + #{ timeout: 100 });
               let back = #{ proto: "udp", src: "10.0.0.2", dst: "10.0.0.1", sport: 53, dport: 5 };
               [flows.get(key)?.sport, flows.get(back)]"#,
        );
        assert_eq!(told, "[5,null]");
    });
}
