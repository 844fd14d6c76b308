//! `-R`: files of command lines.

use insta::assert_snapshot;

use crate::lab::{in_namespace, listed, masked, run, with_labels};

use super::{TABLE, dialect, dialect_fed, fed, fill, table};

#[test]
fn what_is_saved_loads_as_it_was() {
    in_namespace(|| {
        fill(TABLE);
        let saved = dialect("-L -o save").stdout;
        let kept = listed("-o save");
        dialect("-F").ok();
        assert_snapshot!(dialect_fed("-R -", &saved), @"");
        assert_eq!(listed("-o save"), kept);
        // And by way of a file. Over what is there it would not do: NAT is only set up once.
        let path = std::env::temp_dir().join(format!("flowsh-it-{}", std::process::id()));
        std::fs::write(&path, &saved).unwrap();
        dialect("-F").ok();
        assert_snapshot!(dialect(&format!("-R {}", path.display())), @"");
        std::fs::remove_file(path).unwrap();
        assert_eq!(listed("-o save"), kept);
    });
}

#[test]
fn everything_that_a_line_can_say_is_saved_where_it_is_asked_for() {
    in_namespace(|| {
        // 19: the original refuses these words together.
        with_labels("0 eth0-in\n100 far away\n");
        fill(TABLE);
        dialect("-U -p udp -s 10.0.1.0/24 --label-add eth0-in").ok();
        fed(
            env!("CARGO_BIN_EXE_flowsh"),
            &["conntrack", "-R", "-"],
            "-U -p 42 --label-add \"far away\"",
        )
        .ok();
        let whole = || masked(&dialect("-L -o extended,labels").stdout);
        let (kept, saved) = (whole(), dialect("-L -o save,extended,labels").stdout);
        assert_snapshot!(masked(&dialect("-L -o save,extended,labels -p 42").stdout), @r#"-A -t # -u UNSET -s 10.0.0.1 -d 10.0.0.2 -r 10.0.0.2 -q 10.0.0.1 -p 42 -m 0 --label-add "far away""#);
        dialect("-F").ok();
        dialect_fed("-R -", &saved).ok();
        assert_eq!(whole(), kept);
        // Over what is there it sets right what changed.
        dialect("-F").ok();
        let plain = |line: &&str| !line.contains(" -n ") && !line.contains(" -g ");
        let some = saved.lines().filter(plain).collect::<Vec<_>>().join("\n");
        dialect_fed("-R -", &some).ok();
        let before = whole();
        dialect("-U -p udp -m 77").ok();
        dialect_fed("-R -", &some).ok();
        assert_eq!(whole(), before);
    });
}

#[test]
fn what_has_no_effect_is_told_once_though_lines_are_read_twice() {
    in_namespace(|| {
        let line = "-A -s 10.0.0.1 -d 10.0.0.2 -p udp --sport 1 --dport 2 -t 60 -u SRC_NAT";
        assert_snapshot!(dialect_fed("-R -", line), @"WARNING: ignoring SRC_NAT, use --src-nat instead");
    });
}

#[test]
fn a_zone_is_copied_by_its_saved_lines() {
    in_namespace(|| {
        fill(TABLE);
        let saved = dialect("-L -w 5 -o save").stdout.replace("-w 5", "-w 55");
        dialect_fed("-R -", &saved).ok();
        assert_snapshot!(masked(&dialect("-L -w 55").stdout), @"udp      17 # src=10.0.1.1 dst=10.0.0.3 sport=1000 dport=53 [UNREPLIED] src=10.0.0.3 dst=10.0.1.1 sport=53 dport=1000 mark=0 zone=55 use=1");
    });
}

#[test]
fn a_wrong_line_keeps_all_others_from_running() {
    in_namespace(|| {
        fill(TABLE);
        let before = table();
        assert_snapshot!(dialect_fed("-R -", "# all\n-D\n\n-L\n"), @"
        conntrack: Cannot use command `-L' with --load-file
        conntrack: this was line 4 of standard input
        Try `conntrack -h' or 'conntrack --help' for more information.
        exit 2
        ");
        assert_snapshot!(dialect_fed("-R -", "-D\n-A -t 5\n"), @"
        conntrack: You need to supply the `--protonum' option for this command
        conntrack: this was line 2 of standard input
        Try `conntrack -h' or 'conntrack --help' for more information.
        exit 2
        ");
        assert_snapshot!(dialect_fed("-R -", "-D\nfoo\n"), @"
        conntrack: Cannot use command `unknown' with --load-file
        conntrack: this was line 2 of standard input
        Try `conntrack -h' or 'conntrack --help' for more information.
        exit 2
        ");
        assert_snapshot!(dialect_fed("-R -", "-D\n-F expect\n"), @"
        conntrack: Cannot use command `-F expect' with --load-file
        conntrack: this was line 2 of standard input
        Try `conntrack -h' or 'conntrack --help' for more information.
        exit 2
        ");
        assert_snapshot!(dialect_fed("-R -", "-D\n-D -p udp -X\n"), @"
        conntrack: unknown option `-X'
        conntrack: this was line 2 of standard input
        Try `conntrack -h' or 'conntrack --help' for more information.
        exit 2
        ");
        assert_snapshot!(dialect_fed("-R -", &format!("-D\n-D {}\n", "x".repeat(2000))), @"
        conntrack: Parameter too long!
        conntrack: this was line 2 of standard input
        Try `conntrack -h' or 'conntrack --help' for more information.
        exit 2
        ");
        // A line is a whole line, also where nothing of it is to be done.
        for start in ["#", " "] {
            let text = format!("{start}{} -D -p udp\n", " ".repeat(10_239));
            let answer = dialect_fed("-R -", &text);
            assert_eq!(answer.status, 2, "{answer}");
            assert!(answer.stderr.starts_with("conntrack: Parameter too long!\n"), "{answer}");
        }
        assert_eq!(table(), before);
        assert_snapshot!(dialect("-R /nonexistent"), @"
        conntrack: Failed to open file /nonexistent for reading
        Try `conntrack -h' or 'conntrack --help' for more information.
        exit 2
        ");
        assert_snapshot!(dialect("-R /"), @"
        conntrack: Failed to open file / for reading
        Try `conntrack -h' or 'conntrack --help' for more information.
        exit 2
        ");
        assert_snapshot!(dialect("-L -R"), @"
        conntrack: unknown option `-R'
        Try `conntrack -h' or 'conntrack --help' for more information.
        exit 2
        ");
    });
}

#[test]
fn a_wrong_line_ends_what_never_ends() {
    in_namespace(|| {
        let path = std::env::temp_dir().join(format!("flowsh-{}-lines", std::process::id()));
        let (path, flowsh) = (path.display(), env!("CARGO_BIN_EXE_flowsh"));
        // The shell keeps it open.
        let line = format!(
            "mkfifo {path} && exec 9<>{path} && echo -L >&9 && timeout 20 {flowsh} conntrack -R {path}; \
             status=$?; rm {path}; exit $status"
        );
        let answer = super::named(run("sh", &["-c", &line]));
        assert_eq!(answer.status, 2, "{answer}");
        assert!(answer.stderr.starts_with("conntrack: Cannot use command `-L'"), "{answer}");
    });
}

#[test]
fn lines_may_end_as_other_systems_end_them() {
    in_namespace(|| {
        fill(TABLE);
        let lines = "-D -p tcp\r\n\r\n-U -p udp -m 77\r";
        assert_snapshot!(dialect_fed("-R -", lines).stderr, @"");
        assert_eq!(listed("-p udp"), listed("-p udp -m 77"));
        assert_eq!(listed("-p tcp"), "");
    });
}

#[test]
fn a_refused_line_is_named_and_ends_the_run() {
    in_namespace(|| {
        let line = "-I -p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 -t 300";
        fill("");
        let text = format!("{line}\n# again\n{line}\n-D\n");
        assert_snapshot!(dialect_fed("-R -", &text).told(), @"
        conntrack: Operation failed: Such conntrack exists, try -U to update
        conntrack: this was line 3 of standard input
        exit 1
        ");
        assert_eq!(table().lines().count(), 1);
    });
}

#[test]
fn an_update_that_is_refused_is_named_and_ends_the_run() {
    in_namespace(|| {
        dialect("-I -p udp -s 1.1.1.1 -d 2.2.2.2 --sport 1 --dport 2 -t 60 -u FIXED_TIMEOUT").ok();
        assert_snapshot!(dialect_fed("-R -", "-U -p udp -t 5\n-F\n"), @r"
        conntrack: Operation failed: sorry, you must be root or get CAP_NET_ADMIN capability to do this
        conntrack: this was line 1 of standard input
        exit 1
        ");
        assert_eq!(table().lines().count(), 1);
    });
}

#[test]
fn nothing_behind_a_refused_line_has_happened() {
    let flow = |command: &str, port: u32, mark: u32| {
        format!(
            "{command} -p udp -s 1.1.1.1 -d 1.1.1.2 --sport {port} --dport 2 -t 300 -m {mark}\n"
        )
    };
    in_namespace(|| {
        fill("");
        dialect_fed("-R -", &[flow("-I", 1, 1), flow("-I", 7, 1)].concat()).ok();
        let text = [
            // Before it: one is made, one is changed.
            flow("-A", 2, 5),
            flow("-A", 1, 5),
            flow("-I", 1, 6),
            // Behind it, in the same datagram: new ones, one twice, and two that there are.
            flow("-I", 3, 6),
            flow("-A", 4, 6),
            flow("-A", 4, 7),
            flow("-A", 7, 6),
            flow("-A", 2, 6),
        ];
        assert_snapshot!(dialect_fed("-R -", &text.concat()).told(), @"
        conntrack: Operation failed: Such conntrack exists, try -U to update
        conntrack: this was line 3 of standard input
        exit 1
        ");
        assert_snapshot!(table(), @"
        ipv4     2 udp      17 # src=1.1.1.1 dst=1.1.1.2 sport=1 dport=2 [UNREPLIED] src=1.1.1.2 dst=1.1.1.1 sport=2 dport=1 mark=5 use=1
        ipv4     2 udp      17 # src=1.1.1.1 dst=1.1.1.2 sport=2 dport=2 [UNREPLIED] src=1.1.1.2 dst=1.1.1.1 sport=2 dport=2 mark=5 use=1
        ipv4     2 udp      17 # src=1.1.1.1 dst=1.1.1.2 sport=7 dport=2 [UNREPLIED] src=1.1.1.2 dst=1.1.1.1 sport=2 dport=7 mark=1 use=1
        ");
    });
}

#[test]
fn a_wrong_line_is_named_by_its_number_however_long_the_file() {
    in_namespace(|| {
        fill("");
        let line = "-A -p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 -t 300 -m 5\n";
        // Read in parts, by several threads where there are several processors.
        let lines = (8 << 20) / line.len();
        for wrong in [3, lines / 2, lines / 2 + 1, lines - 1] {
            let text = [&line.repeat(wrong - 1), "# \n-X\n", &line.repeat(lines - wrong), "-X"];
            let told = dialect_fed("-R -", &text.concat()).told();
            let named = format!("this was line {} of standard input", wrong + 1);
            assert!(told.contains(&named), "{told}");
            assert_eq!(table(), "");
        }
    });
}

#[test]
fn lines_run_in_their_order() {
    in_namespace(|| {
        fill("");
        let text = "-A -p udp -s 1.1.1.1 -d 1.1.1.2 --sport 1 --dport 2 -t 300 -m 5\n\
                    \t  \"-A\" -p udp -s 1.1.1.3 -d \"1.1.1.2\" --sport 1 --dport 2 -t 300\n\
                    -U -s 1.1.1.1 -m 6\n-U -s 1.1.1.3 -m 7\n-D -m 5\n-D -m 6\n-D -m 1\n";
        let answer = dialect_fed("-R -", text);
        assert_snapshot!(masked(&answer.stdout), @"
        udp      17 # src=1.1.1.1 dst=1.1.1.2 sport=1 dport=2 [UNREPLIED] src=1.1.1.2 dst=1.1.1.1 sport=2 dport=1 mark=6 use=1
        udp      17 # src=1.1.1.1 dst=1.1.1.2 sport=1 dport=2 [UNREPLIED] src=1.1.1.2 dst=1.1.1.1 sport=2 dport=1 mark=6 use=2
        udp      17 # src=1.1.1.3 dst=1.1.1.2 sport=1 dport=2 [UNREPLIED] src=1.1.1.2 dst=1.1.1.3 sport=2 dport=1 mark=7 use=2
        ");
        assert_snapshot!(answer.stderr, @"");
        assert_snapshot!(table(), @"ipv4     2 udp      17 # src=1.1.1.3 dst=1.1.1.2 sport=1 dport=2 [UNREPLIED] src=1.1.1.2 dst=1.1.1.3 sport=2 dport=1 mark=7 use=1");
        assert_snapshot!(dialect_fed("-R -", "-F\n"), @"conntrack: connection tracking table has been emptied.");
    });
}
