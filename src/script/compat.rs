//! Everything that touches the insides of Rhai 1.27: an upgrade is decided here.

#![expect(deprecated, reason = "Rhai marks what is volatile as deprecated; the version is pinned")]

mod chain;
mod changes;
mod part;
mod read;
mod session;
mod survey;

use std::cell::RefCell;
use std::rc::Rc;

use rhai::{
    AST, ASTNode, Dynamic, Engine, Expr, FnNamespace, FnPtr, Module, NativeCallContext,
    NativeCallContextStore, Position, ScriptFuncDef, Shared, Stmt, Token,
};

use super::syntax::{Kind, Piece};

pub(super) use chain::constant;
pub(super) use part::Tree;
pub(super) use read::{Readable, read, switch_hash};
pub(super) use session::Session;
pub(super) use survey::{filters, survey};

/// The libraries, imports and constants around a call, kept for later calls.
#[derive(Debug)]
pub(super) struct Environment(NativeCallContextStore);

impl Environment {
    /// What surrounds `ctx`, for `closure`: the library that defines it is searched first.
    ///
    /// Rhai looks functions up in whatever called last. A closure that a module's function passes on
    /// would otherwise meet the module's functions in place of those of its own script.
    pub(super) fn of(ctx: &NativeCallContext<'_>, closure: &FnPtr) -> Self {
        let mut store = ctx.store_data();
        let name = closure.fn_name();
        let defines = |library: &Shared<Module>| {
            library.iter_script_fn_info().any(|(_, _, known, _, _)| known == name)
        };
        // The last library is searched first.
        if let Some(own) = store.global.lib.iter().rposition(defines) {
            let own = store.global.lib.remove(own);
            store.global.lib.push(own);
        }
        Self(store)
    }

    /// How many arguments `closure` takes besides what it captured; absent if no script defines it.
    pub(super) fn params(&self, closure: &FnPtr) -> Option<usize> {
        self.definition(closure)?.params.len().checked_sub(closure.curry().len())
    }

    /// The function of the script that `closure` is.
    fn definition(&self, closure: &FnPtr) -> Option<Shared<ScriptFuncDef>> {
        let mut functions = self.0.global.lib.iter().rev().flat_map(|l| l.iter_script_fn_info());
        let found = functions.find(|(_, _, name, _, _)| *name == closure.fn_name());
        found.map(|(.., definition)| Shared::clone(definition))
    }

    /// The constant `global::name` of the script that the closure belongs to.
    pub(super) fn global(&self, name: &str) -> Option<Dynamic> {
        let constants = self.0.global.constants.as_ref()?;
        rhai::locked_read(constants)?.get(name).cloned()
    }

    /// A call context as it was.
    pub(super) fn context<'a>(&'a self, engine: &'a Engine) -> NativeCallContext<'a> {
        self.0.create_context(engine)
    }

    /// Source and position of the call that was kept.
    pub(super) fn origin(&self) -> (Option<&str>, Position) {
        (self.0.global.source(), self.0.pos)
    }
}

/// The statements of a function: its body is of a type without a name, so a tree of this function
/// alone is walked.
fn body(definition: &Shared<ScriptFuncDef>) -> Vec<Stmt> {
    let mut module = Module::new();
    module.set_script_fn(Shared::clone(definition));
    let mut body = Vec::new();
    AST::new_from_module(module).walk(&mut |path: &[ASTNode<'_>]| {
        if let [ASTNode::Stmt(statement)] = path {
            body.push((*statement).clone());
        }
        true
    });
    body
}

/// Makes the closures of a module callable by whoever imports it.
///
/// A closure is a name, and names of a module's functions are looked up only within it; marked
/// global, the importer finds them, and they run with the module's own constants and imports.
pub(super) fn publish_closures(module: &mut Module) {
    let closures: Vec<_> = module
        .iter_script_fn_info()
        .filter(|(_, _, name, _, _)| name.starts_with("anon$"))
        .map(|(_, _, _, _, definition)| Shared::clone(definition))
        .collect();
    for definition in closures {
        // The hash is that of name and number of parameters, whatever module it is asked of.
        let hash = Module::new().set_script_fn(definition);
        module.update_fn_namespace(hash, FnNamespace::Global);
    }
    module.build_index();
}

