//! `import`: the standard library that is built in, and files beside the script.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use rhai::{Engine, EvalAltResult, Module, ModuleResolver, Position, Scope, Shared};

use super::compat::publish_closures;
use super::fault::{Fallible, Fault};
use super::host::Host;
use crate::table::closest;

/// The standard library, written in Rhai.
const STANDARD: &[(&str, &str)] = &[
    ("std/nat", include_str!("../../stdlib/nat.rhai")),
    ("std/options", include_str!("../../stdlib/options.rhai")),
];

/// Finds modules by relative names; nothing outside of the script's folder can be named.
pub(super) struct Resolver {
    host: Rc<Host>,
    /// What every script finds; unknown to the compiler, `flows.count()` would be an error.
    globals: Scope<'static>,
    loaded: RefCell<BTreeMap<String, Shared<Module>>>,
    loading: RefCell<Vec<String>>,
}

impl Resolver {
    pub(super) fn new(host: Rc<Host>, globals: Scope<'static>) -> Self {
        Self { host, globals, loaded: RefCell::default(), loading: RefCell::default() }
    }

    /// The name and text of the module `path`, imported by `source`.
    fn find(source: Option<&str>, path: &str) -> Fallible<(String, String)> {
        if let Some((name, text)) = STANDARD.iter().find(|(name, _)| *name == path) {
            return Ok(((*name).to_owned(), (*text).to_owned()));
        }
        let fault = Fault::new(format!("there is no module \"{path}\""));
        if path.starts_with("std/") {
            return match closest(path, STANDARD.iter().map(|(name, _)| *name)) {
                Some(near) => fault.hint(format!("did you mean \"{near}\"?")).throw(),
                None => fault.hint("the standard library has std/nat and std/options").throw(),
            };
        }
        let plain = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        if !plain {
            return Fault::new(format!("a module's name is relative and has no `..`: \"{path}\""))
                .throw();
        }
        let Some(folder) = source.and_then(|source| Path::new(source).parent()) else {
            return fault.hint("only scripts in files can import files beside them").throw();
        };
        let file: PathBuf = folder.join(path).with_extension("rhai");
        let text = std::fs::read_to_string(&file).map_err(|error| {
            let message = format!("cannot read the module {}: {error}", file.display());
            Fault::new(message).thrown()
        })?;
        Ok((file.display().to_string(), text))
    }

    fn load(&self, engine: &Engine, name: &str, text: &str) -> Fallible<Shared<Module>> {
        if self.loading.borrow().iter().any(|other| other == name) {
            return Fault::new(format!("\"{name}\" imports itself")).throw();
        }
        self.host.keep_source(name, text);
        let mut ast = engine.compile_with_scope(&self.globals, text).map_err(|error| {
            EvalAltResult::ErrorInModule(name.to_owned(), Box::new(error.into()), Position::NONE)
        })?;
        ast.set_source(name);
        self.loading.borrow_mut().push(name.to_owned());
        let module = Module::eval_ast_as_new(Scope::new(), &ast, engine);
        self.loading.borrow_mut().pop();
        let mut module = module?;
        publish_closures(&mut module);
        let module = Shared::new(module);
        self.loaded.borrow_mut().insert(name.to_owned(), Shared::clone(&module));
        Ok(module)
    }
}

impl ModuleResolver for Resolver {
    fn resolve(
        &self,
        engine: &Engine,
        source: Option<&str>,
        path: &str,
        position: Position,
    ) -> Fallible<Shared<Module>> {
        let at = |mut error: Box<EvalAltResult>| {
            if error.position().is_none() {
                error.set_position(position);
            }
            error
        };
        let (name, text) = Self::find(source, path).map_err(at)?;
        if let Some(module) = self.loaded.borrow().get(&name) {
            return Ok(Shared::clone(module));
        }
        self.load(engine, &name, &text).map_err(at)
    }
}
