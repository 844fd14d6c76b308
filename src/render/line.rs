//! One line of output in the making. It is filled piece by piece, sent in one write, and used again:
//! no allocation per row. Not here: what the pieces are.

use std::fmt::Display;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};

/// A growing line.
#[derive(Debug, Default)]
pub(super) struct Line(Vec<u8>);

impl Line {
    pub(super) fn text(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    pub(super) fn number(&mut self, number: impl itoa::Integer) {
        self.text(itoa::Buffer::new().format(number));
    }

    /// Anything else that has a text, by way of the slower `fmt`.
    pub(super) fn show(&mut self, shown: impl Display) {
        // Writing to memory does not fail.
        let _ = write!(self.0, "{shown}");
    }

    /// An address as `inet_ntop()` of glibc prints it.
    pub(super) fn addr(&mut self, addr: &IpAddr) {
        match addr {
            IpAddr::V4(v4) => self.v4(*v4),
            // Rust prints `::102:304` for what C prints as `::1.2.3.4`, an IPv4-compatible address.
            IpAddr::V6(v6) => match u32::try_from(v6.to_bits()) {
                Ok(low) if low > 0xffff => {
                    self.text("::");
                    self.v4(Ipv4Addr::from_bits(low));
                }
                _ => self.show(v6),
            },
        }
    }

    /// `fmt` takes five times as long for this, and a conntrack line has four of them.
    fn v4(&mut self, addr: Ipv4Addr) {
        let [a, b, c, d] = addr.octets();
        for byte in [a, b, c] {
            self.number(byte);
            self.0.push(b'.');
        }
        self.number(d);
    }

    /// Text from outside, such that it stays one line and no terminal obeys it: control characters
    /// and those that turn the direction of writing appear as `\n` or `\u{1b}`.
    pub(super) fn tame(&mut self, text: &str) {
        let wild = |c: char| {
            c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        let mut rest = text;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| wild(*c)) {
            let (before, after) = rest.split_at(at);
            self.text(before);
            self.show(c.escape_default());
            rest = after.strip_prefix(c).unwrap_or_default();
        }
        self.text(rest);
    }

    pub(super) fn as_str(&self) -> &str {
        // Only text was put in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes back what came after the first `len` bytes.
    pub(super) fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    /// Takes back the last byte if it is `last`.
    pub(super) fn trim(&mut self, last: u8) {
        self.0.pop_if(|byte| *byte == last);
    }

    /// Writes the line and its end to `out`, and begins the next.
    pub(super) fn send(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.0.push(b'\n');
        self.send_open(out)
    }

    /// The same without an end.
    pub(super) fn send_open(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let sent = out.write_all(&self.0);
        self.0.clear();
        sent
    }
}

/// For encoders that write bytes: whatever they write must be text.
impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Line;

    fn addr(text: &str) -> String {
        let mut line = Line::default();
        line.addr(&text.parse().unwrap());
        line.as_str().to_owned()
    }

    #[test]
    fn addresses_print_as_glibc_prints_them() {
        for same in ["10.200.0.1", "255.255.255.255", "0.0.0.0", "::", "::1", "fe80::1"] {
            assert_eq!(addr(same), same);
        }
        for same in ["::ffff:1.2.3.4", "::1.2.3.4", "2001:db8::1:0:0:1", "64:ff9b::102:304"] {
            assert_eq!(addr(same), same);
        }
        assert_eq!(addr("::1:2"), "::0.1.0.2");
    }

    #[test]
    fn tame_text_neither_breaks_the_line_nor_commands_a_terminal() {
        let mut line = Line::default();
        line.tame("a\nb\u{1b}[31m\u{202e}é\u{9b}2J\u{7f}");
        assert_eq!(line.as_str(), r"a\nb\u{1b}[31m\u{202e}é\u{9b}2J\u{7f}");
    }
}
