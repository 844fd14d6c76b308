//! Rounds: a table, something that is done to it, the table again, and what the model says should
//! have become of it. Nothing else changes the table meanwhile; for that see `storm`.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use flowsh::flow::{Family, FlowKey, NewFlow};
use flowsh::kernel::Safety;

use super::alike;
use super::change::{Deed, Wish};
use super::dice::Dice;
use super::engine::{Engine, Ground, Job, Said, Tally};
use super::raw::Wire;
use super::record::{End, Record};
use super::source::Reading;
use super::table::{blueprint, fill, plain, traffic, tuple};
use super::tree::Tree;
use crate::lab::conntrack;

/// Rounds on one table before it is made anew.
const ROUNDS: u64 = 50;
/// A table is not used for longer, or its timeouts would come near to what filters ask for.
const AGE: Duration = Duration::from_secs(40);

/// What was done, for the last line.
#[derive(Debug, Default)]
pub(super) struct Count {
    pub(super) rounds: u64,
    pub(super) matched: u64,
    pub(super) changed: u64,
    pub(super) seen: u64,
    /// Changes of flows that a dump listed.
    pub(super) dumped: u64,
    /// In how many rounds of a hundred one shall.
    pub(super) dumps: u64,
}

/// Plays the rounds of one table, drawn from this seed.
pub(super) fn play(
    ground: &mut Ground,
    wire: &mut Wire,
    seed: u64,
    rounds: u64,
    count: &mut Count,
) {
    let dice = &mut Dice::new(seed);
    let mut before = prepare(ground, wire, dice);
    let mut started = Instant::now();
    for _ in 0..rounds.min(ROUNDS) {
        if before.len() < 5 || dice.chance(4) {
            before = fill(dice, ground.live(), wire, &before, 5 + before.len() % 20);
        }
        while alike::crowded(&before) || started.elapsed() > AGE {
            before = prepare(ground, wire, dice);
            started = Instant::now();
        }
        count.rounds += 1;
        count.seen += u64::try_from(before.len()).unwrap();
        before = match dice.below(100) {
            0 => flush(ground, wire, dice, &before),
            1..4 => create(ground, wire, dice, &before),
            4..7 => look_up(ground, dice, before),
            _ => change(ground, wire, dice, &before, count),
        };
    }
}

/// What is there of a table, and faults if it is not what is expected.
fn judged(wire: &mut Wire, before: &[Record], expected: &[Record]) -> (Vec<Record>, Vec<String>) {
    let after = wire.all(before);
    let faults = differences(before, expected, &after);
    (after, faults)
}

/// An empty table, and then one with something in it.
fn prepare(ground: &Ground, wire: &mut Wire, dice: &mut Dice) -> Vec<Record> {
    for name in ["acct", "timestamp"] {
        let value = if dice.chance(70) { "1" } else { "0" };
        std::fs::write(format!("/proc/sys/net/netfilter/nf_conntrack_{name}"), value).unwrap();
    }
    ground.live().flush(None).unwrap();
    assert_eq!(wire.all(&[]), [], "flush leaves flows");
    let size = 5 + dice.below(55);
    let half = fill(dice, ground.live(), wire, &[], size / 2);
    let whole = fill(dice, ground.live(), wire, &half, size / 2);
    if !dice.chance(30) {
        return whole;
    }
    traffic(dice);
    wire.dump()
}

fn now_s() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().cast_signed()
}

