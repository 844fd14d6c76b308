//! The body of a closure, read off Rhai's syntax tree into [`Expr`]. A white list: what is not
//! known becomes [`Expr::Unread`], with the reason and the place. Here are statements and the
//! script's own functions; expressions are in `chain`.

use std::hash::{Hash, Hasher};

use rhai::{
    ASTFlags, Expr as Node, FnCallExpr, FnPtr, ImmutableString, Module, Position, ScriptFuncDef,
    Shared, Stmt, SwitchCasesCollection,
};

use super::changes::Changes;
use super::{Environment, body};
use crate::flow::{Direction, Value};
use crate::script::expr::{Arm, Expr, Outer, Subject, Switch, Why};
use crate::script::value::to_dynamic;

/// Calls of own functions that are followed in one closure: more would grow without end where a
/// function calls itself twice.
const CALLS: usize = 32;

/// A closure, read.
#[derive(Debug)]
pub(in crate::script) struct Readable {
    /// What it answers.
    pub(in crate::script) expr: Expr,
    /// What of it only the interpreter can do.
    pub(in crate::script) unread: Vec<Why>,
    /// True if it reads no variable from outside.
    pub(in crate::script) fixed: bool,
    /// True if the interpreter is asked for parts of it, not for all of it.
    pub(in crate::script) apart: bool,
    /// True if it may change a variable from outside, and so what it answers next.
    pub(in crate::script) remembers: bool,
}

/// What a name means.
#[derive(Debug, Clone)]
pub(super) enum Bound {
    /// The row that the closure is asked about.
    Row,
    /// One direction of it.
    Side(Direction),
    /// An expression that is as cheap as its name.
    Plain(Expr),
    /// A variable from outside that the closure may change.
    Changed,
}

pub(super) struct Reader<'l> {
    libraries: &'l [Shared<Module>],
    pub(super) subject: Subject,
    pub(super) names: Vec<(ImmutableString, Bound)>,
    /// What the closure may change.
    pub(super) changes: Changes,
    /// How many of the names are those of the closure's parameters.
    pub(super) params: usize,
    /// How many values are kept in local variables.
    locals: usize,
    /// Calls of own functions that were followed.
    pub(super) calls: usize,
    unread: Vec<Why>,
    pub(super) fixed: bool,
    remembers: bool,
}

/// Reads `closure`, which is asked about one row.
pub(in crate::script) fn read(
    environment: &Environment,
    closure: &FnPtr,
    subject: Subject,
) -> Readable {
    match environment.definition(closure) {
        Some(definition) => {
            let libraries = &environment.0.global.lib;
            read_as(libraries, &definition, closure.curry().len(), subject)
        }
        None => {
            let text = "it is no function of the script".to_owned();
            let why = Why { text, position: environment.0.pos };
            let expr = Expr::Unread(why.clone());
            Readable { expr, unread: vec![why], fixed: true, apart: false, remembers: true }
        }
    }
}

/// Reads the closure of this `definition`, whose first parameters were `captured`.
pub(super) fn read_as(
    libraries: &[Shared<Module>],
    definition: &Shared<ScriptFuncDef>,
    captured: usize,
    subject: Subject,
) -> Readable {
    let changes = Changes::of(libraries, definition, subject);
    let reader = || Reader {
        libraries,
        subject,
        names: Vec::new(),
        changes: changes.clone(),
        params: definition.params.len(),
        locals: 0,
        calls: 0,
        unread: Vec::new(),
        fixed: captured == 0,
        remembers: false,
    };
    let whole = reader().closure(definition, captured, |reader, body| reader.block(body, true));
    if whole.unread.is_empty() || changes.row() {
        return whole;
    }
    let apart = reader().closure(definition, captured, Reader::apart);
    // What is one part is the whole closure.
    if matches!(apart.expr, Expr::Part(_)) { whole } else { Readable { apart: true, ..apart } }
}

/// The number under which Rhai keeps the case of a `switch` that `value` takes.
pub(in crate::script) fn switch_hash(value: &Value) -> Option<u64> {
    let plain = matches!(value, Value::Absent | Value::Bool(_) | Value::Int(_) | Value::Text(_));
    let value = plain.then(|| to_dynamic(value.clone()).ok()).flatten()?;
    let mut hasher = ahash::AHasher::default();
    value.hash(&mut hasher);
    Some(hasher.finish())
}

