//! Text → what was read of it, as text; a list against the bytes that the kernel sent for it.

mod formats;
mod laws;

use jiff::tz::TimeZone;

use super::{Entry, Parser, end_of_element};
use crate::flow::{Flow, L4, LabelMap, Proto, ProtoInfo, SctpInfo, Status, Subject, TcpInfo};
use crate::wire::tests::show;
use crate::wire::{consts::IPCTNL_MSG_CT_NEW, decode_flow, messages};

/// Every entry of `text`, or why it is none.
fn entries(text: &[u8]) -> Vec<Result<Entry, String>> {
    let mut parser = Parser::new(LabelMap::parse("1 voip\n100 hundred"));
    parser.zone = TimeZone::UTC;
    let (mut rest, mut found) = (text, Vec::new());
    while let Some(at) = parser.find(rest, true) {
        let entry = parser.read(&rest[at.clone()]);
        found.extend(entry.map_err(|error| error.to_string()).transpose());
        rest = &rest[at.end..];
    }
    found
}

/// Every entry of `text`, a line each.
fn read(text: &str) -> String {
    let show = |entry: Result<Entry, String>| match entry {
        Ok(Entry { subject, kind, time_ns, port_id, .. }) => {
            let kind = kind.map_or("", |kind| kind.name());
            let time = time_ns.map(|ns| format!("at {ns}")).unwrap_or_default();
            let by = if port_id == 0 { String::new() } else { format!("by {port_id}") };
            let subject = match subject {
                Subject::Flow(flow) => show::flow(&flow),
                Subject::Expectation(expectation) => show::expectation(&expectation),
            };
            let words = [kind, &time, &by, &subject].map(str::to_owned);
            words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
        }
        Err(error) => format!("error: {error}"),
    };
    entries(text.as_bytes()).into_iter().map(show).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_element_ends_with_the_first_whole_end() {
    let check = |text: &str| {
        let end = text.find("</flow>").map(|at| at + 7);
        assert_eq!(end_of_element(text.as_bytes()), end, "{text}");
    };
    for before in ["", "<", "</flo", "</</flow", "w", "ow>", "</flow </flo>", "wwwwwwwwww<<<<</"] {
        check(before);
        check(&format!("{before}</flow>"));
        check(&format!("<flow>{before}</flow></flow>"));
    }
}

/// The flow with only what `conntrack -L -o extended,id,ktimestamp` shows of it.
fn shown(flow: &Flow) -> Flow {
    let state = |info| match info {
        ProtoInfo::Tcp(info) => ProtoInfo::Tcp(TcpInfo { state: info.state, ..TcpInfo::default() }),
        ProtoInfo::Sctp(info) => {
            ProtoInfo::Sctp(SctpInfo { state: info.state, ..SctpInfo::default() })
        }
        ProtoInfo::Dccp(info) => ProtoInfo::Dccp(info),
    };
    let mut shown = Flow {
        status: flow.status.map(|status| status & (Status::SEEN_REPLY | Status::ASSURED)),
        told: Status::SEEN_REPLY | Status::ASSURED | Status::OFFLOAD | Status::HW_OFFLOAD,
        proto_info: flow.proto_info.map(state),
        start_ns: flow.start_ns.map(|ns| ns - ns % 1_000_000_000),
        labels: None,
        rare: None,
        ..flow.clone()
    };
    for tuple in [&mut shown.orig, &mut shown.reply] {
        if tuple.proto == Proto::DCCP {
            tuple.l4 = L4::None;
        }
    }
    shown
}

#[test]
fn a_list_is_what_the_kernel_sent_as_far_as_it_shows_it() {
    let dump = include_bytes!("../../../tests/fixtures/mixed_ct_dump.bin");
    let sent = messages(dump).map(Result::unwrap).filter(|m| m.kind == IPCTNL_MSG_CT_NEW);
    let sent: Vec<Flow> = sent.map(|m| shown(&decode_flow(m.payload).unwrap())).collect();
    // The list was made seconds after the dump: four flows had gone, and timeouts went on.
    let text = include_bytes!("../../../tests/fixtures/mixed_conntrack_L.txt");
    let entries = entries(text);
    assert_eq!(entries.len(), 51);
    for entry in entries {
        let Ok(Entry { subject: Subject::Flow(read), time_ns, .. }) = entry else { panic!() };
        let sent = sent.iter().find(|sent| sent.id == read.id).unwrap();
        assert!(read.timeout_s <= sent.timeout_s);
        let sent = Flow { timeout_s: read.timeout_s, ..sent.clone() };
        assert_eq!(show::flow(&read), show::flow(&sent));
        assert_eq!(time_ns, read.start_ns.map(|ns| ns + 6_000_000_000));
    }
}

#[test]
fn a_word_that_a_format_lacks_is_unknown_not_false() {
    let udp = "udp 17 29 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=53 src=10.0.0.2 dst=10.0.0.1 \
               sport=53 dport=1 [WORD] mark=0 use=1";
    let saved = "-A -t 29 -s 10.0.0.1 -d 10.0.0.2 -p udp --sport 1 --dport 53 -u SEEN_REPLY";
    let known = |text: &str, bit: Status| match entries(text.as_bytes()).remove(0) {
        Ok(Entry { subject: Subject::Flow(flow), .. }) => flow.has_status(bit),
        other => panic!("{other:?}"),
    };
    let (assured, offloaded) = (udp.replace("WORD", "ASSURED"), udp.replace("WORD", "OFFLOAD"));
    assert_eq!(known(udp, Status::SEEN_REPLY), Some(true));
    assert_eq!(known(udp, Status::ASSURED), Some(false));
    assert_eq!(known(&assured, Status::ASSURED), Some(true));
    assert_eq!(known(&offloaded, Status::OFFLOAD), Some(true));
    // It stands in the place of the other.
    assert_eq!(known(&offloaded, Status::ASSURED), None);
    assert_eq!(known(udp, Status::EXPECTED), None);
    assert_eq!(known(udp, Status::EXPECTED | Status::ASSURED), Some(false));
    assert_eq!(known(saved, Status::EXPECTED), Some(false));
    assert_eq!(known(saved, Status::OFFLOAD), None);
    // Of the words that hold the first hides the others.
    let in_hardware = udp.replace("WORD", "HW_OFFLOAD");
    assert_eq!(known(&in_hardware, Status::HW_OFFLOAD), Some(true));
    assert_eq!(known(&in_hardware, Status::OFFLOAD), None);
}

#[test]
fn fields_that_are_missing_in_json_are_unknown_not_false() {
    let known = |words: &str, bit: Status| {
        let text = format!(
            r#"{{"proto":"udp","src":"10.0.0.1","dst":"10.0.0.2","sport":1,"dport":53,
                "reply":{{"src":"10.0.0.2","dst":"10.0.0.1","sport":53,"dport":1}},{words}}}"#
        );
        match entries(text.as_bytes()).remove(0) {
            Ok(Entry { subject: Subject::Flow(flow), .. }) => flow.has_status(bit),
            other => panic!("{other:?}"),
        }
    };
    let (listed, part) =
        (r#""status":["seen_reply"]"#, r#""status":["seen_reply","offload"],"unreplied":false"#);
    assert_eq!(known(listed, Status::ASSURED), Some(false));
    assert_eq!(known(part, Status::SEEN_REPLY), Some(true));
    assert_eq!(known(part, Status::OFFLOAD), Some(true));
    assert_eq!(known(part, Status::ASSURED), None);
    assert_eq!(known(r#""assured":true"#, Status::ASSURED), Some(true));
    assert_eq!(known(r#""assured":false"#, Status::ASSURED), Some(false));
    assert_eq!(known(r#""assured":true"#, Status::SEEN_REPLY), None);
    assert_eq!(known(r#""unreplied":false"#, Status::SEEN_REPLY), Some(true));
    assert_eq!(known(r#""offload":true"#, Status::OFFLOAD), None);
    assert_eq!(known(r#""offload":false"#, Status::HW_OFFLOAD), Some(false));
    assert_eq!(known(r#""mark":1"#, Status::ASSURED), None);
}
