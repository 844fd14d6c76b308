//! Words into options, as `getopt_long(3)` of the C library does it: options and other words in any
//! order, short ones together, long ones shortened, until `--`. What the options mean is not here.

use smallvec::SmallVec;

/// The words of a line, in place: no saved line has more, and a file has many.
pub(super) type Split<'a> = SmallVec<[&'a str; 32]>;

/// Whether an option takes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// No.
    Nothing,
    /// Yes: what follows in the word, or the next word.
    Value,
    /// Only what follows in the same word.
    Rest,
}

/// An option as `getopt_long(3)` knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<K> {
    /// Its letter, if it has one.
    pub(super) short: Option<char>,
    /// Its long name.
    pub(super) long: &'static str,
    /// Whether it takes a value.
    pub(super) takes: Takes,
    /// What it is.
    pub(super) key: K,
}

/// Options, those that have a letter at hand by it.
#[derive(Debug)]
pub(super) struct List<K> {
    all: Vec<Known<K>>,
    letters: [Option<Known<K>>; 128],
}

impl<K: Copy> List<K> {
    /// These options; where a letter stands twice, the first is meant.
    pub(super) fn new(all: Vec<Known<K>>) -> Self {
        let mut letters = [None; 128];
        for option in &all {
            let slot = option.short.and_then(|letter| letters.get_mut(index(letter)));
            if let Some(slot) = slot {
                slot.get_or_insert(*option);
            }
        }
        Self { all, letters }
    }

    /// Every option, in the order of the list.
    #[cfg(test)]
    pub(super) fn all(&self) -> &[Known<K>] {
        &self.all
    }

    fn letter(&self, letter: char) -> Option<Known<K>> {
        *self.letters.get(index(letter))?
    }
}

fn index(letter: char) -> usize {
    usize::try_from(u32::from(letter)).unwrap_or(usize::MAX)
}

