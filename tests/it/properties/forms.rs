//! Any filter, written in every form that there is: text, map, closure, and filters joined as
//! values.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// One filter in all its forms.
#[derive(Debug, Clone)]
pub(super) struct Forms {
    /// `tcp dport 443`.
    pub(super) text: String,
    /// What a closure of `f` answers.
    pub(super) closure: String,
    /// An expression of filter values; its leaves are texts, maps and closures.
    pub(super) value: String,
}

/// One comparison in its three forms.
#[derive(Debug, Clone)]
struct Claim {
    text: String,
    /// The map's key and value.
    map: (String, String),
    closure: String,
}

/// Any filter, some levels deep.
pub(super) fn forms() -> impl Strategy<Value = Forms> {
    let leaf = (claim(), 0..3).prop_map(|(claim, form)| {
        let Claim { text, map: (key, value), closure } = claim;
        let value = match form {
            0 => format!("filter({})", quoted(&text)),
            1 => format!("filter(#{{ {}: {value} }})", quoted(&key)),
            _ => format!("filter(|f| {closure})"),
        };
        Forms { text, closure, value }
    });
    leaf.prop_recursive(3, 12, 2, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            inner.prop_map(|a| Forms {
                text: format!("not ({})", a.text),
                closure: format!("!({})", a.closure),
                value: format!("!({})", a.value),
            }),
            pair.clone().prop_map(|(a, b)| Forms {
                text: format!("({}) ({})", a.text, b.text),
                closure: format!("({}) && ({})", a.closure, b.closure),
                value: format!("({}) & ({})", a.value, b.value),
            }),
            pair.prop_map(|(a, b)| Forms {
                text: format!("({}) or ({})", a.text, b.text),
                closure: format!("({}) || ({})", a.closure, b.closure),
                value: format!("({}) | ({})", a.value, b.value),
            }),
        ]
    })
}

/// A text as a script writes it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
}

fn claim() -> BoxedStrategy<Claim> {
    prop_oneof![
        4 => number(),
        2 => range(),
        2 => numbers(),
        3 => network(),
        1 => networks(),
        1 => host(),
        2 => name(),
        1 => names(),
        2 => member(),
        2 => flag(),
        2 => mark(),
        2 => translated(),
    ]
    .boxed()
}

/// Fields with a number, the numbers to ask for, and their unit in texts and in scripts.
const NUMBERS: [(&str, &[i64], &str, &str); 17] = [
    ("sport", &[0, 53, 80, 65_535], "", ""),
    ("dport", &[0, 53, 80, 65_535], "", ""),
    ("reply.sport", &[0, 53, 80, 65_535], "", ""),
    ("reply.dport", &[0, 53, 80, 65_535], "", ""),
    ("icmp_type", &[0, 8, 128], "", ""),
    ("icmp_code", &[0, 1], "", ""),
    ("reply.icmp_id", &[0, 77], "", ""),
    ("mark", &[0, 1, 0x100, 0xffff_ffff], "", ""),
    ("zone", &[0, 1, 7], "", ""),
    ("orig.zone", &[0, 1], "", ""),
    ("timeout", &[0, 30, 3600], "s", ".sec"),
    ("age", &[20, 60, 3600], "s", ".sec"),
    ("packets", &[0, 61, 2000], "", ""),
    ("bytes", &[0, 10, 20], "MB", ".MB"),
    ("reply.bytes", &[0, 10], "MB", ".MB"),
    ("orig.packets", &[0, 60], "", ""),
    ("refs", &[1, 2], "", ""),
];

fn number() -> impl Strategy<Value = Claim> {
    let field = select(&NUMBERS[..]).prop_flat_map(|(name, values, text, script)| {
        select(values).prop_map(move |value| (name, value, text, script))
    });
    let relation = select(vec!["==", "!=", "<", "<=", ">", ">="]);
    (field, relation).prop_map(|((name, value, text, script), relation)| {
        let other = if relation == "==" { "=" } else { relation };
        Claim {
            text: format!("{name} {other} {value}{text}"),
            map: match relation {
                "==" => (name.to_owned(), format!("{value}{script}")),
                _ => (name.to_owned(), format!("\"{relation} {value}{text}\"")),
            },
            closure: format!("f.{name} {relation} {value}{script}"),
        }
    })
}

