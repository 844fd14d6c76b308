//! Output: what nobody reads to its end, and what programs read.

use crate::lab::{eval, flowsh, in_namespace, run};

#[test]
fn a_broken_pipe_ends_a_run_quietly() {
    in_namespace(|| {
        eval(
            r#"let many = [];
               for n in 1..5000 {
                   many.push(#{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: n, dport: 53,
                                timeout: 300.sec });
               }
               flows.create(many);"#,
        );
        for code in [
            "flows",
            "for f in flows { print(f) }",
            "flows.each(|f| print(f))",
            "flows.sort(\"src\")",
        ] {
            let program = env!("CARGO_BIN_EXE_flowsh");
            let pipe = format!("set -o pipefail; {program} -o conntrack -e '{code}' | head -n 1");
            let told = run("bash", &["-c", &pipe]);
            assert_eq!(
                (told.stdout.lines().count(), told.stderr.as_str(), told.status),
                (1, "", 141),
                "{code}"
            );
        }
    });
}

#[test]
fn a_full_disk_is_named_whoever_writes() {
    in_namespace(|| {
        for code in ["1", "print(1)"] {
            let program = env!("CARGO_BIN_EXE_flowsh");
            let told = run("bash", &["-c", &format!("{program} -e '{code}' > /dev/full")]);
            let said = "error: cannot write the output: No space left on device (os error 28)\n";
            assert_eq!((told.stderr.as_str(), told.status), (said, 1), "{code}");
        }
    });
}

#[test]
fn json_has_rows_as_arrays_wherever_they_stand() {
    in_namespace(|| {
        let told = eval(
            r#"let key = #{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", dport: 53, timeout: 60 };
               print(json(flows));
               flows.create([key + #{ sport: 1 }, key + #{ sport: 2 }]);
               print(json(flows.group("proto")));
               show([#{ a: 1 }, #{ a: 2, b: 3 }], "csv");
               let done = json(flows("sport 2").update(#{ mark: 1 }));
               print(done.sub_string(0, done.index_of("took")));
               json(["a\nb", 5.sec, (), #{ "a\"b": flows.select("sport").sort("sport") },
                     flows("sport 1").first().src])"#,
        );
        insta::assert_snapshot!(told, @r#"
        []
        [{"proto":"udp","flows":2,"packets":null,"bytes":null}]
        a,b
        1,
        2,3
        {"done":1,"dry_run":false,"errors":[],"failed":0,"gone":0,"matched":1,"partly":0,"protected":0,"
        ["a\nb",5,null,{"a\"b":[{"sport":1},{"sport":2}]},"10.0.0.1"]
        "#);
    });
}

#[test]
fn no_rows_are_a_whole_answer_too() {
    in_namespace(|| {
        for query in ["flows.select(\"src\", \"dport\")", "[].rows([\"src\", \"dport\"])"] {
            for (format, said) in [("json", "[]\n"), ("csv", "src,dport\n"), ("ndjson", "")] {
                let told = flowsh(&["-o", format, "-e", query]);
                assert_eq!((told.stdout.as_str(), told.status), (said, 0), "{format}: {query}");
            }
        }
    });
}
