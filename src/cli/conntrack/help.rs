//! `-h` and `-V`: what conntrack takes, in words of our own, and who it is.

use std::io::{self, Write};

use super::line::Line;
use super::message::{Fault, PROGRAM};
use super::proto::ProtoOpt;

const USAGE: &str = "\
Lists, follows and changes what the kernel tracks, in the words of conntrack(8).
Usage: conntrack [commands] [options]

Commands, each with an optional table (conntrack, expect, dying, unconfirmed):
  -L, --dump            show entries
  -G, --get             show one entry
  -D, --delete          delete entries
  -I, --create          make an entry
  -A, --add             make a flow, or change the one there is into it
  -U, --update          change flows
  -E, --event           follow what happens
  -F, --flush           empty a table
  -C, --counter         count the entries
  -S, --stats           show the counters of each CPU
  -R, --load-file FILE  run the -I, -A, -U, -D and -F lines of FILE, or of standard input (-)
  -V, --version         show the version
  -h, --help            show this; with -p also the options of that protocol

Which entries:
  -s, --src, --orig-src ADDR[/LEN]   source before NAT
  -d, --dst, --orig-dst ADDR[/LEN]   destination before NAT
  -r, --reply-src ADDR               source of the answers
  -q, --reply-dst ADDR               destination of the answers
      --mask-src, --mask-dst MASK    which bits of -s and -d count
  -p, --protonum PROTO               protocol of layer 4
  -f, --family ipv4|ipv6             protocol of layer 3
  -u, --status WORD[,WORD]           ASSURED, SEEN_REPLY, UNREPLIED, FIXED_TIMEOUT, EXPECTED, UNSET, !WORD
  -m, --mark VALUE[/MASK]            mark
  -w, --zone NUMBER                  zone; --orig-zone and --reply-zone for one direction
  -l, --label NAME[,NAME]            labels; -M, --labelmap FILE for their names
  -i, --id NUMBER                    id
  -n, --src-nat [ADDR[:PORT]]        translated source
  -g, --dst-nat [ADDR[:PORT]]        translated destination
  -j, --any-nat [ADDR[:PORT]]        either

What they become:
  -t, --timeout SECONDS              time to live
  -u, -m, -w, -n, -g                 as above
      --label-add NAME[,NAME]        more labels
      --label-del [NAME[,NAME]]      fewer labels, or none
      --tuple-src, --tuple-dst ADDR[/LEN]   what an expectation expects

How they are shown:
  -o, --output WORD[,WORD]           xml, extended, timestamp, id, ktimestamp, labels, userspace, save
                                     (save,extended,labels: with marks and labels)
  -e, --event-mask WORD[,WORD]       ALL, NEW, UPDATES, DESTROY
  -z, --zero                         set the counters to zero while showing them
  -b, --buffer-size BYTES            receive buffer for events

First of all, --script prints the flowsh script that does the same.
";

/// Prints the version.
pub(super) fn version() -> Result<u8, Fault> {
    writeln!(io::stdout(), "{PROGRAM}")?;
    Ok(0)
}

/// Prints the help.
pub(super) fn print(line: &Line) -> Result<u8, Fault> {
    let mut out = io::stdout().lock();
    out.write_all(USAGE.as_bytes())?;
    if let Some(handler) = line.handler {
        writeln!(out, "\nProto `{}' help:", handler.name)?;
        for (option, name) in handler.names() {
            let value = match option {
                ProtoOpt::State => "STATE",
                ProtoOpt::Role => "client|server",
                _ => "NUMBER",
            };
            writeln!(out, "  --{name} {value}")?;
        }
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::USAGE;
    use crate::cli::conntrack::options::{self, Key, Opt};

    #[test]
    fn the_help_has_every_command_and_every_option_that_does_something() {
        let words: Vec<_> = USAGE.split([' ', ',', '\n', ';']).collect();
        for known in options::known().all() {
            // The one is ignored, the other refused: no kernel tells it.
            if matches!(known.key, Key::Opt(Opt::NatRange | Opt::Secmark)) {
                continue;
            }
            let long = format!("--{}", known.long);
            assert!(known.long.is_empty() || words.contains(&long.as_str()), "{long}");
            let letter = known.short.filter(char::is_ascii_alphabetic);
            let short = letter.map(|letter| format!("-{letter}"));
            assert!(short.is_none_or(|short| words.contains(&short.as_str())), "{known:?}");
        }
    }
}
