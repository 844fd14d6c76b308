//! What was changed is put back: the table after it is the table before.

use std::fmt::Write;
use std::time::Instant;

use crate::lab::{conntrack, eval, flowsh, in_namespace, run, same, with_helpers, with_labels};

/// Everything of every flow but what differs from one making to the next, sorted.
const WORLD: &str = r#"
    let rows = flows.array().map(|f| {
        let row = f.to_map();
        for field in ["id", "age", "start", "timeout", "refs"] { row.remove(field); }
        json(row)
    });
    rows.sort();
    for row in rows { print(row) }
"#;

/// The table: every field of flowsh's, and conntrack's list with the timeouts.
fn world() -> (String, String) {
    (eval(WORLD), conntrack("-L -o extended,labels").ok())
}

/// Fails unless the table is what it was `since`.
#[track_caller]
fn unchanged(before: &(String, String), since: Instant) {
    let (fields, list) = world();
    let other = fields.lines().zip(before.0.lines()).find(|(now, then)| now != then);
    assert_eq!(other, None);
    assert_eq!(fields.lines().count(), before.0.lines().count());
    same(&list, &before.1, since.elapsed());
}

/// Numbers that look random and are the same in every run (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.roll(u64::try_from(of.len()).unwrap())).unwrap()]
    }

    /// A flow of any protocol, the `n`th, as a map of a script.
    fn flow(&mut self, n: u64) -> String {
        let ipv6 = self.roll(4) == 0;
        let net = if ipv6 { "2001:db8::" } else { "10.0.0." };
        let (src, dst) =
            (format!("{net}{}", 1 + self.roll(9)), format!("{net}{}", 10 + self.roll(9)));
        let ports = format!("sport: {}, dport: {}", 1024 + n, 1 + self.roll(999));
        let proto = self.one(&["tcp", "tcp", "udp", "udp", "icmp", "sctp", "gre", "udplite", "99"]);
        let layer4 = match (proto, ipv6) {
            ("tcp", _) => {
                let state =
                    self.one(&["SYN_SENT", "ESTABLISHED", "FIN_WAIT", "TIME_WAIT", "CLOSE"]);
                let scales = self.one(&["", ", wscale_orig: 7, wscale_reply: 9"]);
                format!("proto: \"tcp\", {ports}, state: \"{state}\"{scales}")
            }
            ("sctp", _) => format!(
                "proto: \"sctp\", {ports}, state: \"ESTABLISHED\", vtag_orig: {n}, vtag_reply: 7"
            ),
            ("icmp", false) => format!("proto: \"icmp\", icmp_type: 8, icmp_id: {n}"),
            ("icmp", true) => format!("proto: \"icmpv6\", icmp_type: 128, icmp_id: {n}"),
            // Only its addresses and its zone tell such a flow from another.
            ("99", _) => format!("proto: 99, zone: {}", 100 + n),
            (proto, _) => format!("proto: \"{proto}\", {ports}"),
        };
        let mut map = format!(
            "#{{ src: \"{src}\", dst: \"{dst}\", {layer4}, timeout: {}, mark: {}",
            60 + self.roll(9999),
            self.roll(3)
        );
        if proto != "99" {
            let zone = self.one(&["", "", "", ", zone: 5", ", orig_zone: 6", ", reply_zone: 7"]);
            let nat = if ipv6 {
                self.one(&["", "", ", snat: \"2001:db8::99\"", ", dnat: \"2001:db8::88\""])
            } else {
                self.one(&["", "", ", snat: \"192.0.2.9\"", ", dnat: \"192.0.2.8\""])
            };
            map += zone;
            // NAT and a zone of the reply alone do not go together.
            map += if zone.contains("reply") { "" } else { nat };
        }
        map += self.one(&[
            "",
            ", status: \"seen_reply\"",
            ", status: [\"seen_reply\", \"assured\"]",
            ", status: \"fixed_timeout\"",
        ]);
        map += self.one(&["", "", ", labels: [1, 127]"]);
        map + " }"
    }
}

