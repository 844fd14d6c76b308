//! `--read-only` and `--dry-run` hold for everything that changes anything.

use crate::lab::{conntrack, eval, flowsh, in_namespace, listed, untimed, with_helpers};

const KEYS: &str = r#"
    let udp = #{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 5, dport: 6, timeout: 300.sec };
    let ftp = #{ proto: "tcp", src: "10.0.0.1", dst: "10.0.0.2", sport: 1024, dport: 21 };
    let data = #{ proto: "tcp", src: "10.0.0.2", dst: "10.0.0.1", sport: 0, dport: 5000,
                  master: ftp, timeout: 30.sec, helper: "ftp" };
"#;

/// Everything that changes anything, and the word for it.
const CHANGES: [(&str, &str); 18] = [
    ("created", "flows.create(udp + #{ sport: 7 })"),
    ("created", "flows.create([udp + #{ sport: 7 }, udp + #{ sport: 8 }])"),
    ("updated", r#"flows("udp").update(#{ mark: 7 })"#),
    ("updated", r#"flows("udp").update(#{ mark: 7 }, #{ max: 10 })"#),
    ("updated", "flows.first().update(#{ mark: 7 })"),
    ("deleted", r#"flows("udp").delete()"#),
    ("deleted", r#"flows("udp").delete(#{ max: "100%" })"#),
    ("deleted", "flows.first().delete()"),
    ("deleted", "flows.flush()"),
    ("deleted", r#"flows.flush("ipv4")"#),
    ("created", "expectations.create(data + #{ dport: 5001 })"),
    ("updated", "expectations.first().update(#{ timeout: 5.sec })"),
    ("deleted", "expectations.where(|x| true).delete()"),
    ("deleted", "expectations.first().delete()"),
    ("deleted", "expectations.flush()"),
    ("", "settings.acct = true"),
    ("", "settings[\"udp_timeout\"] = 5"),
    ("", "flows.zero().array()"),
];

/// Every table and setting that [`CHANGES`] would change.
fn world() -> [String; 3] {
    let settings = eval(r#"[settings.acct, settings.udp_timeout, flows.sum("packets")]"#);
    let expected = conntrack("-L expect").ok().split_once(' ').unwrap().1.to_owned();
    [listed("-o extended,id"), expected, settings]
}

#[track_caller]
fn check(flag: &str, judge: impl Fn(&str, &str, &crate::lab::Run)) {
    with_helpers();
    eval(&format!(
        r#"{KEYS} flows.create([udp, ftp + #{{ state: "ESTABLISHED", timeout: 300.sec, helper: "ftp" }}]);
           expectations.create(data)"#
    ));
    let before = world();
    for (verb, code) in CHANGES {
        judge(verb, code, &flowsh(&[flag, "-e", &format!("{KEYS}{code}")]));
    }
    assert_eq!(world(), before);
}

#[test]
fn nothing_changes_under_read_only() {
    in_namespace(|| {
        check("--read-only", |_, code, told| {
            let says = told.stderr.contains("error: will not ")
                && told.stderr.contains(": --read-only is set");
            assert!(says && told.stdout.is_empty() && told.status == 1, "{code}\n{told}");
        });
    });
}

#[test]
fn nothing_changes_under_dry_run_and_what_would_is_counted() {
    in_namespace(|| {
        check("--dry-run", |verb, code, told| match (verb, code) {
            ("", zero) if zero.contains("zero") => assert_eq!(told.status, 1, "{code}\n{told}"),
            ("", _) => assert_eq!(told.status, 0, "{code}\n{told}"),
            _ => {
                assert!(told.stdout.starts_with(&format!("would have {verb} ")), "{code}\n{told}");
                assert!(
                    !told.stdout.starts_with(&format!("would have {verb} 0")),
                    "{code}\n{told}"
                );
                assert!(
                    untimed(&told.stdout).ends_with("gone 0, failed 0, protected 0"),
                    "{code}\n{told}"
                );
            }
        });
    });
}
