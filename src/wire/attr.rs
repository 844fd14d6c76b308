//! Netlink attributes: a walker that borrows and a writer that appends.
//!
//! The walker is the hot path of every dump: it allocates nothing and checks every length. What an
//! attribute means is not decided here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::DecodeError;
use super::consts::{AttrName, Nest};

/// Bytes of an attribute's header (`struct nlattr`).
const HEADER: usize = 4;
/// `NLA_F_NESTED`: the payload is attributes.
pub const NLA_F_NESTED: u16 = 0x8000;
/// `NLA_TYPE_MASK`: the kind without its flags.
const NLA_TYPE_MASK: u16 = 0x3fff;

/// `NLA_ALIGN`: where the next attribute begins after one of `len` bytes.
fn aligned(len: usize) -> usize {
    (len + 3) & !3
}

/// One attribute, borrowed from the message.
#[derive(Debug, Clone, Copy)]
pub struct Attr<'a> {
    /// Its number, without the flags.
    pub kind: u16,
    /// Its payload, without padding.
    pub value: &'a [u8],
    /// What it stands in, for its name in an error.
    nest: &'static Nest,
}

/// Walks the attributes in `bytes`, which `nest` can name.
#[must_use]
#[inline]
pub fn attrs<'a>(nest: &'static Nest, bytes: &'a [u8]) -> Attrs<'a> {
    Attrs { nest, rest: bytes }
}

/// Iterator made by [`attrs`]. After an error it ends.
#[derive(Debug, Clone)]
pub struct Attrs<'a> {
    nest: &'static Nest,
    rest: &'a [u8],
}

impl<'a> Iterator for Attrs<'a> {
    type Item = Result<Attr<'a>, DecodeError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let ([len, kind, ..], _) = self.rest.as_chunks::<2>() else {
            return if self.rest.is_empty() { None } else { self.tail().map(Err) };
        };
        let len = usize::from(u16::from_ne_bytes(*len));
        let kind = u16::from_ne_bytes(*kind) & NLA_TYPE_MASK;
        let Some(value) = self.rest.get(HEADER..len) else {
            return Some(Err(self.lying(kind, len)));
        };
        self.rest = self.rest.get(aligned(len)..).unwrap_or_default();
        Some(Ok(Attr { kind, value, nest: self.nest }))
    }
}

impl Attrs<'_> {
    /// Fewer bytes than a header are left: padding of the last attribute, or an error.
    #[cold]
    fn tail(&mut self) -> Option<DecodeError> {
        let rest = std::mem::take(&mut self.rest);
        let padding = rest.iter().all(|&byte| byte == 0);
        (!padding).then_some(DecodeError::Header { nest: self.nest.name(), left: rest.len() })
    }

    /// The length points out of the container, or into the header.
    #[cold]
    fn lying(&mut self, kind: u16, says: usize) -> DecodeError {
        let left = std::mem::take(&mut self.rest).len();
        DecodeError::Length { attr: self.nest.attr(kind), says, left }
    }
}

impl<'a> Attr<'a> {
    /// Its name, for an error.
    #[must_use]
    pub fn name(&self) -> AttrName {
        self.nest.attr(self.kind)
    }

    /// The attributes in its value, which `nest` can name.
    #[must_use]
    #[inline]
    pub fn attrs(&self, nest: &'static Nest) -> Attrs<'a> {
        attrs(nest, self.value)
    }

    /// The first `N` bytes of the value.
    ///
    /// # Errors
    /// `Short` if it has fewer; likewise for the other readers.
    #[inline]
    pub fn array<const N: usize>(&self) -> Result<[u8; N], DecodeError> {
        match self.value.first_chunk::<N>() {
            Some(bytes) => Ok(*bytes),
            None => Err(self.short(N)),
        }
    }

    #[cold]
    fn short(&self, need: usize) -> DecodeError {
        DecodeError::Short { attr: self.name(), need, found: self.value.len() }
    }

    /// A byte.
    ///
    /// # Errors
    /// `Short` if the value is empty.
    #[inline]
    pub fn u8(&self) -> Result<u8, DecodeError> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// A big-endian 16-bit number.
    ///
    /// # Errors
    /// `Short` if the value has fewer than 2 bytes.
    #[inline]
    pub fn be_u16(&self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_be_bytes)
    }

