//! The text of a script as an editor sees it: where its pieces are, and whether more must follow.
//! Nothing is evaluated here, and nothing of a program is needed.

use std::ops::Range;
use std::rc::Rc;

use rhai::{Engine, ParseErrorType};

use super::compat;
use super::engine::EXPRESSION_DEPTH;

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The name of something.
    Name,
    /// A word of the language.
    Keyword,
    /// A number.
    Number,
    /// A string or a character; of an interpolated string, the text around the code.
    Text,
    /// An operator, a bracket, a separator.
    Symbol,
    /// From here on the text makes no sense: a string that is not closed, for one.
    Broken,
}

/// A piece of text; between pieces are blanks and comments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub kind: Kind,
    /// Which bytes of the text.
    pub range: Range<usize>,
}

/// Reads the text of scripts.
pub struct Syntax {
    engine: Engine,
    reading: compat::Reading,
}

impl Default for Syntax {
    fn default() -> Self {
        let mut engine = Engine::new_raw();
        engine.set_max_expr_depths(EXPRESSION_DEPTH, EXPRESSION_DEPTH);
        let reading = compat::Reading::default();
        compat::mend_names(&mut engine, Rc::clone(&reading));
        Self { engine, reading }
    }
}

impl Syntax {
    /// The pieces of `text`.
    #[must_use]
    pub fn pieces(&self, text: &str) -> Vec<Piece> {
        compat::pieces(&self.engine, text)
    }

    /// True if `text` is the beginning of a script that ends too early.
    ///
    /// A string in quotes may not span lines, so one that is not closed is wrong, not incomplete.
    #[must_use]
    pub fn is_incomplete(&self, text: &str) -> bool {
        let text = text.trim_end();
        self.reading.replace(Some(text.to_owned()));
        let Err(error) = self.engine.compile(text) else { return false };
        match &*error.0 {
            ParseErrorType::UnexpectedEOF => true,
            // A back-tick is the only thing that goes on over lines.
            ParseErrorType::BadInput(rhai::LexError::UnterminatedString) => {
                self.pieces(text).last().is_some_and(|last| {
                    text.get(last.range.clone()).is_some_and(|piece| piece.starts_with('`'))
                })
            }
            _ => compat::offset(text, error.position()).is_none_or(|offset| offset >= text.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Syntax};

    /// The pieces, each in brackets after a letter for its kind.
    fn pieces(text: &str) -> String {
        let letter = |kind| match kind {
            Kind::Name => "n",
            Kind::Keyword => "k",
            Kind::Number => "1",
            Kind::Text => "t",
            Kind::Symbol => "",
            Kind::Broken => "!",
        };
        let pieces = Syntax::default().pieces(text).into_iter();
        let show = pieces.map(|piece| format!("{}[{}]", letter(piece.kind), &text[piece.range]));
        show.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_text_falls_into_its_pieces() {
        insta::assert_snapshot!(
            pieces("flows.where(|f| f.bytes > 10.MB) // big"),
            @"n[flows] [.] n[where] [(] [|] n[f] [|] n[f] [.] n[bytes] [>] 1[10] [.] n[MB] [)]"
        );
        insta::assert_snapshot!(pieces("let a = \"é\" + 'x';\n  _.len()"), @r#"k[let] n[a] [=] t["é"] [+] t['x'] [;] [_] [.] n[len] [()]"#);
        insta::assert_snapshot!(pieces("`a${f.src}b${ #{x: 1} }` + 1"), @"t[`a$] [{] n[f] [.] n[src] [}] t[b$] [{] [#{] n[x] [:] 1[1] [}] [}] t[`] [+] 1[1]");
        insta::assert_snapshot!(pieces("flows(\"tcp dp"), @r#"n[flows] [(] !["tcp dp]"#);
        insta::assert_snapshot!(pieces("f(`a\nb"), @"
        n[f] [(] ![`a
        b]
        ");
        insta::assert_snapshot!(pieces("`a${f.s"), @"t[`a$] [{] n[f] [.] n[s]");
    }

    #[track_caller]
    fn check(text: &str, incomplete: bool) {
        assert_eq!(Syntax::default().is_incomplete(text), incomplete, "{text}");
    }

    #[test]
    fn what_ends_too_early_is_incomplete() {
        for text in [
            "if x {",
            "fn f(a) {\n  a",
            "[1, 2,",
            "flows.where(|f|",
            "let x =",
            "1 +",
            "`a\nb",
            "`a${x",
            "flows\n  .",
            "#{ a: 1",
            "for f in flows {",
            "switch x { 1 =>",
            "f(_,",
        ] {
            check(text, true);
        }
    }

    #[test]
    fn what_is_whole_or_wrong_is_not_incomplete() {
        for text in [
            "",
            "1",
            "flows",
            "let x = 1;",
            "fn f() { 1 }\n",
            "\"abc",
            "1 + )",
            "}",
            "_ + 1",
            "switch 1 { 1 => 2, _ => 3 }",
            "x y",
            "let = 3",
            "'ab'",
            "`a${x}b`",
        ] {
            check(text, false);
        }
    }
}
