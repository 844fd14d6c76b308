//! Many events: by default none is lost, and what is lost is counted.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use flowsh::flow::{FlowKey, L4, Masked, NewFlow, Patch, Proto, Tuple};
use flowsh::kernel::{Live, NetNs, Safety};

use crate::lab::{Background, in_namespace};

/// Counts events and losses.
const COUNT: &str = r#"
    let got = 0;
    let lost = 0;
    flows("mark < 1000").on("update", |e| got += 1);
    on_gap(|g| lost += g.lost);
"#;

/// Flows that are changed again and again: each change is an event.
struct Source {
    live: Live,
    keys: Vec<FlowKey>,
}

impl Source {
    fn new(flows: u16) -> Self {
        let live = Live::new(NetNs::Current, Safety::Live, Arc::default());
        // With 2, the default, flows that began before the first listener would be silent.
        live.set_sysctl("events", 1).unwrap();
        let made = (0..flows).map(|port| {
            let (src, dst) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
            let l4 = L4::Ports { src: port, dst: 53 };
            let orig = Tuple { src, dst, proto: Proto::UDP, l4, zone: None };
            NewFlow::new(orig, orig.inverted().unwrap(), 600)
        });
        let made: Vec<_> = made.collect();
        let mut batch = live.batch("create flows").unwrap();
        for flow in &made {
            batch.create(flow).unwrap();
        }
        assert_eq!(batch.finish().unwrap().done, u64::from(flows));
        let keys = made.iter().map(NewFlow::key).collect();
        Self { live, keys }
    }

    /// Gives every flow one mark after the other, no more than `a_second` changes in a second.
    fn update(&self, marks: RangeInclusive<u32>, a_second: Option<u32>) {
        let start = Instant::now();
        for (round, mark) in (1..).zip(marks) {
            let patch = Patch { mark: Some(Masked::exact(mark)), ..Patch::default() };
            let mut batch = self.live.batch("update flows").unwrap();
            for key in &self.keys {
                batch.update(key, &patch, None).unwrap();
            }
            assert_eq!(batch.finish().unwrap().failed, 0);
            if let Some(a_second) = a_second {
                let made = u32::try_from(self.keys.len()).unwrap() * round;
                let due = Duration::from_secs(1) * made / a_second;
                sleep(due.saturating_sub(start.elapsed()));
            }
        }
    }
}

#[test]
fn by_default_no_event_is_lost_at_25_000_a_second() {
    in_namespace(|| {
        let source = Source::new(500);
        let told = "flows(\"mark 1000\").on(\"update\", |e| { print(`${got} ${lost}`); stop() })";
        let listener = Background::listen(&["-q", "-e", &format!("{COUNT}{told}")]);
        source.update(1..=100, Some(25_000));
        // Events are handled in order: when the first of these comes, all others came.
        source.update(1000..=1000, None);
        assert_eq!(listener.wait().ok(), "50000 0\n");
    });
}

#[test]
fn events_that_do_not_fit_are_counted_exactly_where_they_are_missing() {
    in_namespace(|| {
        let source = Source::new(10_000);
        // Changes come in the order of marks and ports.
        let place = "let place = 0; let first = ();
            flows.on(\"update\", |e| place = (e.flow.mark - 1) * 10000 + e.flow.sport + 1);
            on_gap(|g| if first == () { first = got == place });";
        // All is there when the listener goes on, so that a second without any is the end.
        let told = "let before = 0;
            every(1.sec, || {
                let now = got + lost;
                if now > 0 && now == before { print(`${now} ${lost} ${first}`); stop() }
                before = now;
            })";
        let listener = Background::listen(&["-q", "-e", &format!("{COUNT}{place}{told}")]);
        // The buffer that flowsh asks for holds about 52,000 events.
        listener.signal("STOP");
        source.update(1..=8, None);
        listener.signal("CONT");
        let told = listener.wait().ok();
        let words: Vec<_> = told.split_whitespace().collect();
        let [made, lost, first] = words.as_slice() else { panic!("{told}") };
        assert_eq!((*made, *first), ("80000", "true"), "{told}");
        assert!(lost.parse::<u32>().unwrap() > 10_000, "{told}");
    });
}