    /// A big-endian 32-bit number.
    ///
    /// # Errors
    /// `Short` if the value has fewer than 4 bytes.
    #[inline]
    pub fn be_u32(&self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_be_bytes)
    }

    /// A big-endian 64-bit number.
    ///
    /// # Errors
    /// `Short` if the value has fewer than 8 bytes.
    #[inline]
    pub fn be_u64(&self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_be_bytes)
    }

    /// A 32-bit number in host order.
    ///
    /// # Errors
    /// `Short` if the value has fewer than 4 bytes.
    #[inline]
    pub fn ne_u32(&self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_ne_bytes)
    }

    /// An IPv4 address.
    ///
    /// # Errors
    /// `Short` if the value has fewer than 4 bytes.
    #[inline]
    pub fn ipv4(&self) -> Result<IpAddr, DecodeError> {
        self.array::<4>().map(|octets| IpAddr::V4(Ipv4Addr::from(octets)))
    }

    /// An IPv6 address.
    ///
    /// # Errors
    /// `Short` if the value has fewer than 16 bytes.
    #[inline]
    pub fn ipv6(&self) -> Result<IpAddr, DecodeError> {
        self.array::<16>().map(|octets| IpAddr::V6(Ipv6Addr::from(octets)))
    }

    /// The bytes before the first NUL (all of them if there is none).
    #[must_use]
    pub fn text(&self) -> &'a [u8] {
        self.value.split(|&byte| byte == 0).next().unwrap_or_default()
    }
}

/// Appends attributes to a message under construction.
///
/// The caller owns the bytes; a nest is closed when the closure that fills it returns.
#[derive(Debug, Default)]
pub struct AttrWriter {
    bytes: Vec<u8>,
}

impl AttrWriter {
    /// An empty writer that can take `capacity` bytes before it grows.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity) }
    }

    /// What was written.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What was written, by value.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Bytes written so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// True before the first write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Forgets what was written, keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Raw bytes, for headers.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Overwrites four bytes at `at` with `value` in host order (a length, once it is known).
    pub fn patch_u32(&mut self, at: usize, value: u32) {
        if let Some(slot) = self.bytes.get_mut(at..at + 4) {
            slot.copy_from_slice(&value.to_ne_bytes());
        }
    }

    /// Sets the bits of `value` in the 16 bits at `at`, in host order (a flag, once it is known).
    pub fn or_u16(&mut self, at: usize, value: u16) {
        if let Some([low, high]) = self.bytes.get_mut(at..at + 2) {
            [*low, *high] = (u16::from_ne_bytes([*low, *high]) | value).to_ne_bytes();
        }
    }

    /// An attribute with these bytes as its value, padded to four.
    pub fn bytes(&mut self, kind: u16, value: &[u8]) {
        self.attr(kind, |out| out.raw(value));
    }

    /// A byte.
    pub fn u8(&mut self, kind: u16, value: u8) {
        self.bytes(kind, &[value]);
    }

    /// A big-endian 16-bit number.
    pub fn be_u16(&mut self, kind: u16, value: u16) {
        self.bytes(kind, &value.to_be_bytes());
    }

    /// A big-endian 32-bit number.
    pub fn be_u32(&mut self, kind: u16, value: u32) {
        self.bytes(kind, &value.to_be_bytes());
    }

    /// A big-endian 64-bit number.
    pub fn be_u64(&mut self, kind: u16, value: u64) {
        self.bytes(kind, &value.to_be_bytes());
    }

    /// A NUL-terminated string.
    pub fn text(&mut self, kind: u16, value: &[u8]) {
        self.attr(kind, |out| {
            out.raw(value);
            out.raw(&[0]);
        });
    }

    /// An address, under the kind of its family.
    pub fn addr(&mut self, v4: u16, v6: u16, addr: &IpAddr) {
        match addr {
            IpAddr::V4(addr) => self.bytes(v4, &addr.octets()),
            IpAddr::V6(addr) => self.bytes(v6, &addr.octets()),
        }
    }

    /// A nest, with `NLA_F_NESTED`, filled by `fill`.
    pub fn nest(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) {
        self.attr(kind | NLA_F_NESTED, fill);
    }

    /// A header, what `fill` appends, and padding; the length is written last.
    fn attr(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0, 0]);
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        fill(self);
        // Longer than an attribute can be: nothing flowsh writes comes near 64 KiB.
        let len = u16::try_from(self.bytes.len() - start).unwrap_or(u16::MAX);
        if let Some(slot) = self.bytes.get_mut(start..start + 2) {
            slot.copy_from_slice(&len.to_ne_bytes());
        }
        self.bytes.resize(aligned(self.bytes.len()), 0);
    }
}
