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
fn shadow(port) { let here = port.dport; here == 53 }
fn pair(a, b) { if a == () { return b; } a - b }
let port = 443; let big = 10.KB; let half = 1.5; let word = "udp"; let nothing = ();
let here = ip("10.0.0.1"); let block = net("10.0.0.0/8"); let span = 30.sec; let when = now();
let ports = [22, 53, 443]; let mixed = [1, "a", (), 2.5]; let some = 20..1024; let closed = 0..=443;
let nets = ["10.0.0.0/8", "192.168.0.0/16"]; let limits = #{ low: 5, name: "tcp" }; let yes = true;
let counter = 0; let log = [];
let tell = |n| { log.push(n); n > 2 }; let bump = |f| { counter += 1; counter % 2 == 0 };
fn thrown(n) { throw n; } fn slow(f, n) { f.proto == "tcp" && [f.dport, n].index_of(n) == 1 }
fn loops(n) { let sum = 0; for i in 0..3 { sum += i; } sum < n }
"#;

/// What a `<X>` may become, by its letter: F closures, T yes or no, N numbers and what is none, S
/// texts, A addresses, W networks, D spans, L lists and ranges, X anything, C cases, O orders.
const GRAMMAR: &str = r#"
F |f| <T> ;; |f| <T> ;; |f| <T> ;; |f| <T> ;; |f| <X> ;; |f| { <X>; <T> }
F |f| { let x = <X>; let y = <N>; <T> && (x == <N> || <T> || y <O> <N>) }
F |f| { let x = <L>; let y = <X>; let x = x; y in x } ;; |f| { if <T> { return <T>; } <T> }
F |f| { if <T> { return <X> } else { <T> } } ;; |f| { { let x = 1; <X> }; return <T>; }
F |f| { const x = <N>; x <O> <N> } ;; |f| { if <T> { if <T> { return <T>; } } <T> }
F |f| { let x = <N>; x += 1; x > 3 } ;; |f| { let x; x == <X> } ;; |f| { throw <X>; }
F |f| { for i in 0..3 { <X> } <T> }
F |f| { let x = 1; if <T> { return <T>; } else { let x = <X>; } x == 1 }
T f.snat ;; f.dnat ;; f.nat ;; f.assured ;; f.unreplied ;; f.related ;; f.offload ;; true ;; yes
T f.proto == "tcp" ;; f.dport == 443 ;; f.assured == true ;; f.unreplied != true ;; f.mark
T f.nope ;; f.helper == "ftp" ;; f.family == "ipv4" ;; f.state == "ESTABLISHED"
T f.state == "LISTEN" ;; f.state == "time_wait" ;; f.proto == global::NAME
T f.proto == global::NOPE ;; f.orig.zone == () ;; f.src.is_private() ;; is_web(f)
T early(f, 53) ;; early(f, port) ;; nested(f) ;; endless(1) ;; shadow(f) ;; missing(f)
T f.labels.contains("voip") ;; "ASSURED" in f.status ;; "assured" in f.status
T "voip" in f.labels ;; "3" in f.labels ;; f["reply.src"] == f.dst ;; f["dport"] == 53
T f["nope"] == 1 ;; f.orig.proto == "tcp" ;; f.start < when ;; when - f.start > 5.min
T f.protoinfo.wscale_orig > 2 ;; f == f ;; f?.dport == 53 ;; f.labels[0] == "voip"
T block == f.src.net(8) ;; f.src.net(24).prefix == 24 ;; f.src.net(300).prefix == 24
T { counter += 1; counter > 3 } ;; f.state == f.state.to_upper() ;; !f.nope ;; <T> && <T>
T <T> && <T> ;; <T> && <T> && <T> ;; <T> && <T> && <X> ;; (<T> || <T>) ;; (<T> || <T> || <X>)
T !(<T>) ;; !(<X>) ;; <N> <O> <N> ;; <N> <O> <N> ;; <S> <O> <S> ;; <A> <O> <A> ;; <D> <O> <D>
T (<X>) <O> <X> ;; <N> in <L> ;; <N> !in <L> ;; <A> in <W> ;; <A> !in <W> ;; (<X>) in <L>
T <S> in <L> ;; (<X>) in <W> ;; <S>.starts_with(<S>) ;; <S>.ends_with("p") ;; <S>.contains(<X>)
T (<X>).is_empty() ;; <W>.contains(<A>) ;; (if <T> { <T> } else { <T> }) ;; (if <T> { <T> })
T (if <X> { <T> } else { <X> }) ;; (switch <X> { <C> => <T>, <C> => <T>, <R> => <T>, _ => <T> })
T (switch <N> { <C> if <T> => <T>, <C> | <C> => <X> })
T (switch <N> { <R> if <T> => <T>, <R> => <T>, <C> => <T>, <R> => { let x = <N>; x <O> 3 } })
T (switch <S> { <C> => { let x = <X>; x == <X> } <C> => <T>, _ => <X> })
T ({ let x = <X>; let z = <N>; z <O> <N> })
N f.sport ;; f.dport ;; f.mark ;; f.bytes ;; f.packets ;; f.zone ;; f.id ;; f.refs
N f.icmp_type ;; f.orig.bytes ;; f.reply.packets ;; f.reply.dport ;; f.reply.zone ;; 0 ;; 1
N 53 ;; 443 ;; -1 ;; 65536 ;; 9223372036854775807 ;; port ;; big ;; global::LIMIT ;; half ;; 2.5
N 10.KB ;; 1.MiB ;; 9223372036854775807.KB ;; limits.low ;; limits.nope ;; nothing
N f.timeout.seconds ;; f.start.unix ;; f.src.net(24).prefix ;; f.labels.len ;; f.status.len()
N (<N> + <N>) ;; (<N> - <N>) ;; (<N> * <N>) ;; (<N> / <N>) ;; (<N> % <N>) ;; (<N> & <N>)
N (<N> | <N>) ;; (<N> ^ <N>) ;; (<N> ** 2) ;; (<N> << 3) ;; twice(<N>) ;; -(<N>) ;; <S>.len()
N min(<N>, <N>) ;; max(<N>, <N>) ;; (<N>).abs() ;; (<X> + <X>) ;; (<N> ?? <N>)
N (if <T> { <N> } else { <N> }) ;; (switch <S> { <C> => <N>, _ => <N> })
N pair(<N>, { let z = <N>; z })
S f.proto ;; f.state ;; f.family ;; f.helper ;; f.secctx ;; "tcp" ;; "TCP" ;; "6" ;; "" ;; word
S global::NAME ;; "10.0.0.1" ;; limits.name ;; f.src.family ;; `x` ;; "ESTABLISHED"
S (<S> + <X>) ;; (<X> + <S>) ;; `${<X>}:${<N>}` ;; <S>.to_upper() ;; <S>.to_lower()
S (<X>).to_string() ;; (<S> ?? <S>) ;; (<S> - <S>)
A f.src ;; f.dst ;; f.reply.src ;; f.reply.dst ;; here ;; ip("10.0.0.2") ;; "10.0.0.1"
A "010.0.0.1" ;; "x" ;; f.orig.dst ;; f.src / 8 ;; f.master.src ;; nothing ;; word
A f.dst.net(16).first ;; f.dst.net(<N>).last ;; (f.src / <N>) ;; ip(<S>)
W "10.0.0.0/8" ;; block ;; nets ;; ["10.0.0.0/8", "x"] ;; net("192.168.0.0/16") ;; [here, block]
W [] ;; "nonsense" ;; f.dst.net(8) ;; f.labels ;; some ;; [f.dst] ;; net(<S>) ;; [<A>, <A>]
D f.timeout ;; f.age ;; 30.sec ;; 5.min ;; span ;; 60 ;; duration("1h") ;; 0.s ;; 1.5.sec
D nothing ;; (<D> + <D>) ;; (<D> - <D>) ;; (<D> * <N>) ;; (<D> / <N>) ;; duration(<X>)
L ports ;; [80, 443] ;; some ;; closed ;; 80..90 ;; 1..=53 ;; 90..80 ;; mixed ;; []
L ["tcp", "udp"] ;; ["TCP", "udp"] ;; f.status ;; f.labels ;; [1, f.dport] ;; 0..port
L "tcp udp" ;; nothing ;; [f.src, here] ;; nets ;; (0..100) ;; limits ;; [true, false]
L [<X>, <N>] ;; (<N>..<N>) ;; (<N>..=<X>) ;; [<S>, <S>, <S>]
X () ;; nothing ;; f.start ;; when ;; f.stop ;; half ;; 2.5 ;; f.master ;; f.protoinfo ;; limits
X block ;; f.labels ;; f.status ;; f.age.seconds ;; f.src.net(24) ;; f ;; f.reply ;; flows
X 'c' ;; #{ a: 1 } ;; f.seqadj ;; f.synproxy ;; size(f.bytes) ;; type_of(f.src) ;; closed ;; <N>
X <S> ;; <A> ;; <D> ;; <L> ;; <T> ;; (if <T> { <X> } else { <X> }) ;; (<X> ?? <X>) ;; [<X>, <X>]
X #{ a: <X> } ;; (<T> && <X>)
C 53 ;; 443 ;; 80 ;; "tcp" ;; "udp" ;; true ;; () ;; 0 ;; -1 ;; "ESTABLISHED" ;; 2.5 ;; 'c'
C ""
R 0..100 ;; 100..=443 ;; 1024..65536 ;; -5..0 ;; 50..50 ;; 0..=0
O == ;; != ;; < ;; <= ;; > ;; >=
"#;

