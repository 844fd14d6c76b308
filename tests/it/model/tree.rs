//! A whole filter: comparisons under `and`, `or` and `not`, in every form. One comparison stands in
//! `leaf`.

use flowsh::flow::Filter;

use super::dice::Dice;
use super::engine::Asked;
use super::leaf::Leaf;
use super::record::Record;

/// `IPS_SRC_NAT_DONE` and `IPS_DST_NAT_DONE`: the kernel looked at the NAT of a flow.
const SET_UP: [u32; 2] = [1 << 7, 1 << 8];

/// A filter of the model.
#[derive(Debug, Clone)]
pub(super) enum Tree {
    All,
    Leaf(Leaf),
    Not(Box<Tree>),
    And(Vec<Tree>),
    Or(Vec<Tree>),
}

impl Tree {
    /// Any filter with values of these flows.
    pub(super) fn draw(dice: &mut Dice, records: &[Record], now_s: i64) -> Self {
        // Alone, in a row, or deep: what people write first.
        match dice.below(10) {
            0..3 => Self::Leaf(Leaf::draw(dice, records, now_s)),
            3..5 => Self::row(dice, records, now_s),
            _ => Self::grown(dice, 3, records, now_s),
        }
    }

    fn row(dice: &mut Dice, records: &[Record], now_s: i64) -> Self {
        let count = 2 + dice.below(2);
        Self::And((0..count).map(|_| Self::Leaf(Leaf::draw(dice, records, now_s))).collect())
    }

    fn grown(dice: &mut Dice, depth: usize, records: &[Record], now_s: i64) -> Self {
        let parts = |dice: &mut Dice| {
            let count = dice.one(&[0, 1, 2, 2, 2, 3, 3]);
            (0..count).map(|_| Self::grown(dice, depth - 1, records, now_s)).collect()
        };
        match dice.below(if depth == 0 { 5 } else { 12 }) {
            0 if dice.chance(20) => Self::All,
            0..5 => Self::Leaf(Leaf::draw(dice, records, now_s)),
            5..7 => Self::Not(Box::new(Self::grown(dice, depth - 1, records, now_s))),
            7..10 => Self::And(parts(dice)),
            _ => Self::Or(parts(dice)),
        }
    }

    /// A filter that options of conntrack(8) can say, and those options.
    ///
    /// Without `all`, those that an update does not ask for but sets, or does not know, are left out.
    pub(super) fn flags(
        dice: &mut Dice,
        records: &[Record],
        now_s: i64,
        all: bool,
    ) -> (Self, String) {
        let mut found: Vec<(u8, String, Leaf)> = Vec::new();
        let wanted = 1 + dice.below(3);
        for _ in 0..100 {
            let leaf = Leaf::draw(dice, records, now_s);
            let Some((kind, words)) = leaf.flags() else { continue };
            if found.iter().all(|known| known.0 != kind) && (all || !matches!(kind, 6..=8 | 11)) {
                found.push((kind, words, leaf));
            }
            if found.len() == wanted {
                break;
            }
        }
        let words: Vec<_> = found.iter().map(|(_, words, _)| words.as_str()).collect();
        let words = words.join(" ");
        let mut parts = Vec::new();
        for (_, _, leaf) in found {
            // To conntrack(8) directions that differ are no translation unless NAT was set up.
            if leaf.is_nat() {
                let done = SET_UP.map(|bit| Self::Leaf(Leaf::Status(bit)));
                parts.push(Self::Or(done.to_vec()));
            }
            parts.push(Self::Leaf(leaf));
        }
        (Self::And(parts), words)
    }

    /// True if it takes the flow.
    pub(super) fn takes(&self, record: &Record, now_s: i64) -> bool {
        match self {
            Self::All => true,
            Self::Leaf(leaf) => leaf.takes(record, now_s),
            Self::Not(inner) => !inner.takes(record, now_s),
            Self::And(parts) => parts.iter().all(|part| part.takes(record, now_s)),
            Self::Or(parts) => parts.iter().any(|part| part.takes(record, now_s)),
        }
    }

