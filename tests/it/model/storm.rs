//! Changes while someone else makes, changes and deletes flows as fast as the kernel lets it, inside
//! of the filter and outside of it, the same ends in another zone among them. The kernel tells by
//! its events whose socket did what to which flow: so it is known what flowsh did, whoever did what
//! at the same time. What becomes of a flow in peace is the affair of `round`.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use flowsh::kernel::Safety;

use super::change::{Deed, Wish};
use super::dice::Dice;
use super::engine::{Engine, Ground, Job, Said, Tally};
use super::leaf::{Leaf, NUMBERS, Net, Place};
use super::raw::Wire;
use super::record::{End, Record};
use super::source::Reading;
use super::tree::Tree;

/// Where flows go that filters take, and those that none takes.
const INSIDE: u8 = 100;
const OUTSIDE: u8 = 200;
/// The zone of filters. In the default zone are the same flows again, which must be left alone.
const ZONE: u16 = 3;
/// The mark of what must not be touched.
const SENTINEL: u32 = 0xdead_beef;
/// How many flows of each kind come and go.
const RESTLESS: u16 = 80;

/// What is shared with the other thread.
#[derive(Default)]
struct Storm {
    over: AtomicBool,
    /// Its socket's address; 0 until it has one.
    port: AtomicU32,
    /// Flows that it made.
    made: AtomicU64,
}

/// Ends the storm, also if a change went wrong.
struct Calm<'a>(&'a Storm);

impl Drop for Calm<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Relaxed);
    }
}

/// Changes the table so many times while another thread does; `still` flows of each kind stay.
pub(super) fn play(seed: u64, changes: u64, still: u16) {
    let (storm, started) = (Storm::default(), Instant::now());
    let sums = thread::scope(|scope| {
        let _calm = Calm(&storm);
        scope.spawn(|| blow(seed, &storm));
        let mut scene = Scene::new(seed, &storm, still);
        for _ in 0..changes {
            scene.change();
        }
        scene.sums
    });
    let Tally { matched, done, gone, failed, .. } = sums;
    assert!(done > 0, "nothing was there to change: {sums:?}");
    eprintln!(
        "seed {seed}: {changes} changes while {} flows were made beside them: {matched} matched, \
         {done} done, {gone} gone, {failed} failed, in {:.1} s",
        storm.made.load(Ordering::Relaxed),
        started.elapsed().as_secs_f64()
    );
}

/// Makes and deletes flows of every kind until the end.
fn blow(seed: u64, storm: &Storm) {
    let (mut wire, mut dice) = (Wire::open(), Dice::new(!seed));
    storm.port.store(wire.port, Ordering::Relaxed);
    let all: Vec<Record> = (0..RESTLESS).flat_map(|n| kinds(1, n)).collect();
    while !storm.over.load(Ordering::Relaxed) {
        let flows = dice.some(&all, 64, 64);
        wire.make(&flows);
        storm.made.fetch_add(64, Ordering::Relaxed);
        wire.delete(&dice.some(&all, 64, 64));
    }
}

/// The side that changes flows by filters.
struct Scene {
    ground: Ground,
    wire: Wire,
    /// Hears what flowsh does, and what `bell` does.
    ears: Wire,
    bell: Wire,
    dice: Dice,
    still: Vec<Record>,
    sums: Tally,
}

/// What flowsh was heard to do.
#[derive(Debug, Default)]
struct Deeds {
    deleted: u64,
    updated: u64,
    faults: Vec<String>,
}

impl Scene {
    fn new(seed: u64, storm: &Storm, still: u16) -> Self {
        let (wire, bell) = (Wire::open(), Wire::open());
        while storm.port.load(Ordering::Relaxed) == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        let ears = Wire::listening([storm.port.load(Ordering::Relaxed), wire.port]);
        let still = (0..still).flat_map(|n| kinds(0, n)).collect();
        let (ground, dice, sums) = (Ground::new(), Dice::new(seed), Tally::default());
        Self { ground, wire, ears, bell, dice, still, sums }
    }

    /// One change, and what is known of it afterwards.
    fn change(&mut self) {
        self.wire.make(&self.still);
        let job = self.draw();
        let engine = loop {
            let engine = Engine::draw(&mut self.dice);
            if engine != Engine::Conntrack && engine.can(&job) {
                break engine;
            }
        };
        let mut words = String::new();
        let said = engine.run(&mut self.ground, &mut self.dice, &job, &mut words);
        let deeds = self.heard(&job);
        let what = format!(
            "engine: {engine:?}, by {:?}\nwritten: {words}\ndeed: {:?}, max {:?}\n\
             said: {said:?}\nheard: {deeds:?}",
            job.reading, job.deed, job.max
        );
        let Said::Done(tally) = said else { panic!("it did not work\n{what}") };
        let Tally { matched, done, gone, failed, protected, .. } = tally;
        assert_eq!(matched, done + gone + failed + protected, "it does not add up\n{what}");
        let heard = match job.deed {
            Deed::Delete => [deeds.deleted, deeds.updated],
            Deed::Update(_) => [deeds.updated, deeds.deleted],
        };
        assert_eq!(heard, [done, 0], "the kernel saw something else\n{what}");
        assert!(deeds.faults.is_empty(), "flows outside were touched\n{what}");
        self.look(&job, &what);
        self.sums.matched += matched;
        self.sums.done += done;
        self.sums.gone += gone;
        self.sums.failed += failed;
    }

