//! Many calls of one closure: Rhai prepares each call from a native function anew, and looks every
//! function up again; here all calls, and those for a part of it, share what the first has found.

use rhai::{
    Caches, Dynamic, Engine, EvalAltResult, EvalContext, Expr, FnPtr, GlobalRuntimeState,
    ImmutableString, Position, Scope, StmtBlock,
};

use super::{Environment, Tree, body};
use crate::script::fault::Fallible;

/// A closure that is being called.
pub(in crate::script) struct Session {
    global: GlobalRuntimeState,
    caches: Caches,
    scope: Scope<'static>,
    params: Vec<ImmutableString>,
    body: Expr,
    name: String,
    position: Position,
}

impl Session {
    /// Calls of `closure`; none if it is no function of a script.
    pub(in crate::script) fn new(environment: &Environment, closure: &FnPtr) -> Option<Self> {
        let definition = environment.definition(closure)?;
        let mut global = environment.0.global.clone();
        global.level += 1;
        let block = StmtBlock::new(body(&definition), Position::NONE, Position::NONE);
        Some(Self {
            global,
            caches: Caches::new(),
            scope: Scope::new(),
            params: definition.params.to_vec(),
            body: Expr::Stmt(Box::new(block)),
            name: definition.name.to_string(),
            position: environment.0.pos,
        })
    }

    /// Calls it with what it captured and `args`, or gives them back if they are too few or many.
    pub(in crate::script) fn call(
        &mut self,
        engine: &Engine,
        captured: &[Dynamic],
        args: &mut [Dynamic],
    ) -> Option<Fallible<Dynamic>> {
        if captured.len() + args.len() != self.params.len() {
            return None;
        }
        let values = captured.iter().cloned().chain(args.iter_mut().map(std::mem::take));
        for (name, value) in self.params.iter().zip(values) {
            self.scope.push_dynamic(name.clone(), value);
        }
        let Self { global, caches, scope, body, .. } = self;
        let mut context = EvalContext::new(engine, global, caches, scope, None);
        let result = context.eval_expression_tree(&(&*body).into());
        self.scope.clear();
        Some(result.or_else(|error| self.outcome(*error)))
    }

    /// Evaluates a piece of it where it has these variables of its own; `row` is given back.
    ///
    /// # Errors
    ///
    /// The closure ends with that: it has an error, or returns.
    pub(in crate::script) fn part(
        &mut self,
        engine: &Engine,
        tree: &Tree,
        captured: &[Dynamic],
        row: &mut Dynamic,
        locals: Vec<Dynamic>,
    ) -> Result<Dynamic, Fallible<Dynamic>> {
        let values = captured.iter().cloned().chain([std::mem::take(row)]).chain(locals);
        for (name, value) in self.params.iter().chain(tree.locals()).zip(values) {
            self.scope.push_dynamic(name.clone(), value);
        }
        let Self { global, caches, scope, .. } = self;
        let mut context = EvalContext::new(engine, global, caches, scope, None);
        let result = context.eval_expression_tree(&tree.node().into());
        self.scope.rewind(self.params.len());
        let given = self.params.last().and_then(|name| self.scope.get_mut(name));
        *row = given.map(std::mem::take).unwrap_or_default();
        self.scope.clear();
        result.map(Dynamic::flatten).map_err(|error| self.outcome(*error))
    }

    /// What a call came to that did not simply end: as Rhai's own calls have it.
    fn outcome(&self, mut error: EvalAltResult) -> Fallible<Dynamic> {
        match error {
            EvalAltResult::Return(value, _) => Ok(value),
            EvalAltResult::Exit(..) => {
                error.set_position(self.position);
                Err(error.into())
            }
            error if error.is_system_exception() => {
                let mut error = error;
                error.set_position(self.position);
                Err(error.into())
            }
            error => {
                let source = self.global.source().unwrap_or_default().to_owned();
                let (name, position) = (self.name.clone(), self.position);
                Err(EvalAltResult::ErrorInFunctionCall(name, source, error.into(), position).into())
            }
        }
    }
}
