//! Expectations: made, found, changed, deleted, and shown as conntrack shows them.

use std::time::Duration;

use crate::lab::{conntrack, eval, flowsh, in_namespace, listed, same, with_helpers};

/// A flow with a helper, and what expectations of it begin with.
const MASTER: &str = r#"
    let ftp = #{ proto: "tcp", src: "10.0.0.1", dst: "10.0.0.2", sport: 1024, dport: 21 };
    let data = #{ proto: "tcp", src: "10.0.0.2", dst: "10.0.0.1", sport: 0, dport: 5000 };
    let made = #{ master: ftp, timeout: 30.sec, helper: "ftp" };
    if flows.get(ftp) == () {
        flows.create(ftp + #{ state: "ESTABLISHED", timeout: 60.sec, helper: "ftp" });
    }
"#;

#[test]
fn what_flowsh_expects_is_what_conntrack_expects() {
    in_namespace(|| {
        with_helpers();
        // conntrack 1.4.7 sends the first byte of the port as the protocol: 0x0640 is tcp.
        let made = eval(&format!("{MASTER} expectations.create(data + made + #{{ dport: 1600 }})"));
        assert_eq!(made, "created 1, gone 0, failed 0, protected 0");
        let list = || conntrack("-L expect").ok();
        let ours = list();
        same(
            &flowsh(&["-o", "conntrack", "-e", "expectations"]).ok(),
            &ours,
            Duration::from_secs(2),
        );
        eval("expectations.flush()");
        conntrack(
            "-I expect -p tcp -s 10.0.0.1 -d 10.0.0.2 --sport 1024 --dport 21 \
             --tuple-src 10.0.0.2 --tuple-dst 10.0.0.1 --mask-src 255.255.255.255 \
             --mask-dst 255.255.255.255 --tuple-port-src 0 --tuple-port-dst 1600 \
             --mask-port-src 0 --mask-port-dst 65535 -t 30",
        )
        .ok();
        same(
            &ours.replace("helper=ftp", ""),
            &list().replace("helper=ftp", ""),
            Duration::from_secs(2),
        );
    });
}

#[test]
fn expectations_are_looked_up_changed_and_deleted_one_by_one() {
    in_namespace(|| {
        with_helpers();
        let told = eval(&format!(
            r#"{MASTER}
               // The helper allows each master one at a time.
               for n in 0..3 {{
                   let master = ftp + #{{ sport: 2000 + n }};
                   flows.create(master + #{{ state: "ESTABLISHED", timeout: 60.sec, helper: "ftp" }});
                   expectations.create(data + made + #{{ dport: 5000 + n, master: master }});
               }}
               let x = expectations.get(data + #{{ dport: 5001 }});
               print(x);
               print(expectations.get(data + #{{ dport: 5003 }}) == ());
               print(x.update(#{{ timeout: 20.sec }}));
               print(expectations.get(data + #{{ dport: 5001 }}).timeout <= 20.sec);
               print(expectations.where(|x| x.dport == 5002).delete());
               print(expectations.where(|x| x.helper == "sip").delete());
               print(x.delete());
               print(x.delete());
               print(x.update(#{{ timeout: 20.sec }}));
               print(expectations.map(|x| x.dport));
               print(expectations.flush());
               print(expectations.count());"#
        ));
        insta::assert_snapshot!(told, @"
        expect tcp 10.0.0.2:0 -> 10.0.0.1:5001 of tcp 10.0.0.1:2001 -> 10.0.0.2:21 helper ftp
        true
        updated 1, gone 0, failed 0, protected 0
        true
        deleted 1, gone 0, failed 0, protected 0
        deleted 0, gone 0, failed 0, protected 0
        deleted 1, gone 0, failed 0, protected 0
        deleted 0, gone 1, failed 0, protected 0
        updated 0, gone 1, failed 0, protected 0
        [5000]
        deleted 1, gone 0, failed 0, protected 0
        0
        ");
        let counted = eval(
            r#"let stats = expectations.stats();
               [stats.sum("expect_new"), stats.sum("expect_create"), stats.sum("expect_delete")]"#,
        );
        assert_eq!(counted, "[0,3,3]");
        assert!(listed("").contains("helper=ftp use=1"), "its master is left");
    });
}

#[test]
fn an_expectation_goes_with_its_master() {
    in_namespace(|| {
        with_helpers();
        let told = eval(&format!(
            r"{MASTER}
               expectations.create(data + made); flows.get(ftp).delete(); expectations.count()"
        ));
        assert_eq!(told, "0");
    });
}

#[test]
fn permanent_and_inactive_expectations_are_told_apart() {
    in_namespace(|| {
        with_helpers();
        let told = eval(&format!(
            r#"{MASTER}
               expectations.create(data + made + #{{ flags: ["permanent", "inactive"] }});
               expectations.first().flags"#
        ));
        assert_eq!(told, r#"["permanent","inactive"]"#);
        let ours = flowsh(&["-o", "conntrack", "-e", "expectations"]).ok();
        same(&ours, &conntrack("-L expect").ok(), Duration::from_secs(2));
    });
}
