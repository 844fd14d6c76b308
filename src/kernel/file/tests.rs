//! Recordings in files of the test: read again and again, to any size, and named where they fail.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use insta::assert_snapshot;

use super::reading::ENTRY_BYTES;
use super::{CHUNK_BYTES, Recording, Unreadable, spool};
use crate::flow::{Family, Field, Filter, FlowKey, LabelMap, Subject};
use crate::kernel::{DumpScope, FlowTable, Source};

/// A file that goes with the test.
struct Saved(PathBuf);

impl Saved {
    fn new(name: &str, text: &str) -> Self {
        let name = format!("flowsh-test-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, text).unwrap();
        Self(path)
    }

    fn open(&self, unreadable: Unreadable) -> Recording {
        let stop = Arc::new(AtomicBool::new(false));
        Recording::open(&self.0, "x.txt", LabelMap::default(), unreadable, stop).unwrap()
    }
}

impl Drop for Saved {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn udp(port: u16) -> String {
    format!(
        "udp      17 29 src=10.0.0.1 dst=10.0.0.2 sport={port} dport=53 [UNREPLIED] src=10.0.0.2 \
         dst=10.0.0.1 sport=53 dport={port} mark=0 use=1\n"
    )
}

/// The original directions of the flows, and the error that ends them.
fn flows(recording: &Recording, scope: &DumpScope, filter: &Filter) -> String {
    let mut shown = String::new();
    let mut flows = match recording.flows(scope, filter) {
        Ok(flows) => flows,
        Err(error) => return error.to_string(),
    };
    loop {
        match flows.next() {
            Ok(Some(flow)) => writeln!(shown, "{}", flow.orig).unwrap(),
            Ok(None) => return shown,
            Err(error) => {
                let cause = std::error::Error::source(&error).unwrap();
                writeln!(shown, "{error}: {cause}").unwrap();
                return shown;
            }
        }
    }
}

fn all(recording: &Recording) -> String {
    flows(recording, &DumpScope::default(), &Filter::All)
}

#[test]
fn what_was_cut_is_told() {
    let flow = r#"{"proto":"udp","src":"10.0.0.1","dst":"10.0.0.2","sport":1,"dport":53,"reply":{"src":"10.0.0.2","dst":"10.0.0.1","sport":53,"dport":1}}"#;
    let read = |text: &str| {
        let saved = Saved::new("cut", text);
        let recording = saved.open(Unreadable::Stop);
        (all(&recording), recording.doubt())
    };
    let line = udp(1);
    assert_snapshot!(read(&format!("[\n{flow},\n{flow}")).0, @r"
    udp 10.0.0.1:1 -> 10.0.0.2:53
    udp 10.0.0.1:1 -> 10.0.0.2:53
    cannot read x.txt:3: the `]` is missing: the recording was cut
    ");
    for whole in [format!("[{flow}]"), format!("{flow}\n{flow}"), format!("{line}{line}")] {
        let (shown, doubt) = read(&whole);
        assert!(shown.lines().all(|flow| flow.starts_with("udp")) && doubt.is_none(), "{shown}");
    }
    let (shown, doubt) = read(line.trim_end());
    assert_eq!(shown.lines().count(), 1);
    assert_snapshot!(doubt.unwrap(), @"the last line of x.txt has no end: it may be cut");
    let xml = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<conntrack>\n";
    let doubt = read(xml).1.unwrap();
    assert_snapshot!(doubt, @"the document of x.txt has no end: it may be cut");
    assert_eq!(read(&format!("{xml}</conntrack>\n")).1, None);
    // The bracket is none of an array.
    assert!(read(&line.replace("mark=0 use=1\n", "[ASSURED]")).1.is_some());
    let stop = Arc::new(AtomicBool::new(false));
    let kernels = Path::new("/proc/self/status");
    let recording =
        Recording::open(kernels, "x", LabelMap::default(), Unreadable::Stop, stop).unwrap();
    assert_eq!(recording.doubt(), None);
}

#[test]
fn what_is_compressed_is_not_taken_for_flows() {
    let saved = Saved::new("gzip", "\u{1f}");
    std::fs::write(&saved.0, [0x1f, 0x8b, 8, 0]).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let opened =
        Recording::open(&saved.0, "x.gz", LabelMap::default(), Unreadable::Stop, stop).map(drop);
    assert_snapshot!(opened.unwrap_err(), @"x.gz is compressed: `zcat x.gz | flowsh --from - …` reads it");
}

#[test]
fn a_flow_is_found_by_either_direction() {
    let saved = Saved::new("either", &[udp(1), udp(2)].concat());
    let recording = saved.open(Unreadable::Stop);
    let flow = recording.entries().nth(1).unwrap().unwrap();
    let Subject::Flow(flow) = flow.subject else { panic!() };
    let by_reply = FlowKey { tuple: flow.reply, ..flow.key() };
    assert_eq!(recording.get(&flow.key()).unwrap(), Some(flow.clone()));
    assert_eq!(recording.get(&by_reply).unwrap(), Some(flow));
    assert_eq!(recording.get(&FlowKey { zone: Some(1), ..by_reply }).unwrap(), None);
}

#[test]
fn every_question_reads_the_file_anew() {
    let saved = Saved::new("anew", &[udp(1), udp(2)].concat());
    let recording = saved.open(Unreadable::Stop);
    assert_snapshot!(all(&recording), @r"
    udp 10.0.0.1:1 -> 10.0.0.2:53
    udp 10.0.0.1:2 -> 10.0.0.2:53
    ");
    assert_eq!(all(&recording), all(&recording));
    let scope = DumpScope { family: Some(Family::Ipv6), ..DumpScope::default() };
    assert_snapshot!(flows(&recording, &scope, &Filter::All), @"");
    let zero = DumpScope { zero: true, ..DumpScope::default() };
    assert_snapshot!(flows(&recording, &zero, &Filter::All), @"x.txt is a recording: its counters cannot be set to zero");
    let dying = DumpScope { table: FlowTable::Dying, ..DumpScope::default() };
    assert_snapshot!(flows(&recording, &dying, &Filter::All), @"x.txt is a recording: it has no dying list");
    assert_snapshot!(recording.live().unwrap_err(), @r"
    x.txt is a recording: it can be read, but not changed or listened to
    ");
}

#[test]
fn what_cannot_be_read_is_named_by_file_and_line() {
    let text = format!("\n{}tcp 6 x\n\n{}one more\n", udp(1), udp(2));
    let saved = Saved::new("named", &text);
    assert_snapshot!(all(&saved.open(Unreadable::Stop)), @r"
    udp 10.0.0.1:1 -> 10.0.0.2:53
    cannot read x.txt:3: the state needs a name that tcp, sctp or dccp has, found `x`
    ");
    let told = Rc::new(RefCell::new(Vec::new()));
    let tell = Rc::clone(&told);
    let skip = Unreadable::Skip(Box::new(move |text| tell.borrow_mut().push(text.to_owned())));
    let recording = saved.open(skip);
    assert_eq!(recording.skipped().unwrap(), 2);
    assert_snapshot!(all(&recording), @r"
    udp 10.0.0.1:1 -> 10.0.0.2:53
    udp 10.0.0.1:2 -> 10.0.0.2:53
    ");
    assert_snapshot!(told.borrow().join("\n"), @r"
    2 entries of x.txt cannot be read; the first is line 3: the state needs a name that tcp, sctp or dccp has, found `x`
    ");
}

#[test]
fn entries_go_on_where_a_chunk_ends() {
    let text: String = (1..=20_000).map(udp).collect();
    assert!(text.len() > 8 * CHUNK_BYTES);
    let saved = Saved::new("chunks", &text);
    let shown = all(&saved.open(Unreadable::Stop));
    let port = |line: &str| line.split([':', ' ']).nth(2).unwrap().parse::<u16>().unwrap();
    assert!(shown.lines().map(port).eq(1..=20_000));
}

#[test]
fn neither_blanks_nor_an_entry_without_an_end_fill_the_memory() {
    let (lines, blanks) = ("\n".repeat(2 * ENTRY_BYTES), " ".repeat(2 * ENTRY_BYTES));
    let saved = Saved::new("endless", &format!("{lines}{}{{{blanks}\n{}", udp(1), udp(2)));
    let recording = saved.open(Unreadable::Skip(Box::new(|_| ())));
    let mut reading = recording.entries();
    let mut most = 0;
    let mut found = 0;
    while reading.entry().unwrap().is_some() {
        found += 1;
        most = most.max(reading.buffer.capacity());
    }
    assert_eq!(found, 2);
    assert!(most <= 4 * ENTRY_BYTES, "{most}");
    assert_snapshot!(all(&saved.open(Unreadable::Stop)), @r"
    udp 10.0.0.1:1 -> 10.0.0.2:53
    cannot read x.txt:2097154: an entry of more than 1048576 bytes
    ");
}

#[test]
fn ages_are_counted_to_when_it_was_shown() {
    for start in ["", " [start=Fri Nov 20 20:09:46 2026]"] {
        let line = udp(1).replace(" use=1", &format!(" delta-time=90{start} use=1"));
        let saved = Saved::new("ages", &line);
        let recording = saved.open(Unreadable::Stop);
        let mut flows = recording.flows(&DumpScope::default(), &Filter::All).unwrap();
        let flow = flows.next().unwrap().unwrap();
        assert_eq!(Field::Age.number(flow, recording.now_ns()), Some(90_000_000_000), "{start}");
    }
    // Without a start the file's own time is all there is.
    let saved = Saved::new("mtime", &udp(1));
    let changed = fs::metadata(&saved.0).unwrap().modified().unwrap();
    assert_eq!(saved.open(Unreadable::Stop).now_ns(), crate::kernel::since_1970(changed));
}

#[test]
fn what_can_be_read_only_once_is_copied() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let text: String = (1..=5_000).map(udp).collect();
    let feed = std::thread::spawn(move || writer.write_all(text.as_bytes()));
    let reader = File::from(std::os::fd::OwnedFd::from(reader));
    let stop = Arc::new(AtomicBool::new(false));
    let recording =
        Recording::of(reader, "pipe", LabelMap::default(), Unreadable::Stop, stop).unwrap();
    feed.join().unwrap().unwrap();
    assert_eq!(all(&recording).lines().count(), 5_000);
    assert_eq!(all(&recording).lines().count(), 5_000);
}

#[test]
fn an_end_that_is_asked_for_comes() {
    let stop = AtomicBool::new(true);
    let (reader, _writer) = std::io::pipe().unwrap();
    let mut reader = File::from(std::os::fd::OwnedFd::from(reader));
    let error = spool(&mut reader, &stop).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::Interrupted);
}

#[test]
fn a_broken_object_ends_where_the_next_begins() {
    let flow = |port: u16| {
        format!(
            r#"{{"proto":"udp","src":"10.0.0.1","dst":"10.0.0.2","sport":{port},"dport":53,"reply":{{"src":"10.0.0.2","dst":"10.0.0.1","sport":53,"dport":{port}}}}}"#
        ) + "\n"
    };
    let (unquoted, unclosed) = (flow(2).replacen("\"src", "src", 1), flow(4).replace('}', ""));
    let text = [flow(1), unquoted, flow(3), unclosed, flow(5), flow(6)].concat();
    let saved = Saved::new("broken", &text);
    let recording = saved.open(Unreadable::Skip(Box::new(|_| ())));
    assert_snapshot!(all(&recording), @r"
    udp 10.0.0.1:1 -> 10.0.0.2:53
    udp 10.0.0.1:3 -> 10.0.0.2:53
    udp 10.0.0.1:5 -> 10.0.0.2:53
    udp 10.0.0.1:6 -> 10.0.0.2:53
    ");
    assert_eq!(recording.skipped().unwrap(), 2);
}