fn range() -> impl Strategy<Value = Claim> {
    let fields = ["sport", "dport", "reply.dport", "icmp_type", "zone", "packets", "mark"];
    (select(fields.to_vec()), 0..100_i64, 0..100_i64, any::<bool>()).prop_map(
        |(name, first, more, closed)| {
            let (dots, last) =
                if closed { ("..=", first + more) } else { ("..", first + more + 1) };
            Claim {
                text: format!("{name} {first}-{}", first + more),
                map: (name.to_owned(), format!("{first}{dots}{last}")),
                closure: format!("f.{name} in {first}{dots}{last}"),
            }
        },
    )
}

fn numbers() -> impl Strategy<Value = Claim> {
    let fields = ["sport", "dport", "reply.sport", "icmp_type", "zone", "mark"];
    let values = subsequence(vec!["0", "1", "8", "53", "80", "128"], 0..=6);
    (select(fields.to_vec()), values).prop_map(|(name, values)| {
        let list = values.join(", ");
        Claim {
            text: format!("{name} {{{list}}}"),
            map: (name.to_owned(), format!("[{list}]")),
            closure: format!("f.{name} in [{list}]"),
        }
    })
}

const SIDES: [&str; 5] = ["src", "dst", "reply.src", "reply.dst", "orig.src"];
const NETWORKS: [&str; 8] = [
    "10.0.0.0/8",
    "10.0.0.1",
    "192.0.2.0/255.255.255.0",
    "10.0.0.2-10.9.0.0",
    "0.0.0.0/0",
    "2001:db8::/32",
    "2001:DB8:0::1",
    "::/0",
];

fn network() -> impl Strategy<Value = Claim> {
    (select(&SIDES[..]), select(&NETWORKS[..])).prop_map(|(name, network)| Claim {
        text: format!("{name} {network}"),
        map: (name.to_owned(), format!("net(\"{network}\")")),
        closure: match network.parse::<std::net::IpAddr>() {
            Ok(_) => format!("f.{name} == \"{network}\""),
            Err(_) => format!("f.{name} in \"{network}\""),
        },
    })
}

fn networks() -> impl Strategy<Value = Claim> {
    (select(&SIDES[..]), subsequence(&NETWORKS[..], 0..5)).prop_map(|(name, networks)| {
        let list: Vec<_> = networks.iter().map(|network| format!("\"{network}\"")).collect();
        let list = list.join(", ");
        Claim {
            text: format!("{name} in {{{}}}", networks.join(", ")),
            map: (name.to_owned(), format!("[{list}]")),
            closure: format!("f.{name} in [{list}]"),
        }
    })
}

/// What looks at all four places at once.
fn host() -> impl Strategy<Value = Claim> {
    let ports = select(vec![53, 80]).prop_map(|port| Claim {
        text: format!("port {port}"),
        map: ("port".to_owned(), port.to_string()),
        closure: format!(
            "f.sport == {port} || f.dport == {port} || f.reply.sport == {port} || f.reply.dport == {port}"
        ),
    });
    let hosts = select(&NETWORKS[..]).prop_map(|network| Claim {
        text: format!("host {network}"),
        map: ("host".to_owned(), format!("\"{network}\"")),
        closure: format!(
            "let n = net(\"{network}\"); f.src in n || f.dst in n || f.reply.src in n || f.reply.dst in n"
        )
        .replacen("let n", "{ let n", 1)
            + " }",
    });
    prop_oneof![ports, hosts]
}