/// A table of `count` flows of all kinds.
fn fill(count: u64) {
    with_labels("1 voip\n");
    with_helpers();
    let mut dice = Dice(0x666c_6f77);
    let maps = (0..count).map(|n| dice.flow(n)).fold(String::new(), |mut text, map| {
        writeln!(text, "{map},").unwrap();
        text
    });
    let told = eval(&format!(
        r#"let ftp = #{{ proto: "tcp", src: "10.0.0.1", dst: "10.0.0.2", sport: 1024, dport: 21 }};
           flows.create(ftp + #{{ state: "ESTABLISHED", timeout: 5.min, helper: "ftp" }});
           flows.create(#{{ proto: "tcp", src: "10.0.0.2", dst: "10.0.0.1", sport: 20, dport: 5000,
                            state: "ESTABLISHED", timeout: 5.min, master: ftp }});
           flows.create([{maps}])"#
    ));
    assert_eq!(told, format!("created {count}, gone 0, failed 0, protected 0"));
}

#[test]
fn a_table_that_was_emptied_is_put_back_as_it_was() {
    in_namespace(|| {
        fill(600);
        let (before, since) = (world(), Instant::now());
        let told = eval("let done = flows.flush(); print(done); print(flows.count()); done.undo()");
        assert_eq!(
            told,
            "deleted 602, gone 0, failed 0, protected 0\n0\n\
             put back 602, gone 0, failed 0, protected 0"
        );
        unchanged(&before, since);
    });
}

#[test]
fn old_values_are_written_back() {
    in_namespace(|| {
        fill(300);
        let (before, since) = (world(), Instant::now());
        // A fixed timeout cannot change, and other protocols have no state of tcp.
        let told = eval(
            r#"let one = flows("not status fixed_timeout").update(#{
                   mark: "0x30/0xf0", timeout: 1.hour, add_labels: ["voip"], remove_labels: [127] });
               let two = flows("tcp").update(#{ state: "CLOSE_WAIT" });
               print(two.undo().failed + one.undo().failed);
               [one.failed, two.failed]"#,
        );
        assert_eq!(told, "0\n[0,0]");
        unchanged(&before, since);
    });
}

#[test]
fn a_journal_puts_back_a_whole_run_the_last_change_first() {
    in_namespace(|| {
        fill(300);
        let (before, since) = (world(), Instant::now());
        let path = std::env::temp_dir().join(format!("flowsh-{}.ndjson", std::process::id()));
        let path = path.to_str().unwrap();
        let code = r#"flows("udp").update(#{ mark: 9 }); flows("udp").update(#{ mark: 8 });
                      flows("tcp or udp").delete(); flows.first().delete(); flows.flush()"#;
        flowsh(&["--dry-run", "--journal", path, "-e", code]).ok();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "");
        flowsh(&["--journal", path, "-e", code]).ok();
        assert_eq!(run("stat", &["-c", "%a", path]).ok(), "600\n");
        assert_eq!(eval("flows.count()"), "0");
        let undo = format!("undo(\"{path}\")");
        let allow = format!("--allow-read={path}");
        let told = flowsh(&[&allow, "--read-only", "-e", &undo]);
        assert_eq!(told.status, 1, "{told}");
        let would = flowsh(&[&allow, "--dry-run", "-e", &undo]).ok();
        let told = flowsh(&[&allow, "-e", &undo]).ok();
        assert!(told.contains(", gone 0, failed 0, protected 0 "), "{told}");
        assert_eq!(
            crate::lab::untimed(&would),
            format!("would have {}", crate::lab::untimed(&told))
        );
        unchanged(&before, since);
        // Again: everything is there.
        let again = flowsh(&[&allow, "-e", &undo]);
        assert!(again.status == 4 && again.stdout.contains("File exists"), "{again}");
        unchanged(&before, since);
        std::fs::remove_file(path).unwrap();
    });
}

