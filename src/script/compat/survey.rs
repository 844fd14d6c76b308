//! What a script asks about rows, found in its text before anything runs: its closures, and the texts
//! of its filters.

use rhai::{
    AST, ASTNode, Dynamic, Expr, FnCallExpr, FnPtr, ImmutableString, Map, Module, Position,
    ScriptFuncDef, Shared, Stmt,
};

use super::read::read_as;
use crate::script::expr::{Subject, Why};

/// What the names of closures begin with.
const CLOSURE: &str = "anon$";
/// What asks a closure about one row after another.
const VERBS: [&str; 11] =
    ["avg", "distinct", "filter", "flows", "group", "max", "min", "select", "sort", "sum", "where"];
/// What takes a filter of flows, also as a text.
const FILTERED: [&str; 5] = ["filter", "flows", "protect", "reconcile", "where"];
/// What makes rows of other kinds out of flows.
const MAKERS: [&str; 6] = ["diff", "group", "rates", "rows", "select", "snapshot"];

/// What is to be said of the closures in `ast`, in the order of the text: what of them only the
/// interpreter can do, and what they compare with words that no flow shows.
pub(in crate::script) fn survey(ast: &AST) -> Vec<Why> {
    let library = ast.shared_lib();
    let mut found: Vec<Why> = Vec::new();
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        let Some(call) = call_of(path.last(), &VERBS) else { return true };
        let each = |arg| closures(arg).into_iter().map(move |name| (name, arg));
        for (name, arg) in call.args.iter().flat_map(each) {
            if let Some(definition) = definition(library, &name) {
                let captured = definition.params.len().saturating_sub(1);
                let libraries = std::slice::from_ref(library);
                let read = read_as(libraries, &definition, captured, subject(path, call));
                let left = |why: Why| Why {
                    text: format!("left to the interpreter: {}", why.text),
                    ..why
                };
                found.extend(read.unread.into_iter().map(left));
                let position = arg.position();
                let doubts = read.expr.doubts().into_iter();
                found.extend(doubts.map(|text| Why { text, position }));
            }
        }
        true
    });
    found.sort_by_key(|why| (why.position.line(), why.position.position()));
    found.dedup();
    found
}

/// The texts in `ast` that are filters of flows, each with its place, in the order of the text.
pub(in crate::script) fn filters(ast: &AST) -> Vec<(ImmutableString, Position)> {
    let library = ast.shared_lib();
    let mut found = Vec::new();
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        let Some(call) = call_of(path.last(), &FILTERED) else { return true };
        let method = matches!(path.last(), Some(ASTNode::Expr(Expr::MethodCall(..))));
        let asks_flows = match call.name.as_str() {
            "where" => subject(path, call) == Subject::Flow,
            // An array has a `filter` of its own.
            "filter" | "protect" | "reconcile" => !method,
            _ => true,
        };
        if let [Expr::StringConstant(text, position), ..] = call.args.as_slice()
            && asks_flows
            && !text.starts_with(CLOSURE)
            && definition(library, &call.name).is_none()
        {
            found.push((text.clone(), *position));
        }
        true
    });
    found.sort_by_key(|(_, position)| (position.line(), position.position()));
    found
}

/// The call that `node` is, if it is one of `names`.
fn call_of<'n>(node: Option<&ASTNode<'n>>, names: &[&str]) -> Option<&'n FnCallExpr> {
    match node? {
        ASTNode::Expr(Expr::MethodCall(call, _) | Expr::FnCall(call, _))
        | ASTNode::Stmt(Stmt::FnCall(call, _)) => {
            names.contains(&call.name.as_str()).then_some(call)
        }
        _ => None,
    }
}

/// The names of the closures that are written in `arg`, on their own or in a map.
fn closures(arg: &Expr) -> Vec<String> {
    let mut names = Vec::new();
    arg.walk(&mut Vec::new(), &mut |path: &[ASTNode<'_>]| {
        match path.last() {
            Some(ASTNode::Expr(Expr::StringConstant(name, _))) => names.push(name.to_string()),
            Some(ASTNode::Expr(Expr::DynamicConstant(value, _))) => within(value, &mut names),
            _ => (),
        }
        true
    });
    names.retain(|name| name.starts_with(CLOSURE));
    names
}

/// The names of the closures that are, or are in, a constant.
fn within(value: &Dynamic, names: &mut Vec<String>) {
    if let Some(closure) = value.read_lock::<FnPtr>() {
        names.push(closure.fn_name().to_owned());
    } else if let Some(cells) = value.read_lock::<Map>() {
        cells.values().for_each(|value| within(value, names));
    }
}

fn definition(library: &Module, name: &str) -> Option<Shared<ScriptFuncDef>> {
    let mut functions = library.iter_script_fn_info();
    functions.find(|(_, _, known, _, _)| *known == name).map(|(.., definition)| definition.clone())
}

/// What the verb at the end of `path` asks about, by what stands before it in its chain. What is
/// not known is taken for a record, which may have any field.
fn subject(path: &[ASTNode<'_>], call: &FnCallExpr) -> Subject {
    let chain = path.iter().rev().skip(1).map_while(|node| match node {
        ASTNode::Expr(Expr::Dot(parts, ..) | Expr::Index(parts, ..)) => Some(&parts.lhs),
        _ => None,
    });
    let chain: Vec<&str> = chain.filter_map(name).collect();
    if chain.iter().any(|name| MAKERS.contains(name)) {
        return Subject::Record;
    }
    match chain.iter().find(|name| matches!(**name, "flows" | "expectations")) {
        Some(&"expectations") => Subject::Expectation,
        Some(_) => Subject::Flow,
        None if matches!(call.name.as_str(), "filter" | "flows") => Subject::Flow,
        None => Subject::Record,
    }
}

/// The name of one link of a chain.
fn name(link: &Expr) -> Option<&str> {
    match link {
        Expr::Variable(variable, ..) => Some(&variable.1),
        Expr::Property(property, _) => Some(&property.2),
        Expr::MethodCall(call, _) | Expr::FnCall(call, _) => Some(&call.name),
        _ => None,
    }
}