fn change(
    ground: &mut Ground,
    wire: &mut Wire,
    dice: &mut Dice,
    before: &[Record],
    count: &mut Count,
) -> Vec<Record> {
    let (engine, job) = loop {
        let engine = Engine::draw(dice);
        let job = draw(dice, engine, before, count.dumps);
        if engine.can(&job) {
            break (engine, job);
        }
    };
    let now_s = now_s();
    let taken: Vec<bool> = before.iter().map(|record| job.tree.takes(record, now_s)).collect();
    let matched = u64::try_from(taken.iter().filter(|taken| **taken).count()).unwrap();
    let mut words = String::new();
    count.dumped += u64::from(!matches!(job.reading, Reading::LookUps(_)));
    let said = engine.run(ground, dice, &job, &mut words);
    let mut tally = Tally { matched, dry_run: job.safety == Safety::DryRun, ..Tally::default() };
    let (mut expected, mut different, mut strange) = (Vec::new(), 0, 0);
    let shielded =
        |record: &Record| job.shield.as_ref().is_some_and(|shield| shield.takes(record, now_s));
    for (record, taken) in before.iter().zip(&taken) {
        if *taken && shielded(record) {
            tally.protected += 1;
        }
        if !taken || shielded(record) {
            expected.push(record.clone());
            continue;
        }
        let (left, done) = match &job.deed {
            Deed::Delete => (None, Ok(())),
            Deed::Update(wish) => wish.apply(record),
        };
        *if done.is_ok() { &mut tally.done } else { &mut tally.failed } += 1;
        strange += u64::from(job.deed.is_strange_to(record.orig.proto));
        different += u64::from(left.as_ref() != Some(record));
        expected.extend(left);
    }
    let max = job.max.as_deref().map(|max| limit(max, before.len()));
    let found = matched - tally.protected;
    let asked = job.asked.filter(|(above, _)| found > *above && job.safety == Safety::Live);
    let right = match max {
        // A loop over nothing asks for nothing.
        _ if engine == Engine::ScriptLoop && matched == 0 => Said::Done(tally),
        _ if job.safety == Safety::ReadOnly => Said::ReadOnly,
        Some(max) if found > max => Said::TooMany { found, max },
        _ if asked.is_some_and(|(_, agrees)| !agrees) => Said::Declined,
        // It counts a flow that is already as it should be for one that it left alone.
        _ if engine == Engine::Conntrack => Said::Changed(different),
        _ if job.safety == Safety::DryRun => {
            Said::Done(Tally { done: found - strange, failed: strange, ..tally })
        }
        _ => Said::Done(tally),
    };
    // A filter that says "all" is not taken for a wish to delete everything.
    let shy = matches!(&said, Said::Refused(why) if why.contains("would delete every flow"))
        && taken.iter().all(|taken| *taken);
    let changes = job.safety == Safety::Live && matches!(right, Said::Done(_) | Said::Changed(_));
    if !changes || shy {
        expected = before.to_vec();
    } else {
        count.matched += matched;
        count.changed += tally.done;
    }
    let (after, faults) = judged(wire, before, &expected);
    assert!(
        faults.is_empty() && (said == right || shy),
        "engine: {engine:?}, {}, {:?}\nwritten: {words}\nmeant:   {}\ndeed:    \
         {:?}, max {:?}, asked {:?}, shielded {:?}\nsaid:    {said:?}\nright:   {right:?}\n{}",
        match job.reading {
            Reading::Dumps => "by dumps",
            Reading::Plain => "by one plain dump",
            Reading::LookUps(_) => "by look-ups",
        },
        job.safety,
        job.tree.text(&mut Dice::new(0)),
        job.deed,
        job.max,
        job.asked,
        job.shield.map(|shield| shield.text(&mut Dice::new(0))),
        faults.join("\n")
    );
    after
}

/// The flows between the same ends as one that is not as it should be: one of them may have been
/// taken for it.
fn neighbours(record: &Record, all: &[Record]) -> String {
    let ends = |record: &Record| {
        let (a, b) = (record.orig.src, record.orig.dst);
        (a.min(b), a.max(b), record.orig.proto)
    };
    let near = all.iter().filter(|other| ends(other) == ends(record) && key(other) != key(record));
    near.fold(String::new(), |text, other| text + "\nnear:    " + other.to_string().as_str())
}

