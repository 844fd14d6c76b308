//! `pad` and `blob`: making something as long as a number says, with a bound. Rhai's own know one only
//! if the engine limits all sizes, and then a whole array is measured anew at every push.

use rhai::plugin::*;
use rhai::{Array, Blob, Dynamic, INT, ImmutableString};

use crate::script::fault::{Fallible, Fault};

/// Items, characters or bytes.
const MOST: usize = 1 << 20;

pub(super) fn module() -> Module {
    exported_module!(pad_api)
}

#[export_module]
mod pad_api {
    /// Fills text up on the right to `len` characters, no more than 1,048,576.
    ///
    /// # Example
    /// ```rhai
    /// let name = "tcp"; name.pad(8, '.'); print(name);
    /// ```
    #[rhai_fn(name = "pad", return_raw)]
    pub fn pad_char(text: &mut ImmutableString, len: INT, with: char) -> Fallible<()> {
        let missing = missing(len, text.chars().count())?;
        if missing > 0 {
            text.make_mut().extend(std::iter::repeat_n(with, missing));
        }
        Ok(())
    }

    /// Fills text up with other text, which is cut where it ends.
    #[rhai_fn(name = "pad", return_raw)]
    pub fn pad_text(text: &mut ImmutableString, len: INT, with: &str) -> Fallible<()> {
        let missing = missing(len, text.chars().count())?;
        if missing > 0 {
            text.make_mut().extend(with.chars().cycle().take(missing));
        }
        Ok(())
    }

    /// Fills an array up to `len` items, no more than 1,048,576.
    ///
    /// # Example
    /// ```rhai
    /// let counts = []; counts.pad(24, 0); print(counts.len());
    /// ```
    #[rhai_fn(name = "pad", return_raw)]
    pub fn pad_array(array: &mut Array, len: INT, with: Dynamic) -> Fallible<()> {
        let missing = missing(len, array.len())?;
        array.extend(std::iter::repeat_n(with, missing));
        Ok(())
    }

    /// Fills bytes up to `len`, no more than 1,048,576.
    #[rhai_fn(name = "pad", return_raw)]
    pub fn pad_blob(bytes: &mut Blob, len: INT, with: INT) -> Fallible<()> {
        let missing = missing(len, bytes.len())?;
        bytes.resize(bytes.len() + missing, with.to_le_bytes()[0]);
        Ok(())
    }

    /// As many bytes of 0, no more than 1,048,576.
    #[rhai_fn(return_raw)]
    pub fn blob(len: INT) -> Fallible<Blob> {
        Ok(vec![0; missing(len, 0)?])
    }

    /// As many bytes of one value.
    #[rhai_fn(name = "blob", return_raw)]
    pub fn blob_of(len: INT, value: INT) -> Fallible<Blob> {
        Ok(vec![value.to_le_bytes()[0]; missing(len, 0)?])
    }
}

/// How many are missing from `present` to `len`.
fn missing(len: INT, present: usize) -> Fallible<usize> {
    let len = usize::try_from(len).unwrap_or(0);
    if len > MOST.max(present) {
        return Fault::new(format!("the most that is made at once is {MOST}, not {len}")).throw();
    }
    Ok(len.saturating_sub(present))
}
