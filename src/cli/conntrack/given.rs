//! Which options are given, as bits, and whether a command takes them: a command line is one of many
//! where a file is loaded. Which options there are is in `options.rs` and `proto.rs`.

use std::marker::PhantomData;

use super::message::Fault;
use super::options::Opt;

/// What is given or is not: its number is that of its bit.
pub(super) trait Bit: Copy {
    /// The number, below 32.
    fn bit(self) -> u8;
}

/// The options that are given, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Given<T = Opt>(u32, PhantomData<T>);

impl<T> Default for Given<T> {
    fn default() -> Self {
        Self(0, PhantomData)
    }
}

impl<T: Bit> Given<T> {
    /// Adds `option`.
    pub(super) fn insert(&mut self, option: T) {
        self.0 |= 1 << option.bit();
    }

    /// Adds `option`, or takes it away.
    pub(super) fn set(&mut self, option: T, given: bool) {
        self.0 = self.0 & !(1 << option.bit()) | u32::from(given) << option.bit();
    }

    /// True if `option` is given.
    pub(super) fn has(self, option: T) -> bool {
        self.0 & 1 << option.bit() != 0
    }

    /// True if one of `options` is given.
    pub(super) fn any(self, options: &[T]) -> bool {
        options.iter().any(|option| self.has(*option))
    }
}

/// What a command says to all options at once, as bits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Says<T = Opt> {
    compulsory: Given<T>,
    illegal: Given<T>,
    /// One of two pairs must be whole.
    pub(super) pairs: bool,
}

impl<T: Bit> Says<T> {
    /// What `say` says to each option.
    pub(super) fn new(rows: impl Iterator<Item = (T, u8)>) -> Self {
        let (mut compulsory, mut illegal, mut pairs) = (Given::default(), Given::default(), false);
        for (option, say) in rows {
            match say {
                b'1' => compulsory.insert(option),
                b'.' => illegal.insert(option),
                b'3' => pairs = true,
                _ => (),
            }
        }
        Self { compulsory, illegal, pairs }
    }

    /// Whether the options that are given are those that it takes; `each` has the same rows in the
    /// order in which conntrack looks, with the names for messages.
    pub(super) fn check(
        &self,
        given: Given<T>,
        each: impl Iterator<Item = (T, &'static str)>,
    ) -> Result<(), Fault> {
        let missing = self.compulsory.0 & !given.0;
        let illegal = self.illegal.0 & given.0;
        if missing | illegal == 0 {
            return Ok(());
        }
        for (option, name) in each {
            let bit = 1 << option.bit();
            if missing & bit != 0 {
                let text = format!("You need to supply the `--{name}' option for this command");
                return Err(Fault::usage(text));
            }
            if illegal & bit != 0 {
                return Err(Fault::usage(format!("Illegal option `--{name}' with this command")));
            }
        }
        Ok(())
    }
}

/// Whether one of two pairs is whole; `names` are those of the pairs.
pub(super) fn paired(
    orig: [bool; 2],
    reply: [bool; 2],
    names: [&'static str; 2],
) -> Result<(), Fault> {
    let [orig_names, reply_names] = names;
    let missing = match (orig, reply) {
        ([true, true], _) | (_, [true, true]) => return Ok(()),
        ([false, false], reply) if reply != [false, false] => reply_names,
        _ => orig_names,
    };
    Err(Fault::usage(format!("you have to specify {missing}")))
}
