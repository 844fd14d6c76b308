//! What a closure compares with a value that no flow shows, such as a state in small letters, or a
//! port with a text: the comparison is a sound one that has always the same answer, which the
//! interpreter has no reason to blame.

use super::lower::{proto, state};
use super::{Expr, Op, Place};
use crate::flow::{Family, Field, Network, Proto, StateSet, Status, Unit, Value};

impl Expr {
    /// The values in it that no flow shows, each with its field, as clauses; none if all is well.
    pub(crate) fn doubts(&self) -> Vec<String> {
        let (field, words) = match self {
            Self::Binary(Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge, sides) => {
                match &**sides {
                    [Self::Field(Place::Flow(field)), Self::Const(word)]
                    | [Self::Const(word), Self::Field(Place::Flow(field))] => {
                        (*field, std::slice::from_ref(word))
                    }
                    _ => return Vec::new(),
                }
            }
            Self::In(sides) => match &**sides {
                [Self::Field(Place::Flow(field)), Self::Const(Value::List(words))] => {
                    (*field, words.as_slice())
                }
                [Self::Const(word), Self::Field(Place::Flow(field))] => {
                    (*field, std::slice::from_ref(word))
                }
                _ => return Vec::new(),
            },
            other => return other.steered().flat_map(Self::doubts).collect(),
        };
        let doubts = words.iter().map(|word| match word {
            Value::Text(word) => doubt(field, word),
            Value::Float(number) if field.unit() == Unit::Duration => Some(format!(
                "`{}` is a duration, and compares with whole seconds, not with {number}",
                field.name()
            )),
            Value::Int(number) if field.unit() == Unit::Addr => {
                Some(format!("`{}` is an address, and {number} is none", field.name()))
            }
            _ => None,
        });
        doubts.flatten().collect()
    }
}

/// What is wrong with `word` as a value of `field`.
fn doubt(field: Field, word: &str) -> Option<String> {
    let small = word.to_lowercase();
    // A bit that has no name yet is shown by its number.
    let field = Some(field).filter(|field| *field != Field::Status || !word.starts_with("bit"))?;
    let shown = match field {
        Field::State if state(word).is_none() => {
            StateSet::named(&small).map(|_| word.to_uppercase())
        }
        Field::Proto if proto(word).is_none() => {
            small.parse::<Proto>().ok().map(|proto| proto.to_string())
        }
        Field::Family if !is_family(word) => is_family(&small).then_some(small),
        Field::Status if !Status::known().any(|known| known == word) => {
            Status::named(&small).map(|bit| bit.names().concat())
        }
        _ => return unlike(field, word),
    };
    let instead = shown.map_or_else(String::new, |shown| format!(": it is written `{shown}`"));
    Some(format!("no flow has the {} `{word}`{instead}", field.name()))
}

/// Why a text is never what `field` is.
fn unlike(field: Field, word: &str) -> Option<String> {
    let kind = match field.unit() {
        Unit::Number => "a number",
        Unit::Bytes => "a number of bytes",
        Unit::Duration => "a duration",
        Unit::Time => "a time",
        Unit::Addr if word.parse::<Network>().is_err() => {
            return Some(format!("`{}` is an address, and \"{word}\" is none", field.name()));
        }
        _ => return None,
    };
    Some(format!("`{}` is {kind}, and \"{word}\" a text", field.name()))
}

fn is_family(word: &str) -> bool {
    [Family::Ipv4, Family::Ipv6].iter().any(|family| family.name() == word)
}