/// Fields with a word, and words to ask for as text and script know them.
const NAMES: [(&str, &[(&str, &str)]); 5] = [
    ("family", &[("ipv4", "ipv4"), ("ipv6", "ipv6")]),
    ("proto", &[("tcp", "tcp"), ("udp", "udp"), ("99", "99"), ("50", "esp"), ("ICMPv6", "icmpv6")]),
    ("state", &[("established", "ESTABLISHED"), ("SYN_SENT", "SYN_SENT"), ("closed", "CLOSED")]),
    ("helper", &[("ftp", "ftp"), ("\"ftp-20000\"", "ftp-20000")]),
    ("secctx", &[(r#""a \"b\" \\""#, r#"a \"b\" \\"#)]),
];

fn name() -> impl Strategy<Value = Claim> {
    let field = select(&NAMES[..])
        .prop_flat_map(|(name, words)| select(words).prop_map(move |words| (name, words)));
    (field, any::<bool>()).prop_map(|((name, (text, script)), equal)| {
        let (sign, relation) = if equal { ("", "==") } else { ("!= ", "!=") };
        Claim {
            text: format!("{name} {sign}{text}"),
            map: (name.to_owned(), quoted(&format!("{sign}{text}"))),
            closure: format!("f.{name} {relation} \"{script}\""),
        }
    })
}

fn names() -> impl Strategy<Value = Claim> {
    select(&NAMES[..]).prop_flat_map(|(name, words)| {
        subsequence(words, 0..=words.len()).prop_map(move |words| {
            let texts: Vec<_> = words.iter().map(|(text, _)| *text).collect();
            let maps: Vec<_> = words.iter().map(|(text, _)| quoted(text)).collect();
            let scripts: Vec<_> = words.iter().map(|(_, word)| format!("\"{word}\"")).collect();
            Claim {
                text: format!("{name} {{{}}}", texts.join(", ")),
                map: (name.to_owned(), format!("[{}]", maps.join(", "))),
                closure: format!("f.{name} in [{}]", scripts.join(", ")),
            }
        })
    })
}

/// A word that a field with several has.
fn member() -> impl Strategy<Value = Claim> {
    let bits =
        ["assured", "seen_reply", "dying", "src_nat", "hw_offload"].map(|bit| ("status", bit));
    let labels = ["0", "1", "5", "127"].map(|label| ("labels", label));
    select([&bits[..], &labels[..]].concat()).prop_map(|(name, word)| Claim {
        text: format!("{name} {word}"),
        map: (name.to_owned(), format!("\"{word}\"")),
        closure: format!("\"{word}\" in f.{name}"),
    })
}

fn flag() -> impl Strategy<Value = Claim> {
    let flags = ["assured", "unreplied", "offload", "related", "snat", "dnat", "nat"];
    (select(flags.to_vec()), any::<bool>()).prop_map(|(name, set)| Claim {
        text: if set { name.to_owned() } else { format!("not {name}") },
        map: (name.to_owned(), set.to_string()),
        // Absent is not false: what is not known to be set is `!= true`.
        closure: format!("f.{name} {} true", if set { "==" } else { "!=" }),
    })
}

fn mark() -> impl Strategy<Value = Claim> {
    select(vec![(0x100, 0xff00), (0, 1), (0x1ff, u32::MAX), (0, 0)]).prop_map(|(value, mask)| {
        Claim {
            text: format!("mark {value:#x}/{mask:#x}"),
            map: ("mark".to_owned(), format!("\"{value}/{mask}\"")),
            // Bits of nothing are an error in a script, so it asks first.
            closure: format!("f.mark != () && (f.mark & {mask:#x}) == {value:#x}"),
        }
    })
}

fn translated() -> impl Strategy<Value = Claim> {
    let kinds = select(vec![("snat", "dst", "dport"), ("dnat", "src", "sport")]);
    (kinds, select(&NETWORKS[..]), any::<bool>()).prop_map(
        |((kind, addr, port), network, with_port)| {
            let (port_text, port_closure) = if with_port {
                (" port 80-443", format!(" && f.reply.{port} in 80..=443"))
            } else {
                ("", String::new())
            };
            Claim {
                text: format!("{kind} {network}{port_text}"),
                map: (kind.to_owned(), format!("\"{network}{port_text}\"")),
                closure: format!("f.{kind} && f.reply.{addr} in net(\"{network}\"){port_closure}"),
            }
        },
    )
}