/// The text that is being compiled, while it is; absent where `_` is not a name.
pub(super) type Reading = Rc<RefCell<Option<String>>>;

/// Makes `_` a name in the text that is being read, but for the last case of a `switch`; and
/// `protected`, a field of an outcome, which Rhai 1.27 reserves and does not use.
pub(super) fn mend_names(engine: &mut Engine, reading: Reading) {
    engine.on_parse_token(move |token, position, _| match token {
        Token::Underscore => {
            let text = reading.borrow();
            let rest = text.as_deref().and_then(|text| text.get(offset(text, position)?..));
            let rest = rest.and_then(|rest| rest.strip_prefix('_'));
            match rest {
                Some(rest) if !rest.trim_start().starts_with("=>") => {
                    Token::Identifier(Box::new("_".into()))
                }
                _ => Token::Underscore,
            }
        }
        Token::Reserved(word) if *word == "protected" => Token::Identifier(word),
        other => other,
    });
}

/// The byte of `text` at `position`; `None` if it has no position or lies beyond the text.
pub(super) fn offset(text: &str, position: Position) -> Option<usize> {
    let line = position.line()?.checked_sub(1)?;
    let start = text.split_inclusive('\n').take(line).map(str::len).sum::<usize>();
    let column = position.position().unwrap_or(1).checked_sub(1)?;
    let rest = text.get(start..)?;
    rest.char_indices().map(|(index, _)| start + index).chain([text.len()]).nth(column)
}

/// The byte of `text` after the letter at `position`.
fn after(text: &str, position: Position) -> Option<usize> {
    let at = offset(text, position)?;
    Some(at + text.get(at..)?.chars().next().map_or(0, char::len_utf8))
}

/// The pieces of `text`, as the language's own lexer cuts it.
pub(super) fn pieces(engine: &Engine, text: &str) -> Vec<Piece> {
    let (mut lexer, control) = engine.lex([&text]);
    let mut pieces = Vec::new();
    // Open braces within each piece of code of an interpolated string.
    let mut codes: Vec<usize> = Vec::new();
    while let Some((token, start)) = lexer.next() {
        let kind = match &token {
            Token::EOF => break,
            Token::LexError(_) => Kind::Broken,
            Token::IntegerConstant(_) | Token::FloatConstant(_) => Kind::Number,
            Token::CharConstant(_) | Token::StringConstant(_) | Token::InterpolatedString(_) => {
                Kind::Text
            }
            Token::Identifier(_) => Kind::Name,
            Token::Reserved(word) if word.starts_with(char::is_alphabetic) => Kind::Keyword,
            token if token.is_standard_keyword() => Kind::Keyword,
            _ => Kind::Symbol,
        };
        match (&token, codes.last_mut()) {
            (Token::InterpolatedString(_), _) => codes.push(0),
            (Token::LeftBrace | Token::MapStart, Some(braces)) => *braces += 1,
            (Token::RightBrace, Some(braces)) => {
                *braces = braces.saturating_sub(1);
                if *braces == 0 {
                    codes.pop();
                    // What the parser does after the code: the string goes on.
                    control.borrow_mut().is_within_text = true;
                }
            }
            _ => (),
        }
        let broken = kind == Kind::Broken;
        // The lexer stands on the last letter of what it has read.
        let end = if broken { None } else { after(text, lexer.pos) };
        let end = end.unwrap_or(text.len());
        // What follows the code within a string has no place of its own in Rhai 1.27.
        let start =
            offset(text, start).or_else(|| pieces.last().map(|last: &Piece| last.range.end));
        let start = start.unwrap_or(0).min(end);
        pieces.push(Piece { kind, range: start..end });
        if broken {
            break;
        }
    }
    pieces
}

