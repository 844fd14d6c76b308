//! Packed bytes: numbers of few bytes, and parts that may be absent. What they are for is not known
//! here.

/// Parts that may be absent: 16 bits that say which are there, then those.
pub(super) struct PartsOut<'a> {
    out: &'a mut Vec<u8>,
    mask_at: usize,
    bit: u16,
    mask: u16,
}

impl<'a> PartsOut<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        let mask_at = out.len();
        out.extend([0, 0]);
        Self { out, mask_at, bit: 1, mask: 0 }
    }

    pub(super) fn put<T>(&mut self, part: Option<T>, write: impl FnOnce(&mut Vec<u8>, T)) {
        if let Some(part) = part {
            self.mask |= self.bit;
            write(self.out, part);
        }
        self.bit <<= 1;
    }

    pub(super) fn finish(self) {
        if let Some(mask) = self.out.get_mut(self.mask_at..self.mask_at + 2) {
            mask.copy_from_slice(&self.mask.to_le_bytes());
        }
    }
}

/// What [`PartsOut`] wrote, asked for in the same order.
pub(super) struct PartsIn<'b, 'a> {
    bytes: &'b mut Bytes<'a>,
    mask: u16,
}

impl<'b, 'a> PartsIn<'b, 'a> {
    pub(super) fn new(bytes: &'b mut Bytes<'a>) -> Option<Self> {
        let mask = bytes.u16()?;
        Some(Self { bytes, mask })
    }

    /// `Some(None)` if the part is absent, `None` if the bytes are at fault.
    #[expect(clippy::option_option, reason = "absent and broken are two things")]
    pub(super) fn take<T>(
        &mut self,
        read: impl FnOnce(&mut Bytes<'a>) -> Option<T>,
    ) -> Option<Option<T>> {
        let there = self.mask & 1 != 0;
        self.mask >>= 1;
        if there { read(self.bytes).map(Some) } else { Some(None) }
    }
}

pub(super) fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            return out.push(low & 0x7f);
        }
        out.push(low | 0x80);
    }
}

/// A length and the bytes.
pub(in crate::table) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    out.extend(bytes);
}

/// Packed bytes, read from the front. Every method is `None` if they end too early.
pub(in crate::table) struct Bytes<'a>(pub(in crate::table) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn varint_u32(&mut self) -> Option<u32> {
        u32::try_from(self.varint()?).ok()
    }

    /// What [`put_bytes`] wrote.
    pub(in crate::table) fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.varint()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(bytes)
    }
}
