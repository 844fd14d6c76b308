//! A program: an engine with everything that scripts can see, the variables of a run, and what was
//! compiled so far.

use std::rc::Rc;
use std::sync::Arc;

use rhai::{AST, Dynamic, Engine, EvalAltResult, Module, Scope};

use super::api;
use super::compat;
use super::diag::{self, Report};
use super::doc::{self, Docs};
use super::host::Host;
use super::objects::{Expectations, Flows, Settings};
use super::resolver::Resolver;
use crate::table::parse_filter;

/// Calls within calls.
const CALL_LEVELS: usize = 64;
/// Expressions within expressions, at the top and in functions.
pub(super) const EXPRESSION_DEPTH: usize = 128;

/// The source of everything that is typed at a shell.
const SHELL: &str = "shell";
/// The name of the last value in a shell.
const LAST: &str = "_";

/// A running program.
pub struct Program {
    host: Rc<Host>,
    engine: Rc<Engine>,
    scope: Scope<'static>,
    /// What every script finds: known to the compiler, or it would call these names unknown.
    globals: Vec<(&'static str, Dynamic)>,
    /// Functions of everything that was evaluated: closures live on in handlers.
    functions: AST,
    /// The line of a shell that is being compiled, in which `_` is a name.
    reading: compat::Reading,
    /// The imports of a shell's lines: each line is a run of its own, and would forget them.
    imports: String,
}

impl Program {
    /// A program in these surroundings.
    #[must_use]
    pub fn new(host: Rc<Host>) -> Self {
        let globals = globals(&host);
        let reading = compat::Reading::default();
        let mut engine = build(&host, &globals);
        compat::mend_names(&mut engine, Rc::clone(&reading));
        let engine = Rc::new(engine);
        host.install(&engine);
        let (scope, functions, imports) = (Scope::new(), AST::empty(), String::new());
        Self { host, engine, scope, globals, functions, reading, imports }
    }

    /// The surroundings.
    #[must_use]
    pub fn host(&self) -> &Rc<Host> {
        &self.host
    }

    /// The documentation of everything that scripts can see.
    #[must_use]
    pub fn docs(&self) -> Docs {
        self.host.docs().clone()
    }

    /// Evaluates `text`; variables and functions stay for the next.
    ///
    /// # Errors
    ///
    /// It cannot be compiled, or it throws: a report that can be shown.
    pub fn eval(&mut self, source: &str, text: &str) -> Result<Dynamic, Report> {
        let text = without_shebang(text);
        self.host.keep_source(source, &text);
        let ast = self.compile(source, &text)?;
        self.run(source, ast)
    }

    /// Evaluates what was typed at a shell, in which `_` is the last value that was not `()`.
    ///
    /// All lines of a shell are one source, so that an error in a function points at the line that
    /// made it.
    ///
    /// # Errors
    ///
    /// As [`Self::eval`].
    pub fn eval_line(&mut self, text: &str) -> Result<Dynamic, Report> {
        if !self.scope.contains(LAST) {
            self.scope.push(LAST, ());
        }
        let before = self.host.source_text(SHELL);
        let before = before.as_deref().unwrap_or_default();
        let above = "\n".repeat(before.lines().count());
        self.host.keep_source(SHELL, &format!("{before}{text}\n"));
        let text = format!("{}{above}{text}", self.imports);
        self.reading.replace(Some(text.clone()));
        let ast = self.compile(SHELL, &text);
        self.reading.replace(None);
        let ast = ast?;
        let imports = compat::imports(&ast);
        let value = self.run(SHELL, ast)?;
        self.imports = imports;
        if !value.is_unit() {
            self.scope.set_value(LAST, value.clone());
        }
        Ok(value)
    }

    fn run(&mut self, source: &str, ast: AST) -> Result<Dynamic, Report> {
        self.functions += ast;
        self.functions.set_source(source);
        let result = self.engine.eval_ast_with_scope::<Dynamic>(&mut self.scope, &self.functions);
        self.functions.clear_statements();
        result.map_err(|error| self.report(&error))
    }

    /// Checks `text` without running it; gives back which closures the interpreter must run.
    ///
    /// # Errors
    ///
    /// It cannot be compiled, or a text in it is no filter where one is asked for.
    pub fn check(&self, source: &str, text: &str) -> Result<Vec<String>, Report> {
        let text = without_shebang(text);
        self.host.keep_source(source, &text);
        let ast = self.compile(source, &text)?;
        for (filter, position) in compat::filters(&ast) {
            if let Err(error) = parse_filter(&filter, &self.host.labels) {
                let mut error = Box::<EvalAltResult>::from(error);
                error.set_position(position);
                return Err(diag::runtime(&self.host, source, &error, &self.known()));
            }
        }
        let remarks = compat::survey(&ast).into_iter();
        Ok(remarks.map(|why| why.remark(source)).collect())
    }