/// The same letters, with effects that show how often and in which order they happened.
const EFFECTS: &str = r"
F |f| { log.push(1); <T> } ;; |f| <T> && { log.push(1); <T> } ;; |f| <T> && <T> && <T> && <T>
F |f| { if <T> { log.push(2); return <T>; } log.push(3); <T> } ;; |f| { log.push(1); <X> }
F |f| { let x = <N>; log.push(x); if <T> { <T> } else { log.push(4); <X> } }
F |f| { switch <N> { <C> => { log.push(5); <T> } <R> if tell.call(1) => <T>, _ => <T> } }
F |f| { switch <S> { <C> if <T> => { log.push(5); <X> } <C> if <T> => <T>, <C> => <T> } }
F |f| { let x = <X>; let y = <N>; { log.push(x); true } && y > 3 && { log.push(y); x == y } }
F |f| <T> && { log.push(1); <T> } && <T> && { log.push(2); <T> } && <T>
F |f| <T> || { log.push(1); <T> } || <T> || { log.push(2); <T> } && <T>
F |f| { let x = <N>; { x += 1; true } && x > 3 && <T> } ;; |f| { f = f.mark; <T> }
F |f| { for i in 0..2 { log.push(i); } <T> && <T> } ;; |f| { if <T> { log.push(1); } <T> && <T> }
F |f| { const x = <X>; let y = <D>; log.push(x); log.push(y); <T> && tell.call(y) && <T> }
F |f| { let span = 0..f.dport; let x = 0..9; log.push(span); log.push(x); f.sport in span && <T> }
F |f| { let g = || log.push(7); g.call(); <T> && <T> }
F |f| { let x = <N>; let g = || { x += 1; x > 2 }; g.call() && x > 3 || <T> }
F |f| { let x = counter; let y = <L>; bump.call(f) && x == counter && { log.push(y); <T> } }
F |f| { let x = <X>; let f = <X>; log.push(f); log.push(x); <T> } ;; |f| { let x = log; <T> && <T> }
F |f| { try { <X>; log.push(1); } catch { log.push(2); } <T> } ;; |f| { <X>; <X>; <T> && <T> }
F |f| { let list = [f.mark]; list.push(<N>); log.push(list); list.len() == 2 && <T> }
F |f| { if <T> && { log.push(f.src); <T> } { return <X>; } <X>; !(<T> && tell.call(4)) }
T { log.push(1); true } ;; { log.push(2); <T> } ;; tell.call(3) ;; tell.call(f.mark) ;; tell.call(1)
T bump.call(f) ;; bump.call(1) ;; counter > 2 ;; counter == 3 ;; log.len() > 1 ;; 1 in log
T { counter += 1; <T> } ;; { counter += 1; true } ;; !({ log.push(4); <T> }) ;; { log.push(5); <X> }
T log.push(6) == () ;; (if <T> { log.push(7); <T> } else { <T> }) ;; { if <T> { return <X>; } <T> }
T thrown(f.mark) ;; slow(f, 53) ;; slow(f, <N>) ;; loops(<N>) ;; !slow(f, port) ;; tell.call(<X>)
T !(<T> && { log.push(9); <T> }) ;; !(<T> || tell.call(<N>)) ;; [1].some(|n| n == f.mark)
T [1, 2].all(|n| { log.push(n); f.mark < n }) ;; ports.some(|n| n == f.dport)
T (<T> && tell.call(1) || <T>) ;; { let z = <X>; log.push(z); <T> } ;; (tell.call(2) && slow(f, 1))
N counter ;; log.len() ;; { log.push(8); <N> } ;; { counter += 1; counter }
X log ;; { log.push(10); <X> } ;; tell.call(5)
";

