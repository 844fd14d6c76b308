//! Which variables a closure may change: such a one is not read beforehand. By name, so rather one
//! too many than one too few.

use rhai::{
    ASTNode, Dynamic, Expr as Node, FnCallExpr, FnPtr, ImmutableString, Module, ScriptFuncDef,
    Shared, Stmt,
};

use super::body;
use crate::script::expr::{Function, Subject};

/// Functions of the language that change nothing that they are given.
const HARMLESS: [&str; 4] = ["call", "debug", "print", "type_of"];

/// What a closure may change.
#[derive(Debug, Clone, Default)]
pub(super) struct Changes {
    /// What it assigns to.
    assigned: Vec<ImmutableString>,
    /// What it gives to functions that could change it.
    given: Vec<ImmutableString>,
    /// True if it calls a function that sees all its variables.
    all: bool,
    /// True if it may change the row that it is asked about.
    row: bool,
}

impl Changes {
    /// What the closure of this `definition` may change.
    pub(super) fn of(
        libraries: &[Shared<Module>],
        definition: &Shared<ScriptFuncDef>,
        subject: Subject,
    ) -> Self {
        let mut walk = Walk { libraries, found: Self::default(), known: Vec::new() };
        walk.function(definition);
        let mut found = walk.found;
        found.row = definition.params.last().is_some_and(|row| {
            // Flows and expectations are what they were when they were read.
            let value = matches!(subject, Subject::Flow | Subject::Expectation);
            found.all || found.assigned.contains(row) || !value && found.given.contains(row)
        });
        found
    }

    /// True if it may change the variable of this name.
    pub(super) fn names(&self, name: &ImmutableString) -> bool {
        self.all || self.assigned.contains(name) || self.given.contains(name)
    }

    /// True if it may change the row that it is asked about.
    pub(super) fn row(&self) -> bool {
        self.row
    }
}

struct Walk<'l> {
    libraries: &'l [Shared<Module>],
    found: Changes,
    /// Closures within the closure that were looked at.
    known: Vec<String>,
}

impl Walk<'_> {
    fn function(&mut self, definition: &Shared<ScriptFuncDef>) {
        for statement in body(definition) {
            statement.walk(&mut Vec::new(), &mut |path: &[ASTNode<'_>]| {
                self.node(path);
                true
            });
        }
    }

    fn node(&mut self, path: &[ASTNode<'_>]) {
        match path.last() {
            Some(ASTNode::Stmt(Stmt::Assignment(assignment))) => {
                self.found.assigned.extend(root(&assignment.1.lhs).cloned());
            }
            Some(ASTNode::Stmt(Stmt::FnCall(call, _)) | ASTNode::Expr(Node::FnCall(call, _))) => {
                self.call(call);
            }
            Some(ASTNode::Expr(chain @ (Node::Dot(parts, ..) | Node::Index(parts, ..))))
                if self.calls_what_may_change(&parts.rhs) =>
            {
                self.found.given.extend(root(chain).cloned());
            }
            Some(ASTNode::Expr(Node::StringConstant(name, _))) if name.starts_with("anon$") => {
                self.closure(name);
            }
            Some(ASTNode::Expr(Node::DynamicConstant(value, _))) => self.constant(value),
            _ => (),
        }
    }

    fn constant(&mut self, value: &Dynamic) {
        if let Some(closure) = value.read_lock::<FnPtr>() {
            self.closure(closure.fn_name());
        } else if let Some(items) = value.read_lock::<rhai::Array>() {
            items.iter().for_each(|item| self.constant(item));
        } else if let Some(cells) = value.read_lock::<rhai::Map>() {
            cells.values().for_each(|cell| self.constant(cell));
        }
    }

    /// A closure within the closure: what it captures has the same name there.
    fn closure(&mut self, name: &str) {
        if self.known.iter().any(|known| known == name) {
            return;
        }
        self.known.push(name.to_owned());
        let mut functions = self.libraries.iter().rev().flat_map(|l| l.iter_script_fn_info());
        let found = functions.find(|(_, _, known, _, _)| *known == name);
        let definition = found.map(|(.., definition)| Shared::clone(definition));
        match definition {
            Some(definition) => self.function(&definition),
            None => self.found.all = true,
        }
    }

    fn call(&mut self, call: &FnCallExpr) {
        self.found.all |= call.capture_parent_scope;
        if call.is_operator_call() || (!call.is_qualified() && self.is_harmless(&call.name)) {
            return;
        }
        // A script's function is given values, only native ones are given variables.
        let own = self.libraries.iter().flat_map(|l| l.iter_script_fn_info()).any(
            |(_, _, name, params, definition)| {
                *name == call.name && params == call.args.len() && definition.this_type.is_none()
            },
        );
        if let (Some(Node::Variable(variable, ..)), true) =
            (call.args.first(), call.is_qualified() || !own)
        {
            self.found.given.push(variable.1.clone());
        }
    }

    /// True if a method along the chain may change what it is called on.
    fn calls_what_may_change(&self, chain: &Node) -> bool {
        match chain {
            Node::Dot(parts, ..) | Node::Index(parts, ..) => {
                self.calls_what_may_change(&parts.lhs) || self.calls_what_may_change(&parts.rhs)
            }
            Node::MethodCall(call, _) => !self.is_harmless(&call.name),
            _ => false,
        }
    }

    fn is_harmless(&self, name: &str) -> bool {
        let known = HARMLESS.contains(&name) || Function::named(name).is_some();
        let mut functions = self.libraries.iter().flat_map(|l| l.iter_script_fn_info());
        known && !functions.any(|(_, _, known, _, _)| known == name)
    }
}

/// The variable at the start of a chain.
fn root(node: &Node) -> Option<&ImmutableString> {
    match node {
        Node::Variable(variable, ..) => Some(&variable.1),
        Node::Dot(parts, ..) | Node::Index(parts, ..) => root(&parts.lhs),
        _ => None,
    }
}
