//! A filter: one tree of comparisons, whatever it was written in. Reading text is the table's task,
//! calling a script the workshop's.
//!
//! - here: the tree, joining trees, judging a flow
//! - [`Test`]: one comparison
//! - `text`: the tree as text

mod test;
mod text;

use std::convert::Infallible;

use super::Flow;

pub use test::{Cmp, NatKind, Place, PortRange, Test};

/// The leaf of a filter that asks no script.
pub type Never = Infallible;

/// A tree of tests. `A` is what a script call is; [`Never`] where there can be none.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter<A = Never> {
    /// Every flow.
    All,
    /// A comparison that native code makes.
    Test(Test),
    /// A question that only a script can answer.
    Ask(A),
    /// What the filter inside does not take.
    Not(Box<Filter<A>>),
    /// What all take, asked in this order until one does not.
    And(Vec<Filter<A>>),
    /// What any takes, asked in this order until one does.
    Or(Vec<Filter<A>>),
}

/// What a script is asked, as a filter that is about to be used.
pub trait Question: Clone {
    /// The same question with the values that its variables have at present: tests where native
    /// code can make them, and what is left to ask.
    fn now(&self) -> Filter<Self>;

    /// True if it has no variables: now is for ever.
    fn is_fixed(&self) -> bool;

    /// True if what it answers may depend on what it was asked before.
    fn remembers(&self) -> bool;
}

impl<A: Question> Filter<A> {
    /// The filter as it is now, every question turned into tests as far as possible.
    #[must_use]
    pub fn now(&self) -> Self {
        self.refined(&A::now)
    }

    /// The filter as it is at any time: questions with variables are left to be asked.
    #[must_use]
    pub fn always(&self) -> Self {
        self.refined(&|question| {
            if question.is_fixed() { question.now() } else { Self::Ask(question.clone()) }
        })
    }

    /// The filter for flows that it took before: what remembers is not asked of them again.
    #[must_use]
    pub fn again(&self) -> Self {
        if self.remembers() { self.native().widen() } else { self.clone() }
    }

    fn remembers(&self) -> bool {
        match self {
            Self::Ask(question) => question.remembers(),
            Self::All | Self::Test(_) => false,
            Self::Not(inner) => inner.remembers(),
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::remembers),
        }
    }

    fn refined(&self, refine: &dyn Fn(&A) -> Self) -> Self {
        match self {
            Self::All => Self::All,
            Self::Test(test) => Self::Test(test.clone()),
            Self::Ask(question) => refine(question),
            Self::Not(inner) => inner.refined(refine).negate(),
            Self::And(parts) => {
                parts.iter().map(|part| part.refined(refine)).fold(Self::All, Self::and)
            }
            Self::Or(parts) => Self::Or(parts.iter().map(|part| part.refined(refine)).collect()),
        }
    }
}

impl Question for Never {
    fn now(&self) -> Filter<Self> {
        match *self {}
    }

    fn is_fixed(&self) -> bool {
        match *self {}
    }

    fn remembers(&self) -> bool {
        match *self {}
    }
}

