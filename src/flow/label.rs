//! `CTA_LABELS`: 128 bits, with names from `connlabel.conf`. Reading the file is the door's task.

/// The labels of a flow: bit `n` is bit `n % 32` of word `n / 32`, words in host order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Labels(pub [u32; 4]);

impl Labels {
    /// How many labels a flow can have.
    pub const BITS: u8 = 128;

    /// The set with only `bit`; `None` from 128 on.
    #[must_use]
    pub fn bit(bit: u8) -> Option<Self> {
        let mut labels = Self::default();
        *labels.0.get_mut(usize::from(bit / 32))? |= 1 << (bit % 32);
        Some(labels)
    }

    /// Both sets together.
    #[must_use]
    pub fn union(mut self, other: Self) -> Self {
        for (word, more) in self.0.iter_mut().zip(other.0) {
            *word |= more;
        }
        self
    }

    /// True if `bit` is set.
    #[must_use]
    #[inline]
    pub fn has(&self, bit: u8) -> bool {
        self.0.get(usize::from(bit / 32)).is_some_and(|word| word & (1 << (bit % 32)) != 0)
    }

    /// The bits that are set, lowest first.
    pub fn bits(&self) -> impl Iterator<Item = u8> + '_ {
        (0..Self::BITS).filter(|&bit| self.has(bit))
    }
}

/// Names of label bits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LabelMap(Vec<(u8, String)>);

/// The number that a line begins with, and what follows it.
fn numbered(line: &str) -> Option<(u8, &str)> {
    let (digits, radix) = match line.strip_prefix("0x").or_else(|| line.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if line.starts_with('0') => (line, 8),
        None => (line, 10),
    };
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    let (digits, name) = digits.split_at(end);
    Some((u8::from_str_radix(digits, radix).ok()?, name.trim()))
}

impl LabelMap {
    /// Reads the text of a `connlabel.conf`: lines `BIT NAME`, `#` at the begin of a line or after a
    /// blank comments. The number is one of C, `0x10` and `020` being 16.
    ///
    /// A bit or a name that comes again is skipped, and so is a line without a bit below 128, as
    /// iptables and nft do.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut map = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let line = line.split_once(" #").map_or(line, |(line, _)| line);
            let Some((bit, name)) = numbered(line.trim()) else { continue };
            let fresh = map.0.iter().all(|(known, other)| *known != bit && other != name);
            if bit < Labels::BITS && !name.is_empty() && fresh {
                map.0.push((bit, name.to_owned()));
            }
        }
        map.0.sort_unstable_by_key(|(bit, _)| *bit);
        map
    }

    /// The bit called `name`, or the bit whose number `name` is.
    #[must_use]
    pub fn bit(&self, name: &str) -> Option<u8> {
        let named = self.0.iter().find(|(_, known)| known == name).map(|(bit, _)| *bit);
        named.or_else(|| name.parse().ok().filter(|&bit| bit < Labels::BITS))
    }

    /// The name of `bit`, if it has one.
    #[must_use]
    pub fn name(&self, bit: u8) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == bit).map(|(_, name)| name.as_str())
    }

    /// The name of `bit`, or its number.
    #[must_use]
    pub fn show(&self, bit: u8) -> String {
        self.name(bit).map_or_else(|| bit.to_string(), str::to_owned)
    }

    /// Every name, in the order of the bits.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(_, name)| name.as_str())
    }

    /// True if no bit has a name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