impl Reader<'_> {
    pub(super) fn unread(&mut self, text: impl Into<String>, position: Position) -> Expr {
        let why = Why { text: text.into(), position };
        if !self.unread.contains(&why) {
            self.unread.push(why.clone());
        }
        Expr::Unread(why)
    }

    fn closure(
        mut self,
        definition: &Shared<ScriptFuncDef>,
        captured: usize,
        read: impl FnOnce(&mut Self, &[Stmt]) -> Expr,
    ) -> Readable {
        let expr = self.given(definition, captured, read);
        let Self { unread, fixed, remembers, .. } = self;
        Readable { expr, unread, fixed, apart: false, remembers }
    }

    fn given(
        &mut self,
        definition: &Shared<ScriptFuncDef>,
        captured: usize,
        read: impl FnOnce(&mut Self, &[Stmt]) -> Expr,
    ) -> Expr {
        let position = definition.body.start_position();
        let Some((row, outer)) = definition.params.split_last() else {
            return self.unread("it takes no argument", position);
        };
        if outer.len() != captured {
            return self.unread("it takes several arguments", position);
        }
        for (index, name) in outer.iter().enumerate() {
            let bound = if self.changes.names(name) {
                self.remembers = true;
                Bound::Changed
            } else {
                Bound::Plain(Expr::Outer(Outer::Captured(index)))
            };
            self.names.push((name.clone(), bound));
        }
        self.names.push((row.clone(), Bound::Row));
        read(self, &body(definition))
    }

    /// What a block answers. In the `tail` of a function, `return` answers for all of it.
    pub(super) fn block(&mut self, statements: &[Stmt], tail: bool) -> Expr {
        let known = self.names.len();
        let expr = self.statements(statements, tail);
        self.names.truncate(known);
        expr
    }

    fn statements(&mut self, statements: &[Stmt], tail: bool) -> Expr {
        let Some((statement, rest)) = statements.split_first() else {
            return Expr::Const(Value::Absent);
        };
        match statement {
            Stmt::Noop(_) => self.statements(rest, tail),
            Stmt::Var(variable, flags, position) => {
                let (name, value, _) = &**variable;
                if flags.contains(ASTFlags::EXPORTED) {
                    return self.unread("it exports a variable", *position);
                }
                let value = self.expr(value);
                self.keep(name.name.clone(), value, |reader| reader.statements(rest, tail))
            }
            Stmt::Return(value, flags, _) if tail && !flags.contains(ASTFlags::BREAK) => {
                value.as_ref().map_or(Expr::Const(Value::Absent), |value| self.expr(value))
            }
            // `if … { return … }` answers for what follows, too, unless a variable of its `else`
            // would be taken for one that is used there.
            Stmt::If(parts, _)
                if tail
                    && !rest.is_empty()
                    && returns(parts.body.statements())
                    && !declares(parts.branch.statements()) =>
            {
                let condition = self.expr(&parts.expr);
                let then = self.block(parts.body.statements(), tail);
                let mut others = parts.branch.statements().to_vec();
                others.extend_from_slice(rest);
                let otherwise = self.block(&others, tail);
                Expr::If(Box::new([condition, then, otherwise]))
            }
            last if rest.is_empty() => self.statement(last, tail),
            other => {
                // Its value is dropped, its errors are not.
                let value = self.statement(other, false);
                let place = self.place();
                Expr::Let(place, Box::new([value, self.statements(rest, tail)]))
            }
        }
    }

    pub(super) fn statement(&mut self, statement: &Stmt, tail: bool) -> Expr {
        match statement {
            Stmt::Expr(expr) => self.tail(expr, tail),
            Stmt::FnCall(call, position) => self.call(call, *position),
            Stmt::Block(block) => self.block(block.statements(), tail),
            Stmt::If(parts, _) => Expr::If(Box::new([
                self.expr(&parts.expr),
                self.block(parts.body.statements(), tail),
                self.block(parts.branch.statements(), tail),
            ])),
            Stmt::Switch(parts, _) => {
                self.switch(&parts.0, &parts.1, &mut |reader, condition, value| Arm {
                    condition: reader.expr(condition),
                    value: value
                        .map_or(Expr::Const(Value::Absent), |value| reader.tail(value, tail)),
                })
            }
            Stmt::Assignment(assignment) => {
                self.unread("it assigns to a variable", assignment.0.position())
            }
            Stmt::While(..) | Stmt::Do(..) | Stmt::For(..) => {
                self.unread("it has a loop", statement.position())
            }
            Stmt::Return(_, flags, position) if flags.contains(ASTFlags::BREAK) => {
                self.unread("it throws", *position)
            }
            other => self.unread("it is more than one expression", other.position()),
        }
    }

    fn tail(&mut self, expr: &Node, tail: bool) -> Expr {
        match expr {
            Node::Stmt(block) => self.block(block.statements(), tail),
            other => self.expr(other),
        }
    }

    /// Gives `value` a name in what `rest` reads.
    fn keep(
        &mut self,
        name: ImmutableString,
        value: Expr,
        rest: impl FnOnce(&mut Self) -> Expr,
    ) -> Expr {
        if value.cannot_fail() {
            self.names.push((name, Bound::Plain(value)));
            return rest(self);
        }
        let place = self.place();
        self.names.push((name, Bound::Plain(Expr::Local(place))));
        Expr::Let(place, Box::new([value, rest(self)]))
    }

    /// A place of its own for a value: a function that is followed twice has its variables twice.
    pub(super) fn place(&mut self) -> usize {
        self.locals += 1;
        self.locals - 1
    }

    /// A `switch`, whose arms are read by `read`: condition and value, absent where nothing fits.
    pub(super) fn switch(
        &mut self,
        value: &Node,
        cases: &SwitchCasesCollection,
        read: &mut dyn FnMut(&mut Self, &Node, Option<&Node>) -> Arm,
    ) -> Expr {
        let value = self.expr(value);
        let mut arm = |reader: &mut Self, index: usize| {
            let arm = cases.expressions.get(index)?;
            Some(read(reader, &arm.lhs, Some(&arm.rhs)))
        };
        let mut known: Vec<(u64, Vec<Arm>)> = cases
            .cases
            .iter()
            .map(|(hash, list)| {
                let arms = list.blocks.iter().filter_map(|&index| arm(self, index));
                (*hash, arms.collect())
            })
            .collect();
        known.sort_by_key(|(hash, _)| *hash);
        let mut ranges = Vec::new();
        for range in &cases.ranges {
            let Some(arm) = arm(self, range.index()) else { continue };
            let range = match range {
                rhai::RangeCase::InclusiveInt(range, _) => range.clone(),
                rhai::RangeCase::ExclusiveInt(range, _) => {
                    range.start..=range.end.saturating_sub(1)
                }
            };
            ranges.push((range, arm));
        }
        let otherwise = cases.def_case.and_then(|index| arm(self, index));
        let nothing = Node::BoolConstant(true, Position::NONE);
        let otherwise = otherwise.unwrap_or_else(|| read(self, &nothing, None)).value;
        Expr::Switch(Box::new(Switch { value, cases: known, ranges, otherwise }))
    }

    /// True if the script has a function of this name, which would be called instead of ours.
    pub(super) fn defines(&self, name: &str) -> bool {
        let mut functions = self.libraries.iter().flat_map(|l| l.iter_script_fn_info());
        functions.any(|(_, _, known, _, _)| known == name)
    }

    /// The body of the script's own function, with its arguments in place of its parameters.
    pub(super) fn own_function(&mut self, call: &FnCallExpr, position: Position) -> Option<Expr> {
        let same = |module: &Shared<Module>| {
            let mut functions = module.iter_script_fn_info();
            let (.., definition) = functions.find(|(_, _, name, params, definition)| {
                *name == call.name && *params == call.args.len() && definition.this_type.is_none()
            })?;
            Some(Shared::clone(definition))
        };
        let definition = self.libraries.iter().rev().find_map(same)?;
        if self.calls >= CALLS {
            let text = format!("`{}` calls itself, or too many are called", call.name);
            return Some(self.unread(text, position));
        }
        // Its arguments may be calls, too: they count after it.
        self.calls += 1;
        let rows: Vec<Option<Bound>> = call
            .args
            .iter()
            .map(|arg| self.variable(arg).filter(|b| matches!(b, Bound::Row | Bound::Side(_))))
            .collect();
        let args: Vec<Expr> = call
            .args
            .iter()
            .zip(&rows)
            .map(|(arg, row)| match row {
                Some(_) => Expr::Const(Value::Absent),
                None => self.expr(arg),
            })
            .collect();
        // It sees its parameters, not the variables around the call.
        let around = std::mem::take(&mut self.names);
        let mut names = definition.params.iter().cloned().zip(rows).zip(args);
        let expr = self.with_params(&mut names, &body(&definition));
        self.names = around;
        Some(expr)
    }

    fn with_params(
        &mut self,
        params: &mut dyn Iterator<Item = ((ImmutableString, Option<Bound>), Expr)>,
        body: &[Stmt],
    ) -> Expr {
        match params.next() {
            None => self.block(body, true),
            Some(((name, Some(row)), _)) => {
                self.names.push((name, row));
                self.with_params(params, body)
            }
            Some(((name, None), value)) => {
                self.keep(name, value, |reader| reader.with_params(params, body))
            }
        }
    }
}

/// True if a block makes a name of its own.
pub(super) fn declares(statements: &[Stmt]) -> bool {
    statements.iter().any(|s| matches!(s, Stmt::Var(..) | Stmt::Import(..)))
}

/// True if a block ends in `return` whatever happens.
pub(super) fn returns(statements: &[Stmt]) -> bool {
    match statements.last() {
        Some(Stmt::Return(_, flags, _)) => !flags.contains(ASTFlags::BREAK),
        _ => false,
    }
}