fn draw(dice: &mut Dice, engine: Engine, before: &[Record], dumps: u64) -> Job {
    let now_s = now_s();
    let deed = match (dice.chance(25), engine) {
        (true, _) => Deed::Delete,
        (_, Engine::Conntrack) => Deed::Update(Wish::of_mark(dice)),
        _ => Deed::Update(Wish::draw(dice)),
    };
    let (tree, flags) = match engine {
        Engine::Conntrack => Tree::flags(dice, before, now_s, matches!(deed, Deed::Delete)),
        _ => (Tree::draw(dice, before, now_s), String::new()),
    };
    let matched = before.iter().filter(|record| tree.takes(record, now_s)).count();
    let max = match dice.below(10) {
        0..6 => None,
        6..9 => Some((matched + dice.below(3)).saturating_sub(1).to_string()),
        _ => Some(dice.one(&["0%", "10%", "33.3%", "50%", "100%"]).to_owned()),
    };
    let safety = match dice.below(20) {
        0 => Safety::ReadOnly,
        1 | 2 => Safety::DryRun,
        _ => Safety::Live,
    };
    let plain = matches!(engine, Engine::Each | Engine::ScriptLoop | Engine::Conntrack);
    let safety = if engine == Engine::Conntrack { Safety::Live } else { safety };
    let max = max.filter(|_| !plain);
    let reading = match (dice.chance(dumps), dice.chance(75)) {
        (true, true) => Reading::Dumps,
        (true, false) => Reading::Plain,
        (false, _) if alike::ambiguous(before) => Reading::Dumps,
        (false, _) => Reading::LookUps(before.to_vec()),
    };
    let guarded = engine.is_guarded();
    let shield = (guarded && dice.chance(20)).then(|| Tree::draw(dice, before, now_s));
    let asked = (guarded && dice.chance(10)).then(|| (dice.one(&[0, 1, 5, 20]), dice.chance(50)));
    Job { tree, flags, deed, max, safety, reading, shield, asked }
}

/// How many flows `max` lets through, of a table of so many.
fn limit(max: &str, flows: usize) -> u64 {
    match max.strip_suffix('%') {
        None => max.parse().unwrap(),
        Some(percent) => {
            // In thousandths, so that no fraction is lost.
            let (whole, tenths) = percent.split_once('.').unwrap_or((percent, "0"));
            let thousandths = whole.parse::<u64>().unwrap() * 10 + tenths.parse::<u64>().unwrap();
            u64::try_from(flows).unwrap() * thousandths / 1000
        }
    }
}

fn flush(ground: &Ground, wire: &mut Wire, dice: &mut Dice, before: &[Record]) -> Vec<Record> {
    let (family, v4, v6) = dice.one(&[
        (None, true, true),
        (Some(Family::Ipv4), true, false),
        (Some(Family::Ipv6), false, true),
    ]);
    ground.live().flush(family).unwrap();
    let stays = |record: &&Record| if record.orig.src.is_ipv4() { !v4 } else { !v6 };
    let expected: Vec<Record> = before.iter().filter(stays).cloned().collect();
    let (after, faults) = judged(wire, before, &expected);
    assert!(faults.is_empty(), "flush of {family:?}\n{}", faults.join("\n"));
    after
}

/// Makes flows of which some are there, and looks whether exactly the others came into being.
fn create(ground: &Ground, wire: &mut Wire, dice: &mut Dice, before: &[Record]) -> Vec<Record> {
    let count = 1 + dice.below(8);
    let wanted: Vec<NewFlow> = (0..count).map(|_| plain(dice, before)).collect();
    let mut held = before.to_vec();
    for new in &wanted {
        let record = blueprint(new);
        if !held.iter().any(|other| clash(&record, other)) {
            held.push(record);
        }
    }
    // A flow that ran out is shown to nobody, and is in the way until someone comes by: a dump takes
    // a few of them away.
    for _ in 0..before.len() {
        if wire.seen(before).is_some() {
            break;
        }
        wire.dump();
    }
    let mut batch = ground.live().batch("create flows").unwrap();
    for new in &wanted {
        batch.create(new).unwrap();
    }
    let applied = batch.finish().unwrap();
    let names = [before, &wanted.iter().map(blueprint).collect::<Vec<_>>()].concat();
    let after = wire.all(&names);
    let mut seen = after.clone();
    // What the kernel gives a new flow by itself is no matter here.
    for record in seen.iter_mut().filter(|record| before.iter().all(|old| key(old) != key(record)))
    {
        (record.id, record.counters, record.start_ns) = (0, [None; 2], None);
        record.rest.clear();
    }
    let faults = differences(before, &held, &seen);
    let made = u64::try_from(held.len() - before.len()).unwrap();
    let clashes = u64::try_from(wanted.len()).unwrap() - made;
    assert!(
        faults.is_empty() && (applied.done, applied.failed) == (made, clashes),
        "{applied:?}, but should be done {made}, failed {clashes}\n{}\n{}",
        wanted.iter().map(|new| format!("{}", blueprint(new))).collect::<Vec<_>>().join("\n"),
        faults.join("\n")
    );
    after
}