#[test]
fn what_of_a_journal_cannot_be_read_is_told_with_the_outcome() {
    in_namespace(|| {
        fill(20);
        let path = std::env::temp_dir().join(format!("flowsh-{}-torn.ndjson", std::process::id()));
        let path = path.to_str().unwrap();
        flowsh(&["--journal", path, "-e", "flows.flush()"]).ok();
        let whole = std::fs::read_to_string(path).unwrap();
        // Not the master of tcp: what it expected could not come back without it.
        let torn = whole.replacen(r#""proto":"udp""#, r#""porto":"udp""#, 1);
        assert_ne!(torn, whole);
        std::fs::write(path, torn).unwrap();
        let told =
            flowsh(&[&format!("--allow-read={path}"), "-q", "-e", &format!("undo(\"{path}\")")]);
        let said = format!("\n  1 failed: it cannot be read; the first was a line of {path}\n");
        assert!(told.stdout.contains(&said) && told.status == 4, "{told}");
        assert_eq!(eval("flows.count()"), (whole.lines().count() - 1).to_string());
        std::fs::remove_file(path).unwrap();
    });
}

#[test]
fn a_journal_is_put_back_only_in_the_namespace_where_it_was_written() {
    in_namespace(|| {
        fill(20);
        let path = std::env::temp_dir().join(format!("flowsh-{}-here.ndjson", std::process::id()));
        let path = path.to_str().unwrap();
        flowsh(&["--journal", path, "-e", "flows.flush()"]).ok();
        let (allow, undo) = (format!("--allow-read={path}"), format!("undo(\"{path}\")"));
        let flowsh_there = ["--net", env!("CARGO_BIN_EXE_flowsh"), &allow, "-e", &undo];
        let told = run("unshare", &flowsh_there);
        assert!(told.stderr.contains(" was written in another network namespace, net:["), "{told}");
        // From there it can be named, by a process that is here.
        let pid = std::process::id().to_string();
        let told =
            run("unshare", &[&flowsh_there[..2], &["--netns", &pid], &flowsh_there[2..]].concat());
        assert!(told.ok().starts_with("put back "));
        std::fs::remove_file(path).unwrap();
    });
}

#[test]
fn what_came_later_is_undone_first() {
    in_namespace(|| {
        let run = flowsh(&[
            "-e",
            r#"let key = #{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 1, dport: 53 };
               flows.create(key + #{ timeout: 60.sec, mark: 1 });
               let first = flows.update(#{ mark: 2 });
               let second = flows.update(#{ mark: 3 });
               let third = flows("mark 3").delete();
               print([first, second].map(|done| done.undo().gone));
               print([third, first, second, first].map(|done| [done.undo().done, flows.first().mark]));
               try { first.undo() } catch (error) { print(error.message) }"#,
        ]);
        insta::assert_snapshot!(run.told(), @r"
        [1, 1]
        [[1, 3], [0, 3], [1, 2], [1, 1]]
        this was put back already
        exit 4
        ");
    });
}

#[test]
fn what_cannot_be_put_back_says_why() {
    in_namespace(|| {
        let run = flowsh(&[
            "-e",
            r#"let key = #{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", dport: 53 };
               let make = |n| flows.create(key + #{ sport: n, timeout: 60.sec });
               for n in 1..=6 { make.call(n); }
               let deleted = flows("sport in {1, 2}").delete();
               make.call(1);
               print(deleted.undo());
               let updated = flows("sport in 3-6").update(#{ mark: 7, status: "assured" });
               flows("sport 3").update(#{ mark: 8 });
               flows("sport 4").delete();
               flows.get(key + #{ sport: 5 }).delete();
               flows.create(key + #{ sport: 9, timeout: 60.sec });
               make.call(5);
               print(updated.undo());
               let short = flows("sport 1").update(#{ timeout: 1 });
               let gone = flows("sport 1").delete();
               sleep(1100.ms);
               print(gone.undo());
               try { deleted.undo() } catch (error) { print(error.message) }
               try { make.call(77).undo() } catch (error) { print(error.message) }
               try { flows("sport 99").delete().undo() } catch (error) { print(error.message) }
               flows.select("sport", "mark").sort("sport")"#,
        ]);
        insta::assert_snapshot!(run.told(), @r#"
        put back 1, gone 0, failed 1, protected 0
          1 failed: File exists (os error 17); the first was udp 10.0.0.1:1 -> 10.0.0.2:53
          hint: there is such a flow, or its reply direction belongs to another
        put back 1, gone 1, failed 3, protected 0
          1 failed: another flow has taken its place; the first was udp 10.0.0.1:5 -> 10.0.0.2:53
          1 failed: assured cannot be cleared again, the rest was put back; the first was udp 10.0.0.1:6 -> 10.0.0.2:53
          1 failed: it was changed since; the first was udp 10.0.0.1:3 -> 10.0.0.2:53
        put back 0, gone 1, failed 0, protected 0
        this was put back already
        what was created is not undone: delete it
        nothing was changed, so nothing can be put back
        {"sport":2,"mark":0}
        {"sport":3,"mark":8}
        {"sport":5,"mark":0}
        {"sport":6,"mark":0}
        {"sport":9,"mark":0}
        {"sport":77,"mark":0}
        exit 4
        "#);
    });
}

#[test]
fn a_change_that_ended_in_an_error_can_be_put_back() {
    in_namespace(|| {
        let run = flowsh(&[
            "-e",
            r#"let key = #{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", dport: 53, timeout: 60 };
               flows.create((1..=400).map(|n| key + #{ sport: n }));
               let seen = [];
               try { undo() } catch (error) { print(error.message) }
               try {
                   flows.where(|f| { seen.push(f.id); if seen.len() > 350 { throw "enough" } true }).delete()
               } catch (error) { print(error) }
               print(flows.count());
               print(undo());
               flows.count()"#,
        ]);
        insta::assert_snapshot!(run.told(), @r"
        no change was left unfinished
        enough
        100
        put back 300, gone 0, failed 0, protected 0
        400
        not finished: deleted 300, gone 0, failed 0, protected 0
        ");
    });
}

#[test]
fn a_journal_that_cannot_be_written_lets_no_change_pass() {
    in_namespace(|| {
        fill(10);
        let before = eval(WORLD);
        let run = flowsh(&["--journal", "/dev/full", "-e", r#"flows("ip").delete()"#]);
        insta::assert_snapshot!(run.told(), @r#"
        error: cannot write the journal /dev/full: No space left on device (os error 28)
          --> -e:1:13
           |
         1 | flows("ip").delete()
           |             ^^^^^^
        hint: changes that are not written down are not made
        exit 1
        "#);
        assert_eq!(eval(WORLD), before);
    });
}

#[test]
fn real_traffic_is_put_back_with_its_nat_helpers_and_masters() {
    in_namespace(|| {
        let told = flowsh(&[
            "sandbox",
            "--demo",
            "-e",
            r#"let nat = flows("nat").count();
               let done = flows.flush();
               let back = done.undo();
               [done.done > 100, back.done + back.gone + back.failed == done.done,
                back.done > done.done / 2, flows.count() >= back.done,
                flows("nat").count() >= nat - back.gone - back.failed]"#,
        ]);
        // The traffic goes on: packets may make flows again before they are put back.
        assert_eq!(told.stdout.trim_end(), "[true,true,true,true,true]", "{told}");
    });
}

#[test]
fn what_changed_nothing_or_is_no_flow_is_not_undone() {
    in_namespace(|| {
        let told = eval(
            r#"let ftp = #{ proto: "tcp", src: "10.0.0.1", dst: "10.0.0.2", sport: 1024, dport: 21 };
               flows.create(ftp + #{ state: "ESTABLISHED", timeout: 60.sec, mark: 1 });
               for done in [flows("tcp").reconcile(#{ mark: 1 }), flows("udp").kill()] {
                   try { done.undo() } catch (error) { print(error) }
               }"#,
        );
        let said = "nothing was changed, so nothing can be put back";
        assert_eq!(told, format!("{said}\n{said}"));
    });
}
