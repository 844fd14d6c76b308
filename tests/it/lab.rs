//! A private network for each test: the test runs itself again inside of a namespace of its own,
//! where it is root over nothing but that. Also the commands that are compared there, and how their
//! answers are compared. What is tested is not here.

use std::any::type_name;
use std::fmt;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Set in the process that is inside: the network namespace that it came from.
const WITHIN: &str = "FLOWSH_TEST_WITHIN";
/// How long a test waits for something that is sure to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs `job`, which must be a closure written in the body of a test, inside of a new user, mount
/// and network namespace, with `lo` up.
///
/// # Panics
///
/// `job` panicked, or there can be no namespace here and `FLOWSH_SKIP_KERNEL` is not 1.
pub(crate) fn in_namespace<F: FnOnce()>(job: F) {
    let here = network();
    if let Some(outside) = std::env::var_os(WITHIN) {
        assert_ne!(outside, here.as_str(), "still outside");
        run("ip", &["link", "set", "lo", "up"]).ok();
        return job();
    }
    // `it::kernel::create::fact::{{closure}}`; the test is what is between the crate and the closure.
    let path = type_name::<F>();
    let name = path.split_once("::").unwrap().1.trim_end_matches("::{{closure}}");
    if std::env::var("FLOWSH_SKIP_KERNEL").is_ok_and(|value| value == "1") {
        eprintln!("SKIPPED, as FLOWSH_SKIP_KERNEL=1 says: {name}");
        return;
    }
    let exe = std::env::current_exe().unwrap();
    let again = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "--mount", "--"])
        .arg(exe)
        .args(["--exact", name, "--nocapture"])
        .env(WITHIN, here)
        .env("RUST_BACKTRACE", "0")
        .output();
    let inside = Run::of("unshare", again);
    assert!(inside.status == 0 && inside.stdout.contains("1 passed"), "{name}\n{inside}");
}

/// The network namespace of this process, by the name that the kernel gives it.
fn network() -> String {
    std::fs::read_link("/proc/self/ns/net").unwrap().to_str().unwrap().to_owned()
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// Its exit status; -1 if a signal ended it.
    pub(crate) status: i32,
}

impl Run {
    fn of(program: &str, output: std::io::Result<Output>) -> Self {
        let output = output.unwrap_or_else(|error| panic!("cannot run {program}: {error}"));
        Self {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            status: output.status.code().unwrap_or(-1),
        }
    }

    /// Its output, if all went well.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.status, 0, "{self}");
        self.stdout
    }

    /// Whatever it said and how it ended, for an inline snapshot; the time it took left out.
    pub(crate) fn told(&self) -> String {
        untimed(&self.to_string())
    }
}

/// Standard output, standard error, then the status if it is not 0.
impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.stdout, self.stderr)?;
        if self.status == 0 { Ok(()) } else { writeln!(f, "exit {}", self.status) }
    }
}

/// `text` without `  (0.02 s)` at the ends of its lines.
pub(crate) fn untimed(text: &str) -> String {
    let cut = |line: &str| match line.rsplit_once("  (") {
        Some((rest, time)) if time.ends_with(" s)") => rest.to_owned(),
        _ => line.to_owned(),
    };
    text.lines().map(cut).collect::<Vec<_>>().join("\n")
}

/// Runs a program and waits for its end.
pub(crate) fn run(program: &str, args: &[&str]) -> Run {
    Run::of(program, Command::new(program).args(args).stdin(Stdio::null()).output())
}

/// Runs flowsh.
pub(crate) fn flowsh(args: &[&str]) -> Run {
    run(env!("CARGO_BIN_EXE_flowsh"), args)
}

/// What `flowsh -e CODE` prints, without a trailing newline and without times.
#[track_caller]
pub(crate) fn eval(code: &str) -> String {
    untimed(&flowsh(&["-e", code]).ok())
}

/// Runs `conntrack` with these words: 1.4.7, `-u` before `-m`, `-U` and `-D` with `-f`.
pub(crate) fn conntrack(words: &str) -> Run {
    run("conntrack", &words.split_whitespace().collect::<Vec<_>>())
}

/// Loads rules; nft wants a new line where a block ends.
#[track_caller]
pub(crate) fn nft(rules: &str) {
    let mut child = Command::new("nft")
        .args(["-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot run nft: {error}"));
    child.stdin.take().unwrap().write_all(rules.as_bytes()).unwrap();
    Run::of("nft", child.wait_with_output()).ok();
}