/// True if the kernel cannot hold both: a direction of one is a direction of the other, in the zone
/// that counts for it.
fn clash(new: &Record, held: &Record) -> bool {
    let pairs = |record: &Record| {
        let zones = record.zones();
        [(record.orig.anywhere(), zones[0]), (record.reply.anywhere(), zones[1])]
    };
    let zones = new.zones();
    pairs(held).iter().enumerate().any(|(at, (held_end, held_zone))| {
        pairs(new).iter().enumerate().any(|(new_at, (new_end, new_zone))| {
            // The original direction is looked up first, and found under either zone.
            new_end == held_end && zones[at] == *held_zone && (new_at == 0 || new_zone == held_zone)
        })
    })
}

/// Looks flows up one by one: each is the one that is meant, or none.
fn look_up(ground: &Ground, dice: &mut Dice, before: Vec<Record>) -> Vec<Record> {
    for record in dice.some(&before, 1, 5) {
        let mut tuple = tuple(&record.orig);
        tuple.zone = record.orig.zone;
        let key = FlowKey { tuple, reply_zone: record.reply.zone, zone: record.zone, id: None };
        let found = ground.live().get(&key).unwrap().unwrap_or_else(|| panic!("lost: {record}"));
        let same = found.id == Some(record.id)
            && found.mark == record.mark
            && found.status.map(|status| status.0) == Some(record.status)
            && found.labels.unwrap_or_default().0 == record.labels
            && found.helper.map(|name| name.as_str().to_owned()) == record.helper;
        assert!(same, "looked up {record}\nfound {found:?}");
    }
    before
}

/// What names a flow.
pub(super) fn key(record: &Record) -> (End, End, Option<u16>) {
    (record.orig, record.reply, record.zone)
}

/// What is not as it should be, a line each.
fn differences(before: &[Record], expected: &[Record], after: &[Record]) -> Vec<String> {
    let there: HashMap<_, _> = after.iter().map(|record| (key(record), record)).collect();
    let mut faults = Vec::new();
    if there.len() != after.len() {
        faults.push(format!("the kernel lists {} of {} flows twice", after.len(), there.len()));
    }
    for record in expected {
        let was = || before.iter().find(|old| key(old) == key(record));
        match there.get(&key(record)) {
            Some(found) if found.is_later(record) => (),
            Some(found) => faults.push(format!(
                "was:     {}\nis:      {found}\nnot:     {record}{}",
                was().map(ToString::to_string).unwrap_or_default(),
                neighbours(record, before)
            )),
            None => faults.push(format!("missing: {record}")),
        }
    }
    let wanted: HashSet<_> = expected.iter().map(key).collect();
    let extra = after.iter().filter(|record| !wanted.contains(&key(record)));
    faults.extend(extra.map(|r| format!("left:    {r}{}", neighbours(r, before))));
    faults
}

/// Fails unless conntrack(8) sees the flows that our own reader sees.
pub(super) fn second_opinion(wire: &mut Wire) {
    let told = conntrack("-L -o extended,id").ok();
    let number = |line: &str, name: &str| -> u32 {
        let rest = line.rsplit_once(name).unwrap().1;
        rest.split(' ').next().unwrap().parse().unwrap()
    };
    let mut theirs: Vec<_> =
        told.lines().map(|line| (number(line, " id="), number(line, " mark="))).collect();
    let mut ours: Vec<_> =
        wire.dump().iter().map(|record| (record.id, record.mark.unwrap_or(0))).collect();
    theirs.sort_unstable();
    ours.sort_unstable();
    assert_eq!(ours, theirs, "conntrack lists other flows");
}
