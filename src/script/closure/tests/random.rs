//! Closures made at random: mostly sensible, sometimes of mixed types, with errors of every kind.

/// What the closures find around them: captured variables, constants, own functions.
pub(super) const PRELUDE: &str = r#"
const LIMIT = 443;
const NAME = "tcp";
fn is_web(f) { f.proto == "tcp" && f.dport in [80, 443] }
fn twice(n) { n * 2 }
fn early(f, n) { if f.dport == n { return true; } if f.snat { return false; } f.bytes > n }
fn nested(f) { let a = f.src; let b = twice(f.mark); b > 3 || a.is_private() }
fn endless(n) { endless(n) }
let port = 443; let big = 10.KB; let half = 1.5; let word = "udp"; let nothing = ();
let here = ip("10.0.0.1"); let block = net("10.0.0.0/8"); let span = 30.sec; let when = now();
let ports = [22, 53, 443]; let mixed = [1, "a", (), 2.5]; let some = 20..1024; let closed = 0..=443;
let nets = ["10.0.0.0/8", "192.168.0.0/16"]; let limits = #{ low: 5, name: "tcp" }; let yes = true;
let counter = 0;
"#;

/// A sequence of numbers that looks random and is always the same.
pub(super) struct Random {
    state: u64,
    /// True where there are variables `x` and `y`.
    locals: bool,
}

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, locals: false }
    }

    fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state >> 33).unwrap() % end
    }

    fn pick(&mut self, of: &[&str]) -> String {
        of[self.below(of.len())].to_owned()
    }

    /// A closure of a flow.
    pub(super) fn closure(&mut self) -> String {
        match self.below(12) {
            0 => format!("|f| {}", self.any(3)),
            1 => {
                let (x, y) = (self.any(2), self.number(2));
                self.locals = true;
                let body = self.truth(3);
                self.locals = false;
                format!("|f| {{ let x = {x}; let y = {y}; {body} }}")
            }
            3 => format!("|f| {{ {}; {} }}", self.any(2), self.truth(2)),
            _ => format!("|f| {}", self.truth(4)),
        }
    }

    fn any(&mut self, depth: usize) -> String {
        match self.below(9) {
            0 => self.number(depth),
            1 => self.text(depth),
            2 => self.addr(depth),
            3 => self.span(depth),
            4 => self.list(depth),
            5 => self.pick(&[
                "()",
                "nothing",
                "f.start",
                "when",
                "f.stop",
                "half",
                "2.5",
                "f.master",
                "f.protoinfo",
                "limits",
                "block",
                "f.labels",
                "f.status",
                "f.age.seconds",
                "f.src.net(24)",
            ]),
            6 if depth > 0 => format!(
                "(if {} {{ {} }} else {{ {} }})",
                self.truth(depth - 1),
                self.any(depth - 1),
                self.any(depth - 1)
            ),
            7 if depth > 0 => format!("({} ?? {})", self.any(depth - 1), self.any(depth - 1)),
            _ => self.truth(depth),
        }
    }

    fn truth(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.pick(&[
                "f.snat",
                "f.dnat",
                "f.nat",
                "f.assured",
                "f.unreplied",
                "f.related",
                "f.offload",
                "true",
                "false",
                "yes",
                "is_web(f)",
                "f.proto == \"tcp\"",
                "f.dport == 443",
                "f.assured == true",
                "f.unreplied != true",
                "f.mark",
                "f.nope",
                "f.src.is_private()",
                "f.helper == \"ftp\"",
                "f.family == \"ipv4\"",
                "f.state == \"ESTABLISHED\"",
                "f.state == \"established\"",
                "f.proto == global::NAME",
                "f.orig.zone == ()",
            ]);
        }
        let d = depth - 1;
        match self.below(24) {
            0..=3 => format!("{} && {}", self.joined(d), self.joined(d)),
            4 => format!("{} && {} && {}", self.joined(d), self.joined(d), self.joined(d)),
            5 | 6 => format!("({} || {})", self.truth(d), self.truth(d)),
            7 => format!("!({})", self.truth(d)),
            8 | 9 => {
                let op = self.order();
                format!("{} {op} {}", self.number(d), self.number(d))
            }
            10 => {
                let op = self.order();
                format!("{} {op} {}", self.text(d), self.text(d))
            }
            11 => {
                let op = self.order();
                format!("{} {op} {}", self.addr(d), self.addr(d))
            }
            12 => {
                let op = self.order();
                format!("{} {op} {}", self.span(d), self.span(d))
            }
            13 => {
                let op = self.order();
                format!("{} {op} {}", self.any(d), self.any(d))
            }
            14 => {
                let list = self.list(d);
                let not = self.pick(&["in", "in", "!in"]);
                format!("{} {not} {list}", self.number(d))
            }
            15 => {
                let net = self.net();
                let not = self.pick(&["in", "!in"]);
                format!("{} {not} {net}", self.addr(d))
            }
            16 => {
                let list = self.list(d);
                format!("{} in {list}", self.any(d))
            }
            17 => {
                let list = self.list(d);
                format!("{} in {list}", self.text(d))
            }
            18 => format!(
                "(switch {} {{ {} => {}, {} => {}, {} => {}, _ => {} }})",
                self.any(d),
                self.case(),
                self.truth(d),
                self.case(),
                self.truth(d),
                self.range(),
                self.truth(d),
                self.truth(d)
            ),
            19 => format!(
                "(switch {} {{ {} if {} => {}, {} | {} => {} }})",
                self.number(d),
                self.case(),
                self.truth(d),
                self.truth(d),
                self.case(),
                self.case(),
                self.any(d)
            ),
            20 => format!(
                "(if {} {{ {} }} else {{ {} }})",
                self.truth(d),
                self.truth(d),
                self.truth(d)
            ),
            21 => format!(
                "{}.{}",
                self.text(d),
                self.pick(&[
                    "starts_with(\"t\")",
                    "ends_with(\"p\")",
                    "contains(\"c\")",
                    "is_empty()",
                    "contains(1)",
                    "len() > 2"
                ])
            ),
            22 => self.pick(&[
                "is_web(f)",
                "early(f, 53)",
                "early(f, port)",
                "nested(f)",
                "endless(f)",
                "{ counter += 1; counter > 3 }",
                "f.labels.contains(\"voip\")",
                "\"ASSURED\" in f.status",
                "\"voip\" in f.labels",
                "f[\"reply.src\"] == f.dst",
                "f[\"dport\"] == 53",
                "f.master.dport == 21",
                "f.orig.src == f.reply.dst",
                "f.reply.bytes > f.orig.bytes",
                "f.orig.proto == \"tcp\"",
                "f.start < when",
                "when - f.start > 5.min",
                "f.protoinfo.wscale_orig > 2",
                "f == f",
                "f.src.family == \"ipv6\"",
                "block == f.src.net(8)",
                "f.src.net(24).prefix == 24",
            ]),
            _ => self.truth(0),
        }
    }

    /// An operand of `&&`, which binds tighter than `if`.
    fn joined(&mut self, depth: usize) -> String {
        format!("({})", self.truth(depth)).replace("((", "((")
    }

    fn number(&mut self, depth: usize) -> String {
        if self.locals && self.below(3) == 0 {
            return self.pick(&["x", "y"]);
        }
        if depth == 0 || self.below(3) == 0 {
            return self.pick(&[
                "f.sport",
                "f.dport",
                "f.mark",
                "f.bytes",
                "f.packets",
                "f.zone",
                "f.id",
                "f.refs",
                "f.icmp_type",
                "f.orig.bytes",
                "f.reply.packets",
                "f.reply.dport",
                "0",
                "1",
                "53",
                "443",
                "-1",
                "65536",
                "9223372036854775807",
                "port",
                "big",
                "global::LIMIT",
                "half",
                "2.5",
                "10.KB",
                "1.MiB",
                "limits.low",
                "nothing",
                "f.reply.zone",
                "f.timeout.seconds",
            ]);
        }
        let d = depth - 1;
        match self.below(9) {
            0..=3 => {
                let op = self.pick(&["+", "-", "*", "/", "%", "&", "|", "^"]);
                format!("({} {op} {})", self.number(d), self.number(d))
            }
            4 => format!("twice({})", self.number(d)),
            5 => format!("-({})", self.number(d)),
            6 => format!("{}.len()", self.text(d)),
            7 => {
                let f = self.pick(&["min", "max"]);
                format!("{f}({}, {})", self.number(d), self.number(d))
            }
            _ => format!("({}).abs()", self.number(d)),
        }
    }

    fn text(&mut self, depth: usize) -> String {
        if depth == 0 || self.below(3) == 0 {
            return self.pick(&[
                "f.proto",
                "f.state",
                "f.family",
                "f.helper",
                "f.secctx",
                "\"tcp\"",
                "\"TCP\"",
                "\"6\"",
                "\"\"",
                "word",
                "global::NAME",
                "\"10.0.0.1\"",
                "limits.name",
                "f.src.family",
                "`x`",
            ]);
        }
        let d = depth - 1;
        match self.below(5) {
            0 => format!("({} + {})", self.text(d), self.any(d)),
            1 => format!("`${{{}}}:${{{}}}`", self.any(d), self.number(d)),
            2 => format!("{}.to_upper()", self.text(d)),
            3 => format!("({}).to_string()", self.any(d)),
            _ => format!("{}.to_lower()", self.text(d)),
        }
    }

    fn addr(&mut self, depth: usize) -> String {
        let _ = depth;
        self.pick(&[
            "f.src",
            "f.dst",
            "f.reply.src",
            "f.reply.dst",
            "here",
            "ip(\"10.0.0.2\")",
            "\"10.0.0.1\"",
            "\"x\"",
            "f.orig.dst",
            "f.src / 8",
            "f.master.src",
            "nothing",
            "f.dst.net(16).first",
            "word",
        ])
    }

    fn net(&mut self) -> String {
        self.pick(&[
            "\"10.0.0.0/8\"",
            "block",
            "nets",
            "[\"10.0.0.0/8\", \"x\"]",
            "net(\"192.168.0.0/16\")",
            "[here, block]",
            "[]",
            "\"nonsense\"",
            "f.dst.net(8)",
            "f.labels",
            "some",
            "[f.dst]",
        ])
    }

    fn span(&mut self, depth: usize) -> String {
        if depth == 0 || self.below(2) == 0 {
            return self.pick(&[
                "f.timeout",
                "f.age",
                "30.sec",
                "5.min",
                "span",
                "60",
                "duration(\"1h\")",
                "0.s",
                "1.5.sec",
                "nothing",
            ]);
        }
        let d = depth - 1;
        let op = self.pick(&["+", "-", "*", "/"]);
        format!("({} {op} {})", self.span(d), self.span(d))
    }

    fn list(&mut self, depth: usize) -> String {
        if depth == 0 || self.below(3) > 0 {
            return self
                .pick(&[
                    "ports",
                    "[80, 443]",
                    "some",
                    "closed",
                    "80..90",
                    "1..=53",
                    "mixed",
                    "[]",
                    "[\"tcp\", \"udp\"]",
                    "f.status",
                    "f.labels",
                    "[1, f.dport]",
                    "0..port",
                    "\"tcp udp\"",
                    "nothing",
                    "[f.src, here]",
                    "nets",
                    "..100",
                ])
                .replace("..100", "0..100");
        }
        format!("[{}, {}]", self.any(depth - 1), self.number(depth - 1))
    }

    fn case(&mut self) -> String {
        self.pick(&[
            "53",
            "443",
            "80",
            "\"tcp\"",
            "\"udp\"",
            "true",
            "()",
            "0",
            "-1",
            "\"ESTABLISHED\"",
            "2.5",
            "'c'",
        ])
    }

    fn range(&mut self) -> String {
        self.pick(&["0..100", "100..=443", "1024..65536", "-5..0", "50..50"])
    }

    fn order(&mut self) -> String {
        self.pick(&["==", "!=", "<", "<=", ">", ">="])
    }
}