    /// A filter by what a flow keeps as long as it has its name.
    fn draw(&mut self) -> Job {
        let zone = NUMBERS.iter().position(|number| number.name == "zone").unwrap();
        let zone = Leaf::Number(zone, "=", ZONE.into());
        let net = |from: [u8; 4], to: [u8; 4]| Net {
            first: Ipv4Addr::from(from).into(),
            last: Ipv4Addr::from(to).into(),
        };
        let whole = net([10, INSIDE, 0, 0], [10, INSIDE, 255, 255]);
        let one = [10, INSIDE, self.dice.one(&[0, 1]), 7];
        let row = |leaves: Vec<Leaf>| Tree::And(leaves.into_iter().map(Tree::Leaf).collect());
        let tree = match self.dice.below(4) {
            // The kernel is asked for all of it, for the zone alone, or for nothing.
            0 => {
                row(vec![Leaf::Proto(vec![17]), Leaf::Addr(Place::Dst, vec![net(one, one)]), zone])
            }
            1 | 2 => row(vec![Leaf::Addr(Place::ReplySrc, vec![whole]), zone]),
            _ => Tree::Not(Box::new(Tree::Or(vec![
                Tree::Not(Box::new(Tree::Leaf(Leaf::Addr(Place::Dst, vec![whole])))),
                Tree::Not(Box::new(Tree::Leaf(zone))),
            ]))),
        };
        let deed = if self.dice.chance(50) {
            Deed::Delete
        } else {
            Deed::Update(Wish::of_mark(&mut self.dice))
        };
        let max = self.dice.chance(40).then(|| "1000000".to_owned());
        let reading = if self.dice.chance(75) { Reading::Dumps } else { Reading::Plain };
        let (flags, safety) = (String::new(), Safety::Live);
        Job { tree, flags, deed, max, safety, reading, shield: None, asked: None }
    }

    /// What flowsh did since this was last asked, by the kernel's own account.
    fn heard(&mut self, job: &Job) -> Deeds {
        // When this one's end is told, all that was before it has been told.
        let last = flow(OUTSIDE, 9, 0, None, SENTINEL);
        self.bell.make(std::slice::from_ref(&last));
        self.bell.delete(std::slice::from_ref(&last));
        let (mut deeds, mut told) = (Deeds::default(), false);
        while !told {
            self.ears.heard(&mut |heard| {
                if heard.port == self.bell.port {
                    told |= heard.destroyed;
                    return;
                }
                let count = if heard.destroyed { &mut deeds.deleted } else { &mut deeds.updated };
                *count += 1;
                if !job.tree.takes(&heard.flow, 0) {
                    deeds.faults.push(heard.flow.to_string());
                }
            });
        }
        deeds
    }

    /// Fails unless all is well with what nobody else touches, and with what nobody may touch.
    fn look(&mut self, job: &Job, what: &str) {
        let (found, _) = self.wire.look(&self.still);
        for flow in &self.still {
            let now = found.iter().find(|now| now.orig == flow.orig && now.zone == flow.zone);
            let mark = match (&job.deed, job.tree.takes(flow, 0)) {
                (_, false) => flow.mark,
                (Deed::Delete, true) => None,
                (Deed::Update(wish), true) => wish.apply(flow).0.unwrap().mark,
            };
            assert_eq!(now.and_then(|now| now.mark), mark, "{flow}\nis {now:?}\n{what}");
        }
        let taken = |flow: &Record| flow.mark != Some(SENTINEL) && !is_inside(flow);
        let touched: Vec<_> = self.wire.dump().into_iter().filter(taken).collect();
        assert!(touched.is_empty(), "marks outside were changed: {touched:?}\n{what}");
    }
}

/// Three flows of this number: inside of the filters, outside, and the first in the default zone.
fn kinds(group: u8, number: u16) -> [Record; 3] {
    [
        flow(INSIDE, group, number, Some(ZONE), 0),
        flow(OUTSIDE, group, number, Some(ZONE), SENTINEL),
        flow(INSIDE, group, number, None, SENTINEL),
    ]
}

fn is_inside(flow: &Record) -> bool {
    let IpAddr::V4(dst) = flow.orig.dst else { return false };
    dst.octets()[1] == INSIDE && flow.zone == Some(ZONE)
}

fn flow(side: u8, group: u8, number: u16, zone: Option<u16>, mark: u32) -> Record {
    let to = Ipv4Addr::new(10, side, group, u8::try_from(number % 30).unwrap());
    let (src, dst) = (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), IpAddr::V4(to));
    let orig =
        End { src, dst, proto: 17, ports: Some((1000 + number, 53)), icmp: None, zone: None };
    let reply = End { src: dst, dst: src, ports: Some((53, 1000 + number)), ..orig };
    Record {
        orig,
        reply,
        zone,
        status: 8,
        timeout_s: Some(6000),
        mark: Some(mark),
        id: 0,
        labels: [0; 4],
        helper: None,
        state: None,
        counters: [None; 2],
        start_ns: None,
        rest: Vec::new(),
    }
}
