//! The expressions of a closure: operators, calls, and chains such as `f.reply.src.net(24)`.

use rhai::{ASTFlags, Dynamic, Expr as Node, FnCallExpr, Position};

use super::read::{Bound, Reader};
use crate::flow::{Direction, Value};
use crate::script::expr::{Expr, Function, Op, Outer, Place, Subject};
use crate::script::value::exact;

impl Reader<'_> {
    pub(super) fn expr(&mut self, node: &Node) -> Expr {
        match node {
            Node::Variable(variable, _, position) => match self.variable(node) {
                Some(Bound::Plain(expr)) => expr,
                Some(Bound::Changed) => self.changed(&variable.1, *position),
                Some(_) => self.unread("the row is used as a value", *position),
                None => self.unread(format!("`{}` is not of the closure", variable.1), *position),
            },
            Node::And(parts, _) => Expr::And(self.all(&**parts)),
            Node::Or(parts, _) => Expr::Or(self.all(&**parts)),
            Node::Coalesce(parts, _) => Expr::Coalesce(self.all(&**parts)),
            Node::InterpolatedString(parts, _) => Expr::Text(self.all(&**parts)),
            Node::Array(items, _) => Expr::List(self.all(items)),
            Node::FnCall(call, position) => self.call(call, *position),
            Node::Stmt(block) => self.block(block.statements(), false),
            Node::Dot(parts, flags, position) | Node::Index(parts, flags, position) => {
                let by_index = matches!(node, Node::Index(..));
                let start = match self.variable(&parts.lhs) {
                    Some(bound @ (Bound::Row | Bound::Side(_))) => bound,
                    _ => Bound::Plain(self.expr(&parts.lhs)),
                };
                match self.chain(start, &parts.rhs, *flags, by_index, *position) {
                    Bound::Plain(expr) => expr,
                    _ => self.unread("a direction is used as a value", *position),
                }
            }
            other => match other.get_literal_value(None) {
                Some(value) => self.literal(&value, other.position()),
                None => self.unread("this is not read", other.position()),
            },
        }
    }

    fn all<'n>(&mut self, nodes: impl IntoIterator<Item = &'n Node>) -> Vec<Expr> {
        nodes.into_iter().map(|node| self.expr(node)).collect()
    }

    fn literal(&mut self, value: &Dynamic, position: Position) -> Expr {
        constant(value).unwrap_or_else(|| {
            let kind = value.type_name();
            self.unread(format!("a constant of type {kind} is not read"), position)
        })
    }

    fn changed(&mut self, name: &str, position: Position) -> Expr {
        self.unread(format!("`{name}` is changed by the closure"), position)
    }

    /// What a name means; `None` if it is none, or none that the closure has.
    pub(super) fn variable(&mut self, node: &Node) -> Option<Bound> {
        let Node::Variable(variable, _, _) = node else { return None };
        let (_, name, namespace, _) = &**variable;
        if namespace.is_empty() {
            let mut known = self.names.iter().rev();
            return known.find(|(known, _)| known == name).map(|(_, bound)| bound.clone());
        }
        let global = namespace.path.len() == 1 && namespace.root() == "global";
        self.fixed &= !global;
        global.then(|| Bound::Plain(Expr::Outer(Outer::Global(name.clone()))))
    }

    /// What `.a.b` or `[a].b` makes of `start`.
    fn chain(
        &mut self,
        start: Bound,
        rest: &Node,
        flags: ASTFlags,
        by_index: bool,
        position: Position,
    ) -> Bound {
        if flags.contains(ASTFlags::NEGATED) {
            return Bound::Plain(self.unread("`?.` and `?[` are not read", position));
        }
        match rest {
            Node::Dot(parts, next, position) | Node::Index(parts, next, position)
                if !flags.contains(ASTFlags::BREAK) =>
            {
                let start = self.step(start, &parts.lhs, by_index);
                let by_index = matches!(rest, Node::Index(..));
                self.chain(start, &parts.rhs, *next, by_index, *position)
            }
            last => self.step(start, last, by_index),
        }
    }

    /// One step along a chain.
    fn step(&mut self, start: Bound, node: &Node, by_index: bool) -> Bound {
        let position = node.position();
        let (name, by_name) = match node {
            Node::Property(property, _) if !by_index => (property.2.clone(), false),
            Node::StringConstant(name, _) if by_index => (name.clone(), true),
            Node::MethodCall(call, _) if !by_index => {
                let Bound::Plain(value) = start else {
                    return Bound::Plain(
                        self.unread(format!("`{}` is called on the row", call.name), position),
                    );
                };
                return Bound::Plain(self.method(value, call, position));
            }
            other => return Bound::Plain(self.unread("this index is not read", other.position())),
        };
        let flow = self.subject == Subject::Flow;
        let field = match (&start, name.as_str()) {
            (Bound::Row, "orig") if flow && !by_name => return Bound::Side(Direction::Orig),
            (Bound::Row, "reply") if flow && !by_name => return Bound::Side(Direction::Reply),
            // A name with a dot is one only in brackets.
            (Bound::Row, name) if by_name || !name.contains('.') => self.subject.field(name),
            (Bound::Side(Direction::Orig), name) if !by_name => Place::of_side("orig", name),
            (Bound::Side(Direction::Reply), name) if !by_name => Place::of_side("reply", name),
            (Bound::Plain(value), _) if !by_name => {
                return Bound::Plain(Expr::Property(Box::new(value.clone()), name));
            }
            _ => None,
        };
        Bound::Plain(match field {
            Some(field) => Expr::Field(field),
            None => self.unread(format!("`{name}` is no field of the row"), position),
        })
    }

    fn method(&mut self, value: Expr, call: &FnCallExpr, position: Position) -> Expr {
        let args = self.all(&call.args);
        match Function::named(&call.name) {
            Some(function) if !self.defines(&call.name) => {
                Expr::Call(function, std::iter::once(value).chain(args).collect())
            }
            _ => self.unread(format!("`{}` is called", call.name), position),
        }
    }

    pub(super) fn call(&mut self, call: &FnCallExpr, position: Position) -> Expr {
        let name = call.name.as_str();
        if call.is_qualified() || call.capture_parent_scope {
            return self.unread(format!("`{name}` of a module is called"), position);
        }
        if let Some(expr) = self.own_function(call, position) {
            return expr;
        }
        let mut args = self.all(&call.args).into_iter();
        let expr = match (name, args.len(), args.next(), args.next()) {
            ("!", 1, Some(value), None) => Some(Expr::Not(Box::new(value))),
            ("-", 1, Some(value), None) => Some(Expr::Negative(Box::new(value))),
            ("contains", 2, Some(whole), Some(item)) => Some(Expr::In(Box::new([item, whole]))),
            ("..", 2, Some(first), Some(end)) => Some(Expr::Range(Box::new([first, end]), false)),
            ("..=", 2, Some(first), Some(end)) => Some(Expr::Range(Box::new([first, end]), true)),
            (_, 2, Some(a), Some(b)) if call.is_operator_call() => {
                Op::named(name).map(|op| Expr::Binary(op, Box::new([a, b])))
            }
            (_, _, first, second) if !call.is_operator_call() => Function::named(name)
                .map(|f| Expr::Call(f, first.into_iter().chain(second).chain(args).collect())),
            _ => None,
        };
        match expr {
            Some(expr) if !self.defines(name) => expr,
            _ => self.unread(format!("`{name}` is called"), position),
        }
    }
}

/// A value of the script as an expression, if it has one that means the same.
pub(in crate::script) fn constant(value: &Dynamic) -> Option<Expr> {
    let ends =
        |first, end| Box::new([Expr::Const(Value::Int(first)), Expr::Const(Value::Int(end))]);
    if let Some(range) = value.read_lock::<std::ops::Range<i64>>() {
        return Some(Expr::Range(ends(range.start, range.end), false));
    }
    if let Some(range) = value.read_lock::<std::ops::RangeInclusive<i64>>() {
        return Some(Expr::Range(ends(*range.start(), *range.end()), true));
    }
    exact(value).map(Expr::Const)
}
