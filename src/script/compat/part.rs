//! A closure that cannot be read as a whole, taken apart: what steers it is read here, and all else
//! is a part, with the piece of Rhai's syntax tree that the interpreter can be asked for alone.

use std::rc::Rc;

use rhai::{ASTFlags, Expr as Node, ImmutableString, Position, StaticVec, Stmt, StmtBlock};

use super::read::{Bound, Reader, declares, returns};
use crate::flow::Value;
use crate::script::expr::{Arm, Expr, Part, Role};

/// A piece of the syntax tree, and the variables in sight there that the closure has made.
#[derive(Debug, Clone)]
pub(in crate::script) struct Tree(Rc<Piece>);

#[derive(Debug)]
struct Piece {
    node: Node,
    locals: Vec<ImmutableString>,
}

/// Two pieces are equal only if they are the same one.
impl PartialEq for Tree {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Tree {
    pub(super) fn node(&self) -> &Node {
        &self.0.node
    }

    pub(super) fn locals(&self) -> &[ImmutableString] {
        &self.0.locals
    }
}

/// Operands that are asked for together.
type Join = fn(Box<StaticVec<Node>>, Position) -> Node;

impl Reader<'_> {
    /// What `statements`, with which the closure ends, answer.
    pub(super) fn apart(&mut self, statements: &[Stmt]) -> Expr {
        let known = self.names.clone();
        let expr = self.steps(statements);
        self.names = known;
        // One call is cheaper than several.
        if expr.is_left() { self.rest(statements) } else { expr }
    }

    fn steps(&mut self, statements: &[Stmt]) -> Expr {
        let Some((statement, rest)) = statements.split_first() else {
            return self.part(Expr::Const(Value::Absent), Node::Unit(Position::NONE), Role::Answer);
        };
        match statement {
            Stmt::Noop(_) => self.steps(rest),
            Stmt::Var(variable, flags, _) => {
                let (name, value, again) = &**variable;
                // A second variable of one name in a block takes the place of the first.
                let again = again.map(|back| self.names.len().checked_sub(back.get()));
                let given = again.is_some_and(|index| index.is_none_or(|i| i < self.params));
                let read = self.read(value);
                let changes = self.changes.names(&name.name) || flags.contains(ASTFlags::EXPORTED);
                if given || changes || read.hopeless().is_some() {
                    return self.rest(statements);
                }
                if read.is_the_same_later() {
                    self.name(&name.name, read, again.flatten());
                    return self.apart(rest);
                }
                let value = self.part(read, value.clone(), Role::Kept);
                let place = self.place();
                self.name(&name.name, Expr::Local(place), again.flatten());
                Expr::Let(place, Box::new([value, self.apart(rest)]))
            }
            Stmt::Return(value, flags, position) if !flags.contains(ASTFlags::BREAK) => {
                let nothing = Node::Unit(*position);
                self.answer(value.as_deref().unwrap_or(&nothing))
            }
            Stmt::If(parts, _)
                if !rest.is_empty()
                    && returns(parts.body.statements())
                    && !declares(parts.branch.statements()) =>
            {
                let mut others = parts.branch.statements().to_vec();
                others.extend_from_slice(rest);
                self.choice(&parts.expr, parts.body.statements(), &others)
            }
            last if rest.is_empty() => self.last(last),
            other if can_be_dropped(other) => self.dropped(statements),
            _ => self.rest(statements),
        }
    }

    /// Gives `value` a name, at `index` if that is taken by another of this name.
    fn name(&mut self, name: &ImmutableString, value: Expr, index: Option<usize>) {
        let named = (name.clone(), Bound::Plain(value));
        match index.and_then(|index| self.names.get_mut(index)) {
            Some(known) => *known = named,
            None => self.names.push(named),
        }
    }

    fn last(&mut self, statement: &Stmt) -> Expr {
        match statement {
            Stmt::Expr(expr) => self.answer(expr),
            Stmt::FnCall(call, position) => self.answer(&Node::FnCall(call.clone(), *position)),
            Stmt::Block(block) => self.apart(block.statements()),
            Stmt::If(parts, _) => {
                self.choice(&parts.expr, parts.body.statements(), parts.branch.statements())
            }
            // Only what is read can choose: it has its value before anything is asked.
            Stmt::Switch(parts, _) => {
                let read = self.switch(&parts.0, &parts.1, &mut |reader, condition, value| Arm {
                    condition: reader.test(condition),
                    value: match value {
                        Some(value) => reader.answer(value),
                        None => reader.apart(&[]),
                    },
                });
                self.part(read, block(std::slice::from_ref(statement)), Role::Answer)
            }
            other => self.rest(std::slice::from_ref(other)),
        }
    }

    fn choice(&mut self, condition: &Node, then: &[Stmt], otherwise: &[Stmt]) -> Expr {
        let condition = self.test(condition);
        Expr::If(Box::new([condition, self.apart(then), self.apart(otherwise)]))
    }