impl<A> Filter<A> {
    /// True if it takes every flow without looking.
    #[must_use]
    pub fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }

    /// What both take, `self` asked first.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, filter) | (filter, Self::All) => filter,
            (Self::And(mut parts), Self::And(more)) => {
                parts.extend(more);
                Self::And(parts)
            }
            (Self::And(mut parts), filter) => {
                parts.push(filter);
                Self::And(parts)
            }
            (filter, Self::And(mut parts)) => {
                parts.insert(0, filter);
                Self::And(parts)
            }
            (a, b) => Self::And(vec![a, b]),
        }
    }

    /// What either takes, `self` asked first.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Or(mut parts), Self::Or(more)) => {
                parts.extend(more);
                Self::Or(parts)
            }
            (Self::Or(mut parts), filter) => {
                parts.push(filter);
                Self::Or(parts)
            }
            (filter, Self::Or(mut parts)) => {
                parts.insert(0, filter);
                Self::Or(parts)
            }
            (a, b) => Self::Or(vec![a, b]),
        }
    }

    /// What it does not take.
    #[must_use]
    pub fn negate(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            filter => Self::Not(Box::new(filter)),
        }
    }

    /// Asks whether it takes `flow`; `ask` answers for the leaves that only a script can.
    ///
    /// # Errors
    ///
    /// The first error of `ask`; what comes after it is not asked.
    #[inline]
    pub fn judge<E>(
        &self,
        flow: &Flow,
        now_ns: u64,
        ask: &mut dyn FnMut(&A, &Flow) -> Result<bool, E>,
    ) -> Result<bool, E> {
        match self {
            Self::All => Ok(true),
            Self::Test(test) => Ok(test.takes(flow, now_ns)),
            Self::Ask(question) => ask(question, flow),
            Self::Not(inner) => inner.judge(flow, now_ns, ask).map(|taken| !taken),
            Self::And(parts) => {
                for part in parts {
                    if !part.judge(flow, now_ns, ask)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Or(parts) => {
                for part in parts {
                    if part.judge(flow, now_ns, ask)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }

    /// True if some leaf asks a script.
    #[must_use]
    pub fn asks(&self) -> bool {
        match self {
            Self::Ask(_) => true,
            Self::All | Self::Test(_) => false,
            Self::Not(inner) => inner.asks(),
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::asks),
        }
    }

    /// Shows every leaf to `see`.
    pub fn each_leaf(&self, see: &mut dyn FnMut(&Self)) {
        match self {
            Self::All | Self::Ask(_) | Self::Test(_) => see(self),
            Self::Not(inner) => inner.each_leaf(see),
            Self::And(parts) | Self::Or(parts) => {
                for part in parts {
                    part.each_leaf(see);
                }
            }
        }
    }

    /// The part that asks no script: it takes at least what the whole takes.
    #[must_use]
    pub fn native(&self) -> Filter {
        match self {
            Self::All | Self::Ask(_) => Filter::All,
            Self::Test(test) => Filter::Test(test.clone()),
            // The opposite of "at least" is "at most": nothing can be said of it.
            Self::Not(inner) if inner.asks() => Filter::All,
            Self::Not(inner) => Filter::Not(Box::new(inner.native())),
            Self::And(parts) => parts.iter().map(Self::native).fold(Filter::All, Filter::and),
            Self::Or(parts) => {
                let parts: Vec<Filter> = parts.iter().map(Self::native).collect();
                if parts.iter().any(Filter::is_all) { Filter::All } else { Filter::Or(parts) }
            }
        }
    }
}

impl Filter {
    /// True if it takes `flow` at the time `now_ns`.
    #[must_use]
    #[inline]
    pub fn takes(&self, flow: &Flow, now_ns: u64) -> bool {
        match self {
            Self::All => true,
            Self::Test(test) => test.takes(flow, now_ns),
            Self::Ask(never) => match *never {},
            Self::Not(inner) => !inner.takes(flow, now_ns),
            Self::And(parts) => parts.iter().all(|part| part.takes(flow, now_ns)),
            Self::Or(parts) => parts.iter().any(|part| part.takes(flow, now_ns)),
        }
    }

    /// The same filter where script calls are possible.
    #[must_use]
    pub fn widen<A>(&self) -> Filter<A> {
        match self {
            Self::All => Filter::All,
            Self::Test(test) => Filter::Test(test.clone()),
            Self::Ask(never) => match *never {},
            Self::Not(inner) => Filter::Not(Box::new(inner.widen())),
            Self::And(parts) => Filter::And(parts.iter().map(Self::widen).collect()),
            Self::Or(parts) => Filter::Or(parts.iter().map(Self::widen).collect()),
        }
    }
}
