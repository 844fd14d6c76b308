//! Marks: values under a mask.

use std::fmt;
use std::str::FromStr;

/// A value under a mask: `0x100/0xff00`.
///
/// As a test: `mark & mask == value`. As a change: the bits of `mask` become those of `value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Masked {
    /// The bits.
    pub value: u32,
    /// Which bits count.
    pub mask: u32,
}

impl Masked {
    /// All bits count.
    #[must_use]
    pub fn exact(value: u32) -> Self {
        Self { value, mask: u32::MAX }
    }

    /// True if the bits of `mark` under the mask are the value.
    #[must_use]
    #[inline]
    pub fn matches(self, mark: u32) -> bool {
        mark & self.mask == self.value
    }

    /// What a change makes of `mark`.
    #[must_use]
    pub fn apply(self, mark: u32) -> u32 {
        (mark & !self.mask) | (self.value & self.mask)
    }
}

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mask {
            u32::MAX => write!(f, "{:#x}", self.value),
            mask => write!(f, "{:#x}/{mask:#x}", self.value),
        }
    }
}

/// Reads `V` or `V/M`, decimal or `0x` hexadecimal; a value with bits outside of its mask can never
/// match and is refused.
impl FromStr for Masked {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |part: &str| {
            let read = match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => part.parse(),
            };
            read.map_err(|_| format!("`{part}` is not a number from 0 to 0xffffffff"))
        };
        let Some((value, mask)) = text.split_once('/') else {
            return number(text).map(Self::exact);
        };
        let masked = Self { value: number(value)?, mask: number(mask)? };
        if masked.value & !masked.mask == 0 {
            Ok(masked)
        } else {
            Err(format!("`{text}` has bits in the value that are outside of the mask"))
        }
    }
}