    /// The first statements, whose values are dropped, and the rest. Neighbours of which nothing was
    /// read are asked for together.
    fn dropped(&mut self, statements: &[Stmt]) -> Expr {
        let mut end = 0;
        let mut first = Expr::Const(Value::Absent);
        let most = statements.len().saturating_sub(1);
        for statement in statements.iter().take(most).take_while(|s| can_be_dropped(s)) {
            self.calls = 0;
            let read = self.statement(statement, false);
            let left = read.hopeless().is_some();
            if end == 0 {
                first = read;
            } else if !left {
                break;
            }
            end += 1;
            if !left {
                break;
            }
        }
        let (dropped, rest) = statements.split_at(end);
        let value = self.part(first, block(dropped), Role::Kept);
        let place = self.place();
        Expr::Let(place, Box::new([value, self.apart(rest)]))
    }

    /// All that is left of the closure as one part.
    fn rest(&mut self, statements: &[Stmt]) -> Expr {
        self.calls = 0;
        let read = self.block(statements, true);
        self.part(read, block(statements), Role::Answer)
    }

    /// What the closure ends with.
    fn answer(&mut self, node: &Node) -> Expr {
        match node {
            Node::Stmt(block) => self.apart(block.statements()),
            _ if is_test(node) => self.test(node),
            _ => {
                let read = self.read(node);
                self.part(read, node.clone(), Role::Answer)
            }
        }
    }

    /// What must be yes or no.
    fn test(&mut self, node: &Node) -> Expr {
        match node {
            Node::And(parts, position) => {
                self.operands(parts, Node::And, *position).map_or_else(|part| part, Expr::And)
            }
            Node::Or(parts, position) => {
                self.operands(parts, Node::Or, *position).map_or_else(|part| part, Expr::Or)
            }
            Node::FnCall(call, _) if is_test(node) => {
                let inner = call.args.first().map(|inner| self.test(inner));
                match inner.filter(|inner| !inner.is_left()) {
                    Some(inner) => Expr::Not(Box::new(inner)),
                    None => self.one_test(node),
                }
            }
            _ => self.one_test(node),
        }
    }

    fn one_test(&mut self, node: &Node) -> Expr {
        let read = self.read(node);
        // As an operand, it is an error where it is neither yes nor no, and at the right place.
        let node = Node::And(Box::new(StaticVec::from_iter([node.clone()])), node.position());
        self.part(read, node, Role::Test)
    }

    /// Neighbours of which nothing was read become one part; if all are, that is given back alone.
    fn operands(
        &mut self,
        nodes: &[Node],
        join: Join,
        position: Position,
    ) -> Result<Vec<Expr>, Expr> {
        let read: Vec<Expr> = nodes.iter().map(|node| self.test(node)).collect();
        let mut operands = Vec::new();
        let mut index = 0;
        while let Some(operand) = read.get(index) {
            let run = read.iter().skip(index).take_while(|operand| operand.is_left()).count();
            if run < 2 {
                operands.push(operand.clone());
                index += 1;
                continue;
            }
            let nodes = nodes.iter().skip(index).take(run).cloned().collect();
            let node = join(Box::new(nodes), position);
            let why = operand.reason().cloned();
            let unread = why.map_or_else(|| operand.clone(), Expr::Unread);
            operands.push(self.part(unread, node, Role::Test));
            index += run;
        }
        if operands.len() == 1 { operands.pop().map_or(Ok(operands), Err) } else { Ok(operands) }
    }

    fn read(&mut self, node: &Node) -> Expr {
        self.calls = 0;
        self.expr(node)
    }

    fn part(&mut self, read: Expr, node: Node, role: Role) -> Expr {
        if matches!(read, Expr::Const(Value::Bool(_))) {
            return read;
        }
        let read = read.hopeless().cloned().map_or(read, Expr::Unread);
        let made = self.names.iter().skip(self.params);
        let mut names = Vec::new();
        let mut locals = Vec::new();
        for (name, bound) in made {
            names.push(name.clone());
            locals.push(match bound {
                Bound::Plain(expr) => expr.clone(),
                _ => Expr::Const(Value::Absent),
            });
        }
        let tree = Tree(Rc::new(Piece { node, locals: names }));
        Expr::Part(Box::new(Part { read, tree, locals, role }))
    }
}

/// True if it has a value of yes or no, or an error: what `&&` and `||` join, or `!` of that.
fn is_test(node: &Node) -> bool {
    match node {
        Node::And(..) | Node::Or(..) => true,
        Node::FnCall(call, _) => {
            call.name == "!" && call.args.len() == 1 && call.args.iter().all(is_test)
        }
        _ => false,
    }
}

/// True if what follows a statement does not depend on it but by its effects.
fn can_be_dropped(statement: &Stmt) -> bool {
    matches!(
        statement,
        Stmt::Expr(_)
            | Stmt::FnCall(..)
            | Stmt::Assignment(_)
            | Stmt::If(..)
            | Stmt::Switch(..)
            | Stmt::While(..)
            | Stmt::Do(..)
            | Stmt::For(..)
            | Stmt::Block(_)
            | Stmt::TryCatch(..)
    )
}

fn block(statements: &[Stmt]) -> Node {
    let statements = statements.iter().cloned();
    Node::Stmt(Box::new(StmtBlock::new(statements, Position::NONE, Position::NONE)))
}
