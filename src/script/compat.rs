//! Everything that touches the insides of Rhai 1.27: an upgrade is decided here.

#![expect(deprecated, reason = "Rhai marks what is volatile as deprecated; the version is pinned")]

use rhai::{
    Engine, FnNamespace, Module, NativeCallContext, NativeCallContextStore, Position, Shared,
};

/// The libraries, imports and constants around a call, kept for later calls.
#[derive(Debug)]
pub(super) struct Environment(NativeCallContextStore);

impl Environment {
    /// What surrounds `ctx`.
    pub(super) fn of(ctx: &NativeCallContext<'_>) -> Self {
        Self(ctx.store_data())
    }

    /// A call context as it was.
    pub(super) fn context<'a>(&'a self, engine: &'a Engine) -> NativeCallContext<'a> {
        self.0.create_context(engine)
    }

    /// Source and position of the call that was kept.
    pub(super) fn origin(&self) -> (Option<&str>, Position) {
        (self.0.source.as_deref(), self.0.pos)
    }
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
    fn the_wrong_number_of_arguments_is_an_error() {
        let answers = called_later("keep(|a, b| a)", 1);
        assert!(answers[0].starts_with("Function not found"), "{answers:?}");
    }
}