    /// As text.
    pub(super) fn text(&self, dice: &mut Dice) -> String {
        let mut joined = |parts: &[Self], words: &[&str], none: &str| {
            let mut text = String::new();
            for part in parts {
                if !text.is_empty() {
                    text += dice.one(words);
                }
                let one = part.text(dice);
                // `port` behind `nat` is the port that it is translated to.
                let alone = matches!(part, Self::Leaf(leaf) if !leaf.is_nat());
                let (open, close) = if alone { ("", "") } else { ("(", ")") };
                text = text + open + one.as_str() + close;
            }
            if text.is_empty() { none.to_owned() } else { text }
        };
        match self {
            Self::All => "all".to_owned(),
            Self::Leaf(leaf) => leaf.text(dice),
            Self::Not(inner) => {
                let not = dice.one(&["not ", "!", "NOT "]);
                format!("{not}({})", inner.text(dice))
            }
            Self::And(parts) => joined(parts, &[" and ", " ", " && "], "all"),
            Self::Or(parts) => joined(parts, &[" or ", " || ", "\n or "], "not all"),
        }
    }

    /// As native code has it, joined by hand or by the functions for it.
    pub(super) fn native(&self, dice: &mut Dice) -> Filter {
        self.built(dice, &mut |leaf, dice| Filter::Test(leaf.test(dice)))
    }

    /// The same with some of its comparisons as questions, which whoever judges must answer.
    pub(super) fn asking(&self, dice: &mut Dice) -> Filter<Asked> {
        self.built(dice, &mut |leaf, dice| {
            let test = leaf.test(dice);
            if dice.chance(50) {
                Filter::Ask(Asked { test, fixed: dice.chance(30) })
            } else {
                Filter::Test(test)
            }
        })
    }

    fn built<A>(
        &self,
        dice: &mut Dice,
        leaf: &mut dyn FnMut(&Leaf, &mut Dice) -> Filter<A>,
    ) -> Filter<A> {
        let by_hand = dice.chance(50);
        let mut all = |parts: &[Self], dice: &mut Dice| {
            parts.iter().map(|part| part.built(dice, leaf)).collect::<Vec<_>>()
        };
        match self {
            Self::All => Filter::All,
            Self::Leaf(one) => leaf(one, dice),
            Self::Not(inner) if by_hand => Filter::Not(Box::new(inner.built(dice, leaf))),
            Self::Not(inner) => inner.built(dice, leaf).negate(),
            Self::Or(parts) if by_hand || parts.is_empty() => Filter::Or(all(parts, dice)),
            Self::Or(parts) => all(parts, dice).into_iter().reduce(Filter::or).unwrap(),
            Self::And(parts) if by_hand => Filter::And(all(parts, dice)),
            Self::And(parts) => all(parts, dice).into_iter().fold(Filter::All, Filter::and),
        }
    }

    /// What a closure of `f` answers, if a closure can tell.
    pub(super) fn closure(&self) -> Option<String> {
        let joined = |parts: &[Self], sign: &str, none: &str| {
            let parts: Option<Vec<String>> = parts.iter().map(Self::closure).collect();
            parts.map(|parts| enclosed(&parts, sign, none))
        };
        match self {
            Self::All => Some("true".to_owned()),
            Self::Leaf(leaf) => leaf.closure(),
            Self::Not(inner) => Some(format!("!({})", inner.closure()?)),
            Self::And(parts) => joined(parts, " && ", "true"),
            Self::Or(parts) => joined(parts, " || ", "false"),
        }
    }

    /// As an expression of filters in a script, each written as text, map or closure.
    pub(super) fn value(&self, dice: &mut Dice) -> String {
        let mut joined = |parts: &[Self], sign: &str, none: &str| {
            let parts: Vec<_> = parts.iter().map(|part| part.value(dice)).collect();
            enclosed(&parts, sign, none)
        };
        match self {
            Self::All => "filter(\"all\")".to_owned(),
            Self::Leaf(leaf) => match (dice.below(3), leaf.closure()) {
                (0, Some(closure)) => format!("filter(|f| {closure})"),
                (1, _) => format!("filter({})", leaf.map()),
                _ => format!("filter({:?})", leaf.text(dice)),
            },
            Self::Not(inner) => format!("!({})", inner.value(dice)),
            Self::And(parts) => joined(parts, " & ", "filter(\"all\")"),
            Self::Or(parts) => joined(parts, " | ", "filter(\"not all\")"),
        }
    }
}

/// The parts with a sign between them, in parentheses.
pub(super) fn enclosed(parts: &[String], sign: &str, none: &str) -> String {
    if parts.is_empty() { none.to_owned() } else { format!("({})", parts.join(sign)) }
}