/// What is next on the command line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<'a, K> {
    /// An option.
    Option(K, Option<&'a str>),
    /// An option without the value that it needs, by the word that conntrack blames for it.
    Missing(&'a str),
    /// No option that is known, likewise.
    Unknown(&'a str),
}

/// A command line being read; word 0 is the program's name.
///
/// Words that are no options are moved behind the options as they are passed, which shows: a command
/// that looks for its table at the next word finds there what was not moved yet.
#[derive(Debug)]
pub(super) struct Words<'w, 'a> {
    all: &'w mut [&'a str],
    /// The next word.
    at: usize,
    /// The words that were passed and are to be moved.
    passed: std::ops::Range<usize>,
    /// What is left of a word of short options.
    cluster: &'a str,
}

impl<'w, 'a> Words<'w, 'a> {
    pub(super) fn new(words: &'w mut [&'a str]) -> Self {
        Self { all: words, at: 1, passed: 1..1, cluster: "" }
    }

    /// The next word, if it is not an option: the argument that may stand apart from its option.
    pub(super) fn optional(&mut self) -> Option<&'a str> {
        let word = *self.all.get(self.at).filter(|word| !word.starts_with(['-', '!']))?;
        self.at += 1;
        Some(word)
    }

    /// At the end: the words that are neither options nor their values.
    pub(super) fn rest(&self) -> &[&'a str] {
        self.all.get(self.passed.start..).unwrap_or_default()
    }

    /// The next option among those `known`; `None` at the end.
    pub(super) fn next<K: Copy + PartialEq>(&mut self, known: &[&List<K>]) -> Option<Next<'a, K>> {
        if self.cluster.is_empty() {
            self.pass();
            let word = *self.all.get(self.at)?;
            if let Some(long) = word.strip_prefix("--") {
                self.at += 1;
                return (!long.is_empty()).then(|| self.long(long, known));
            }
            self.cluster = word.strip_prefix('-')?;
        }
        Some(self.short(known))
    }

    /// Moves the words that were passed behind the options that followed, and passes the next.
    fn pass(&mut self) {
        if !self.passed.is_empty() && self.passed.end != self.at {
            let moved = self.passed.len();
            if let Some(range) = self.all.get_mut(self.passed.start..self.at) {
                range.rotate_left(moved);
            }
            self.passed = self.at - moved..self.at;
        } else if self.passed.is_empty() {
            self.passed = self.at..self.at;
        }
        let option = |word: &str| word.len() > 1 && word.starts_with('-');
        while self.all.get(self.at).is_some_and(|word| !option(word)) {
            self.at += 1;
        }
        self.passed.end = self.at;
    }

    /// The word before the next, which conntrack blames.
    fn blamed(&self) -> &'a str {
        self.at.checked_sub(1).and_then(|at| self.all.get(at)).copied().unwrap_or_default()
    }

    fn long<K: Copy + PartialEq>(&mut self, word: &'a str, known: &[&List<K>]) -> Next<'a, K> {
        // The options of a protocol come last, and are most of what is written out.
        let all = || known.iter().rev().flat_map(|list| list.all.iter());
        let named = |name: &str| all().find(|option| option.long == name);
        let begin = |name: &'a str| all().filter(move |option| option.long.starts_with(name));
        let alike = |a: &Known<K>, b: &Known<K>| a.key == b.key && a.takes == b.takes;
        let (found, value) = match named(word) {
            Some(option) => (Some(option), None),
            None => {
                let (name, value) = match word.split_once('=') {
                    Some((name, value)) => (name, Some(value)),
                    None => (word, None),
                };
                let found = named(name).or_else(|| {
                    let first = begin(name).next()?;
                    begin(name).all(|option| alike(option, first)).then_some(first)
                });
                (found, value)
            }
        };
        match (found, value) {
            (None, _) | (Some(Known { takes: Takes::Nothing, .. }), Some(_)) => {
                Next::Unknown(self.blamed())
            }
            (Some(option), None) if option.takes == Takes::Value => {
                match self.all.get(self.at).copied() {
                    Some(value) => {
                        self.at += 1;
                        Next::Option(option.key, Some(value))
                    }
                    None => Next::Missing(self.blamed()),
                }
            }
            (Some(option), value) => Next::Option(option.key, value),
        }
    }

    fn short<K: Copy>(&mut self, known: &[&List<K>]) -> Next<'a, K> {
        let mut letters = self.cluster.chars();
        let letter = letters.next().unwrap_or_default();
        self.cluster = letters.as_str();
        if self.cluster.is_empty() {
            self.at += 1;
        }
        let Some(option) = known.iter().find_map(|list| list.letter(letter)) else {
            return Next::Unknown(self.blamed());
        };
        if option.takes == Takes::Nothing {
            return Next::Option(option.key, None);
        }
        let rest = std::mem::take(&mut self.cluster);
        if !rest.is_empty() {
            self.at += 1;
            return Next::Option(option.key, Some(rest));
        }
        match (option.takes, self.all.get(self.at).copied()) {
            (Takes::Value, Some(value)) => {
                self.at += 1;
                Next::Option(option.key, Some(value))
            }
            (Takes::Value, None) => Next::Missing(self.blamed()),
            _ => Next::Option(option.key, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Known, List, Next, Split, Takes, Words};

    const KNOWN: [Known<char>; 5] = [
        Known { short: Some('L'), long: "dump", takes: Takes::Nothing, key: 'L' },
        Known { short: Some('s'), long: "src", takes: Takes::Value, key: 's' },
        Known { short: Some('s'), long: "source", takes: Takes::Value, key: 's' },
        Known { short: Some('n'), long: "src-nat", takes: Takes::Rest, key: 'n' },
        Known { short: Some('D'), long: "delete", takes: Takes::Nothing, key: 'D' },
    ];

    #[track_caller]
    fn check(line: &str, read: &str) {
        let mut words: Split<'_> = std::iter::once("ct").chain(line.split(' ')).collect();
        let mut words = Words::new(&mut words);
        let (known, mut shown) = (List::new(KNOWN.to_vec()), Vec::new());
        while let Some(next) = words.next(&[&known]) {
            shown.push(match next {
                Next::Option('L', _) => match words.optional() {
                    Some(table) => format!("L {table}"),
                    None => "L".to_owned(),
                },
                Next::Option(key, None) => key.to_string(),
                Next::Option(key, Some(value)) => format!("{key}={value}"),
                Next::Missing(word) => format!("missing {word}"),
                Next::Unknown(word) => format!("unknown {word}"),
            });
        }
        assert_eq!(shown.join(", "), read, "{line}");
    }

    #[test]
    fn options_and_words_come_in_any_order() {
        check("-L -s 1", "L, s=1");
        check("foo -L expect -s 1", "L expect, s=1");
        check("-s 1 foo -L bar", "s=1, L bar");
        check("-L -- -s 1", "L");
        check("- -L", "L");
    }

    #[test]
    fn short_options_stand_together() {
        check("-Ls1 -D", "L, s=1, D");
        check("-LD x", "L, D");
        check("-n1 -n 1", "n=1, n");
        check("-LX", "L, unknown -LX");
        check("-XL", "unknown ct, L");
        check("-s", "missing -s");
    }

    #[test]
    fn long_options_may_be_shortened() {
        check("--dump --sour=1", "L, s=1");
        check("--du --src 1", "L, s=1");
        check("--so 2", "s=2");
        check("--d", "unknown --d");
        check("--s 1", "unknown --s");
        check("--dump=x", "unknown --dump=x");
        check("--src-nat=1 --src-nat 2", "n=1, n");
        check("--src", "missing --src");
    }
}