/// A sequence of numbers that looks random and is always the same.
pub(super) struct Random {
    state: u64,
    grammar: Vec<(char, &'static str)>,
}

impl Random {
    /// Closures as they usually are.
    pub(super) fn new(seed: u64) -> Self {
        Self::of(seed, GRAMMAR.lines())
    }

    /// Closures with effects.
    pub(super) fn with_effects(seed: u64) -> Self {
        // As often as all the others.
        let effects = std::iter::repeat_n(EFFECTS, 3).flat_map(str::lines);
        Self::of(seed, GRAMMAR.lines().chain(effects))
    }

    fn of(seed: u64, lines: impl Iterator<Item = &'static str>) -> Self {
        let line = |line: &'static str| {
            let letter = line.chars().next()?;
            Some(line.get(2..)?.split(" ;; ").map(move |production| (letter, production)))
        };
        let grammar = lines.filter_map(line).flatten().collect();
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, grammar }
    }

    /// A closure of a flow.
    pub(super) fn closure(&mut self) -> String {
        self.text('F', 5)
    }

    fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state >> 33).unwrap() % end
    }

    fn text(&mut self, letter: char, depth: usize) -> String {
        let deep = depth > 0 && self.below(4) > 0;
        let all = self.grammar.iter().filter(|(known, _)| *known == letter);
        let all: Vec<&str> = all.map(|(_, production)| *production).collect();
        let mut fit: Vec<&str> = all.iter().copied().filter(|p| nests(p) == deep).collect();
        if fit.is_empty() {
            fit = all;
        }
        let mut rest = fit[self.below(fit.len())];
        let mut text = String::new();
        while let Some((before, after)) = rest.split_once('<') {
            text.push_str(before);
            let mut letters = after.chars();
            match (letters.next(), letters.next()) {
                (Some(letter), Some('>')) if letter.is_ascii_uppercase() => {
                    text.push_str(&self.text(letter, depth.saturating_sub(1)));
                    rest = letters.as_str();
                }
                _ => {
                    text.push('<');
                    rest = after;
                }
            }
        }
        text + rest
    }
}

/// True if a production has a letter.
fn nests(production: &str) -> bool {
    "TNSAWDLXCRO".chars().any(|letter| production.contains(&format!("<{letter}>")))
}
