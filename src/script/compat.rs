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