/// The imports of `ast`, as text on one line; those of computed paths are left out.
pub(super) fn imports(ast: &AST) -> String {
    let import = |statement: &Stmt| match statement {
        Stmt::Import(import, _) => match &**import {
            (Expr::StringConstant(path, _), alias) if !alias.is_empty() => {
                Some(format!("import {:?} as {}; ", path.as_str(), alias.as_str()))
            }
            _ => None,
        },
        _ => None,
    };
    let mut imports: Vec<String> = Vec::new();
    for import in ast.statements().iter().filter_map(import) {
        if !imports.contains(&import) {
            imports.push(import);
        }
    }
    imports.concat()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use rhai::{
        AST, Dynamic, Engine, EvalAltResult, FnPtr, INT, Module, ModuleResolver, NativeCallContext,
        Position, Scope, Shared,
    };

    use super::publish_closures;
    use crate::script::callback::Callback;

    const MODULE: &str = "
        const LIMIT = 5;
        fn above(floor) { |x| x > floor && x < 100 && within(x) }
        fn within(x) { x > global::LIMIT }
        fn pass_on(f) { keep(f) }
    ";

    /// Gives every import the module above.
    struct OneModule;

    impl ModuleResolver for OneModule {
        fn resolve(
            &self,
            engine: &Engine,
            _source: Option<&str>,
            _path: &str,
            _position: Position,
        ) -> Result<Shared<Module>, Box<EvalAltResult>> {
            let ast = engine.compile(MODULE)?;
            let mut module = Module::eval_ast_as_new(Scope::new(), &ast, engine)?;
            publish_closures(&mut module);
            Ok(Shared::new(module))
        }
    }

    /// Keeps the closures that `script` gives to `keep`, and calls them when it is over.
    fn called_later(script: &str, arg: INT) -> Vec<String> {
        let kept: Rc<RefCell<Vec<Callback>>> = Rc::default();
        let mut engine = Engine::new();
        engine.set_module_resolver(OneModule);
        let keeper = Rc::clone(&kept);
        engine.register_fn("keep", move |ctx: NativeCallContext<'_>, closure: FnPtr| {
            keeper.borrow_mut().push(Callback::new(&ctx, closure));
        });
        let ast: AST = engine.compile(script).unwrap();
        engine.run_ast_with_scope(&mut Scope::new(), &ast).unwrap();
        drop(ast);
        let kept = kept.borrow();
        let answer = |callback: &Callback| match callback.call(&engine, [Dynamic::from(arg)]) {
            Ok(answer) => answer.to_string(),
            Err(error) => error.to_string(),
        };
        kept.iter().map(answer).collect()
    }

    #[test]
    fn a_closure_outlives_its_script() {
        assert_eq!(called_later("keep(|x| x * 2)", 21), ["42"]);
    }

    #[test]
    fn a_closure_finds_functions_constants_and_captured_variables() {
        let script =
            "const K = 10; fn more(x) { x + global::K } let y = 100; keep(|x| more(x) + y);";
        assert_eq!(called_later(script, 1), ["111"]);
    }

    #[test]
    fn a_closure_that_a_module_made_runs_with_the_modules_own() {
        let script = "import \"any\" as m; keep(m::above(7));";
        assert_eq!(called_later(script, 8), ["true"]);
        assert_eq!(called_later(script, 6), ["false"]);
    }

    #[test]
    fn a_closure_finds_the_modules_its_script_imported() {
        let script = "import \"any\" as m; keep(|x| m::within(x));";
        assert_eq!(called_later(script, 6), ["true"]);
        assert_eq!(called_later(script, 5), ["false"]);
    }

    #[test]
    fn a_closure_that_a_module_passes_on_keeps_its_own_functions() {
        let script = "import \"any\" as m; fn within(x) { x == 1 } m::pass_on(|x| within(x));";
        assert_eq!(called_later(script, 1), ["true"]);
        assert_eq!(called_later(script, 6), ["false"]);
    }

    #[test]
    fn the_wrong_number_of_arguments_is_an_error() {
        let answers = called_later("keep(|a, b| a)", 1);
        assert!(answers[0].starts_with("Function not found"), "{answers:?}");
    }
}