/// Makes the kernel keep labels, by a rule that uses them, and names some of them.
pub(crate) fn with_labels(names: &str) {
    nft("table inet labels {
        chain c { type filter hook forward priority 0
            ct label 127 drop
        }
    }");
    // Nothing in /etc is needed here, and nothing of the machine's is changed.
    run("mount", &["-t", "tmpfs", "none", "/etc"]).ok();
    std::fs::create_dir("/etc/xtables").unwrap();
    std::fs::write("/etc/xtables/connlabel.conf", names).unwrap();
}

/// Makes the helpers `ftp` and `tftp` known to the kernel.
pub(crate) fn with_helpers() {
    nft("table ip helpers {
        ct helper ftp { type \"ftp\" protocol tcp; l3proto ip; }
        ct helper tftp { type \"tftp\" protocol udp; l3proto ip; }
    }");
}

/// The flows as conntrack lists them, sorted, with what differs from one making of a flow to the
/// next as `#`: seconds and ids.
#[track_caller]
pub(crate) fn listed(words: &str) -> String {
    masked(&conntrack(&format!("-L {words}")).ok())
}

/// The lines sorted, with what differs from one making of a flow to the next as `#`: seconds, ids,
/// ports of netlink.
pub(crate) fn masked(text: &str) -> String {
    let mask = |line: &str| still(line, &["id=", "<id>", "portid="]).0;
    let mut lines: Vec<_> = text.lines().map(mask).collect();
    lines.sort_unstable();
    lines.join("\n")
}

/// What conntrack lists, masked; fails unless flowsh lists the same flows, to the byte, but for the
/// time that passed.
#[track_caller]
pub(crate) fn same_list(words: &str) -> String {
    let started = Instant::now();
    let ours = flowsh(&["-o", &format!("conntrack,{words}"), "-e", "flows"]).ok();
    let theirs = conntrack(&format!("-L -o {words}")).ok();
    same(&ours, &theirs, started.elapsed());
    masked(&theirs)
}

/// Fails unless these lists are the same, whatever their order; `elapsed` may lie between them.
#[track_caller]
pub(crate) fn same(ours: &str, theirs: &str, elapsed: Duration) {
    let parts = |list: &str| {
        let mut lines: Vec<_> = list.lines().map(|line| still(line, &[])).collect();
        lines.sort_unstable();
        lines
    };
    let (our_lines, their_lines) = (parts(ours), parts(theirs));
    let seconds = elapsed.as_secs() + 1;
    let alike = our_lines.len() == their_lines.len()
        && our_lines.iter().zip(&their_lines).all(|((our, a), (their, b))| {
            our == their && a.iter().zip(b).all(|(a, b)| a.abs_diff(*b) <= seconds)
        });
    assert!(alike, "flowsh:\n{ours}\nconntrack:\n{theirs}");
}

/// The line with its running seconds, and the numbers behind `names`, as `#`; and those numbers.
fn still(line: &str, names: &[&str]) -> (String, Vec<u64>) {
    let mut numbers = Vec::new();
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    // `[NEW] ipv4     2 tcp      6 299 ESTABLISHED`: the seconds follow the protocol's number.
    let mut behind =
        (0..words.len()).filter(|&at| !words[at].is_empty() && !words[at].starts_with('['));
    let first = behind.next();
    let skipped = if first.is_some_and(|at| words[at].starts_with("ipv")) { 3 } else { 1 };
    let seconds = if line.starts_with(['-', '<']) { None } else { behind.nth(skipped) };
    if let Some(word) =
        seconds.and_then(|at| words.get_mut(at)).filter(|word| word.parse::<u64>().is_ok())
    {
        numbers.push(std::mem::replace(word, "#".to_owned()).parse().unwrap());
    }
    let mut text = words.join(" ");
    for name in ["delta-time=", "<timeout>", "<deltatime>", " -t "].iter().chain(names) {
        let Some(at) = text.find(name).map(|at| at + name.len()) else { continue };
        let digits = text[at..].chars().take_while(char::is_ascii_digit).count();
        if digits > 0 {
            numbers.push(text[at..at + digits].parse().unwrap());
            text.replace_range(at..at + digits, "#");
        }
    }
    (text, numbers)
}
