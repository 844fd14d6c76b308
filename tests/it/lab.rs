//! A private network for each test: the test runs itself again inside of a namespace of its own,
//! where it is root over nothing but that. Also the commands that are compared there, and how their
//! answers are compared. What is tested is not here.

use std::any::type_name;
use std::fmt;
use std::io::Write;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Set in the process that is inside: the network namespace that it came from.
const WITHIN: &str = "FLOWSH_TEST_WITHIN";
/// How long a test waits for something that is sure to come, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Runs `job`, which must be a closure written in the body of a test, inside of a new user, mount
/// and network namespace, with `lo` up.
///
/// # Panics
///
/// `job` panicked, or there can be no namespace here and `FLOWSH_SKIP_KERNEL` is not 1.
pub(crate) fn in_namespace<F: FnOnce()>(job: F) {
    in_namespace_telling(job);
}

/// The same, and gives what `job` wrote to standard error; nothing in the process that is inside.
///
/// # Panics
///
/// As [`in_namespace`].
pub(crate) fn in_namespace_telling<F: FnOnce()>(job: F) -> String {
    let here = network();
    if let Some(outside) = std::env::var_os(WITHIN) {
        assert_ne!(outside, here.as_str(), "still outside");
        run("ip", &["link", "set", "lo", "up"]).ok();
        job();
        return String::new();
    }
    // `it::kernel::create::fact::{{closure}}`; the test is what is between the crate and the closure.
    let path = type_name::<F>();
    let name = path.split_once("::").unwrap().1.trim_end_matches("::{{closure}}");
    if skipped(name) {
        return String::new();
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
    inside.stderr
}

/// True, and says so, if what needs the kernel is not to be tested.
pub(crate) fn skipped(name: &str) -> bool {
    let skip = std::env::var("FLOWSH_SKIP_KERNEL").is_ok_and(|value| value == "1");
    if skip {
        eprintln!("SKIPPED, as FLOWSH_SKIP_KERNEL=1 says: {name}");
    }
    skip
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

/// Runs a program and waits for its end; one that hangs ends with 124.
pub(crate) fn run(program: &str, args: &[&str]) -> Run {
    let mut command = Command::new("timeout");
    command.arg(PATIENCE.as_secs().to_string()).arg(program).args(args);
    Run::of(program, command.stdin(Stdio::null()).output())
}

/// A program that runs beside the test; it is killed if the test ends first.
pub(crate) struct Background(Option<Child>);

impl Background {
    /// Starts it.
    pub(crate) fn start(program: &str, args: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(Some(command.spawn().unwrap_or_else(|error| panic!("cannot run {program}: {error}"))))
    }

    /// Starts `flowsh ARGS`, and waits until it listens for events.
    pub(crate) fn listen(args: &[&str]) -> Self {
        Self::listener(env!("CARGO_BIN_EXE_flowsh"), args)
    }

    /// Starts a program, and waits until one more than before listens for events.
    pub(crate) fn listener(program: &str, args: &[&str]) -> Self {
        let before = listeners();
        let started = Self::start(program, args);
        until(|| listeners() > before);
        started
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.0.as_ref().unwrap().id()
    }

    /// Sends it a signal, by name.
    pub(crate) fn signal(&self, name: &str) {
        run("kill", &["-s", name, &self.id().to_string()]).ok();
    }

    /// Sends it a signal, by name, and waits for its end.
    #[track_caller]
    pub(crate) fn stop(self, signal: &str) -> Run {
        self.signal(signal);
        self.wait()
    }

    /// Waits for its end. What it writes must fit into a pipe.
    #[track_caller]
    pub(crate) fn wait(mut self) -> Run {
        let mut child = self.0.take().unwrap();
        let start = Instant::now();
        while child.try_wait().unwrap().is_none() && start.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(5));
        }
        let ended = child.try_wait().unwrap().is_some() || child.kill().is_err();
        let run = Run::of("it", child.wait_with_output());
        assert!(ended, "it did not end: {run}");
        run
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Waits until it is so.
#[track_caller]
pub(crate) fn until(so: impl Fn() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < PATIENCE, "waited for nothing");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// How many netfilter sockets of this namespace are in a multicast group.
fn listeners() -> usize {
    let sockets = std::fs::read_to_string("/proc/self/net/netlink").unwrap();
    let groups = sockets.lines().filter_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        (words.next() == Some("12")).then(|| words.nth(1)).flatten()
    });
    groups.filter(|groups| *groups != "00000000").count()
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
    name_labels(names);
}

/// Names labels.
pub(crate) fn name_labels(names: &str) {
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
    let mask = |line: &str| still(line, &[" id=", "<id>", "portid="]).0;
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
    // `[NEW] ipv4     2 udp      17 59 src=…`, but an expectation has them first: `59 proto=6 …`.
    let mut filled =
        (0..words.len()).filter(|&at| !words[at].is_empty() && !words[at].starts_with('['));
    let first = filled.next().filter(|_| !line.starts_with(['-', '<']));
    let seconds = match first.map(|at| words[at].as_str()) {
        None => None,
        Some("ipv4" | "ipv6") => filled.nth(3),
        Some(word) if word.parse::<u64>().is_ok() => first,
        Some(_) => filled.nth(1),
    };
    if let Some(word) =
        seconds.and_then(|at| words.get_mut(at)).filter(|word| word.parse::<u64>().is_ok())
    {
        numbers.push(std::mem::replace(word, "#".to_owned()).parse().unwrap());
    }
    let mut text = words.join(" ");
    for name in ["delta-time=", "<timeout>", "<deltatime>", " -t "].iter().chain(names) {
        let Some(at) = text.rfind(name).map(|at| at + name.len()) else { continue };
        let digits = text[at..].chars().take_while(char::is_ascii_digit).count();
        if digits > 0 {
            numbers.push(text[at..at + digits].parse().unwrap());
            text.replace_range(at..at + digits, "#");
        }
    }
    (text, numbers)
}