    fn compile(&self, source: &str, text: &str) -> Result<AST, Report> {
        let mut scope = self.scope.clone();
        declare(&mut scope, &self.globals);
        self.engine
            .compile_with_scope(&scope, text)
            .map_err(|error| diag::syntax(&self.host, source, &error, &self.known()))
    }

    /// The names of all variables.
    fn known(&self) -> Vec<&str> {
        let own = self.scope.iter_raw().map(|(name, _, _)| name);
        self.globals.iter().map(|(name, _)| *name).chain(own).collect()
    }

    /// The variables that a script finds or has made, each with its type; the last of a name counts.
    pub fn variables(&self) -> impl Iterator<Item = (&str, String)> {
        let globals = self.globals.iter().map(|(name, value)| (*name, value));
        let own = self.scope.iter_raw().map(|(name, _, value)| (name, value));
        globals.chain(own).map(|(name, value)| {
            (name, doc::type_name(self.engine.map_type_name(value.type_name())))
        })
    }

    /// Makes an error of a handler readable.
    #[must_use]
    pub fn report(&self, error: &rhai::EvalAltResult) -> Report {
        let source = self.functions.source().unwrap_or_default();
        diag::runtime(&self.host, source, error, &self.known())
    }
}

/// Makes the compiler know the names in `globals`.
fn declare(scope: &mut Scope<'static>, globals: &[(&'static str, Dynamic)]) {
    for (name, value) in globals {
        scope.push_constant_dynamic(*name, value.clone());
    }
}

/// `#!` is no script; the empty line keeps the numbers of the others.
fn without_shebang(text: &str) -> std::borrow::Cow<'_, str> {
    // A mark of byte order says nothing in UTF-8.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.split_once('\n') {
        Some((first, rest)) if first.starts_with("#!") => format!("\n{rest}").into(),
        None if text.starts_with("#!") => "".into(),
        _ => text.into(),
    }
}

/// An engine in which nothing can be reached but what [`api`] offers.
fn build(host: &Rc<Host>, globals: &[(&'static str, Dynamic)]) -> Engine {
    let mut engine = Engine::new();
    let mut scope = Scope::new();
    declare(&mut scope, globals);
    engine
        .set_max_call_levels(CALL_LEVELS)
        .set_max_expr_depths(EXPRESSION_DEPTH, EXPRESSION_DEPTH)
        .set_strict_variables(true)
        .set_fail_on_invalid_map_property(true)
        .disable_symbol("eval")
        .set_module_resolver(Resolver::new(Rc::clone(host), scope));
    let stop = Arc::clone(&host.stop);
    engine.on_progress(move |_| {
        stop.load(std::sync::atomic::Ordering::Relaxed).then_some(Dynamic::UNIT)
    });
    let out = Rc::clone(host);
    engine.on_print(move |text| {
        // Whoever reads has gone, or the disk is full: the run ends at the next step.
        if let Err(error) = out.write(format!("{text}\n").as_bytes()) {
            out.message(&diag::runtime(&out, "", &error, &[]).text);
            out.stop.store(true, std::sync::atomic::Ordering::Relaxed);
            out.exit.set(Some(1));
        }
    });
    let out = Rc::clone(host);
    engine.on_debug(move |text, _, position| out.message(&format!("{position}: {text}")));
    api::register(&mut engine);
    let mut module = Module::new();
    for (name, value) in globals {
        module.set_var(*name, value.clone());
    }
    engine.register_global_module(module.into());
    engine
}

/// What every script finds: `flows`, `expectations`, `settings`, `args`.
fn globals(host: &Rc<Host>) -> Vec<(&'static str, Dynamic)> {
    let source = || Rc::clone(&host.source);
    let args: rhai::Array = host.options.args.iter().cloned().map(Dynamic::from).collect();
    vec![
        ("flows", Dynamic::from(Flows::new(source()))),
        ("expectations", Dynamic::from(Expectations { source: source(), tests: Vec::new() })),
        ("settings", Dynamic::from(Settings { source: source() })),
        ("args", args.into()),
    ]
}
