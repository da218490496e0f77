//! Templates: what names they use, what they render to. Strict: undefined is an error.

use crate::{Action, Step, StepId};
use minijinja::machinery::ast::{CallArg, Expr, Stmt};
use minijinja::machinery::{parse, parse_expr};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, ErrorKind, UndefinedBehavior};
use serde_json::Value;
use std::sync::OnceLock;

/// A name that a template or an expression uses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameUsed {
    /// `steps.<step>.outputs.<output>`.
    Output {
        /// The step.
        step: StepId,
        /// The output's name.
        output: String,
    },
    /// `vars.<name>`.
    Var(String),
    /// `pinned["ecs/<cluster>/<service>"].<what>`.
    Pinned {
        /// The text in brackets.
        of: String,
        /// What of it, e.g. `task_definition`; `None` for all of it.
        what: Option<String>,
    },
    /// `run.<name>`.
    Run(String),
}

/// Why a value could not be rendered, or an expression not judged. Holds no values, which may be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// It is not well formed.
    #[error("`{template}` is not well formed: {reason}")]
    Syntax {
        /// The template as written.
        template: String,
        /// What is wrong.
        reason: String,
    },
    /// It uses a value that is not there.
    #[error("`{template}` uses a value that is not there yet; the step that gives it must succeed first")]
    Undefined {
        /// The template as written.
        template: String,
    },
    /// A list, a mapping or null was to be pasted into text.
    #[error("`{template}` pastes {what} into text; let the template be the whole value, or use `| tojson`")]
    NotText {
        /// The template as written.
        template: String,
        /// "a list", "nothing", …
        what: &'static str,
    },
    /// Anything else, such as adding text to a number.
    #[error("`{template}` cannot be computed: {reason}")]
    Other {
        /// The template as written.
        template: String,
        /// What went wrong.
        reason: String,
    },
}

/// Names that a step uses, each once, in order.
pub fn names_used(step: &Step) -> Vec<NameUsed> {
    let mut texts: Vec<(String, bool)> = Vec::new();
    let mut action = |action: &Action| {
        for value in [&action.with, &action.expect] {
            texts.extend(templates(value).into_iter().map(|text| (text, false)));
        }
    };
    action(&step.action);
    step.after.iter().for_each(|check| action(&check.action));
    step.undo.iter().for_each(action);
    texts.extend(step.when.iter().map(|text| (text.clone(), true)));
    texts.extend(step.hold.iter().flat_map(|hold| &hold.covers).map(|text| (text.clone(), true)));
    let mut names: Vec<NameUsed> = texts
        .iter()
        .filter_map(|(text, expression)| {
            if *expression { expression_paths(text) } else { template_paths(text) }.ok()
        })
        .flatten()
        .filter_map(|path| named(&path))
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Texts in a value that hold templates, in order.
pub fn templates(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(value, &mut found);
    found
}

/// Renders every template in a value. A text that is one `{{ … }}` and nothing else keeps the expression's type.
pub fn render(value: &Value, context: &Value) -> Result<Value, RenderError> {
    let context = minijinja::Value::from(Serde(context));
    render_with(value, &context)
}

/// Judges an expression as `when` does.
pub fn truth(expression: &str, context: &Value) -> Result<bool, RenderError> {
    Ok(evaluate(expression, expression, &minijinja::Value::from(Serde(context)))?.is_true())
}

/// Computes an expression, such as an entry of a hold's `covers`.
pub fn value_of(expression: &str, context: &Value) -> Result<Value, RenderError> {
    let value = evaluate(expression, expression, &minijinja::Value::from(Serde(context)))?;
    json(&value, expression)
}

/// A dotted name as written, e.g. `["steps", "a", "outputs", "b"]`.
pub(crate) type Path = Vec<String>;

/// Whether a text holds a template.
pub(crate) fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || text.contains("{#")
}

/// Names in a template, or why it is not well formed.
pub(crate) fn template_paths(text: &str) -> Result<Vec<Path>, String> {
    let tree = parse(text, "", syntax()).map_err(|error| said(&error))?;
    let Stmt::Template(template) = tree else { return Ok(Vec::new()) };
    let mut names = Names::default();
    for child in &template.children {
        if let Stmt::EmitExpr(emit) = child {
            names.visit(&emit.expr);
        } else if !matches!(child, Stmt::EmitRaw(_)) {
            return Err("only `{{ … }}` is known here, no `{% … %}` statements".to_owned());
        }
    }
    names.finish()
}

/// Names in an expression, or why it is not well formed.
pub(crate) fn expression_paths(text: &str) -> Result<Vec<Path>, String> {
    if text.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.contains("{{") {
        return Err("an expression has no braces".to_owned());
    }
    let tree = parse_expr(text).map_err(|error| said(&error))?;
    let mut names = Names::default();
    names.visit(&tree);
    names.finish()
}

/// What can be said of an expression before any run.
#[derive(Debug, Default)]
pub(crate) struct Foreseen {
    /// Its value, when no name is in it.
    pub(crate) constant: Option<bool>,
    /// Names that it compares with fixed texts, and the texts.
    pub(crate) compared: Vec<(Path, String)>,
}

/// Looks at an expression that is well formed.
pub(crate) fn foreseen(text: &str) -> Foreseen {
    let Ok(tree) = parse_expr(text) else { return Foreseen::default() };
    let mut compared = Vec::new();
    compare(&tree, &mut compared);
    Foreseen { constant: tree.as_const().map(|value| value.is_true()), compared }
}

/// Comparisons (`name == "text"`, either way round) that decide the whole: those under `and`, `or` and `not`.
fn compare(expr: &Expr<'_>, found: &mut Vec<(Path, String)>) {
    if let Expr::BinOp(op) = expr {
        compare(&op.left, found);
        compare(&op.right, found);
        equal(&op.left, &op.right, found);
    } else if let Expr::UnaryOp(op) = expr {
        compare(&op.expr, found);
    } else if let Expr::Compare(chain) = expr
        && let [only] = chain.ops.as_slice()
    {
        equal(&chain.expr, &only.expr, found);
    }
}

fn equal(left: &Expr<'_>, right: &Expr<'_>, found: &mut Vec<(Path, String)>) {
    for (name, text) in [(left, right), (right, left)] {
        if !matches!(name, Expr::GetAttr(_) | Expr::GetItem(_)) {
            continue;
        }
        let mut names = Names::default();
        names.visit(name);
        if let (Some(text), [path]) = (text.as_const(), names.paths.as_slice())
            && let Some(text) = text.as_str()
        {
            found.push((path.clone(), text.to_owned()));
        }
    }
}

/// A whole name by its path; `None` for what is not a name of a plan, or not all of one.
pub(crate) fn named(path: &[String]) -> Option<NameUsed> {
    let mut parts = path.iter().map(String::as_str);
    match (parts.next()?, parts.next(), parts.next(), parts.next()) {
        ("steps", Some(step), Some("outputs"), Some(output)) => {
            Some(NameUsed::Output { step: StepId::new(step).ok()?, output: output.to_owned() })
        }
        ("vars", Some(name), ..) => Some(NameUsed::Var(name.to_owned())),
        ("pinned", Some(of), what, _) => {
            Some(NameUsed::Pinned { of: of.to_owned(), what: what.map(str::to_owned) })
        }
        ("run", Some(name), ..) => Some(NameUsed::Run(name.to_owned())),
        _ => None,
    }
}

#[derive(Default)]
struct Names {
    paths: Vec<Path>,
    problem: Option<String>,
}

impl Names {
    fn finish(self) -> Result<Vec<Path>, String> {
        match self.problem {
            Some(problem) => Err(problem),
            None => Ok(self.paths),
        }
    }

    fn visit(&mut self, expr: &Expr<'_>) {
        match expr {
            Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_) => self.chain(expr),
            Expr::Const(_) => {}
            Expr::Slice(slice) => {
                self.visit(&slice.expr);
                [&slice.start, &slice.stop, &slice.step]
                    .into_iter()
                    .flatten()
                    .for_each(|part| self.visit(part));
            }
            Expr::UnaryOp(op) => self.visit(&op.expr),
            Expr::BinOp(op) => {
                self.visit(&op.left);
                self.visit(&op.right);
            }
            Expr::Compare(compare) => {
                self.visit(&compare.expr);
                compare.ops.iter().for_each(|op| self.visit(&op.expr));
            }
            Expr::IfExpr(choice) => {
                self.visit(&choice.test_expr);
                self.visit(&choice.true_expr);
                choice.false_expr.iter().for_each(|part| self.visit(part));
            }
            Expr::Filter(filter) => {
                self.known("filter", filter.name, ErrorKind::UnknownFilter, &format!("1|{}", filter.name));
                filter.expr.iter().for_each(|part| self.visit(part));
                self.arguments(&filter.args);
            }
            Expr::Test(test) => {
                self.known("test", test.name, ErrorKind::UnknownTest, &format!("1 is {}", test.name));
                self.visit(&test.expr);
                self.arguments(&test.args);
            }
            Expr::Call(call) => {
                if matches!(&call.expr, Expr::Var(_)) {
                    self.problem.get_or_insert_with(|| "functions are not known here".to_owned());
                } else {
                    self.problem.get_or_insert_with(|| "methods are not known here; use a filter".to_owned());
                }
            }
            Expr::List(list) => list.items.iter().for_each(|item| self.visit(item)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.visit(item)),
            Expr::Map(map) => map.keys.iter().chain(&map.values).for_each(|item| self.visit(item)),
        }
    }

    fn arguments(&mut self, arguments: &[CallArg<'_>]) {
        for argument in arguments {
            match argument {
                CallArg::Pos(expr)
                | CallArg::Kwarg(_, expr)
                | CallArg::PosSplat(expr)
                | CallArg::KwargSplat(expr) => {
                    self.visit(expr);
                }
            }
        }
    }

    /// A name with its attributes; a computed subscript ends it.
    fn chain(&mut self, expr: &Expr<'_>) {
        let mut path = Vec::new();
        let mut at = expr;
        loop {
            if let Expr::Var(var) = at {
                path.push(var.id.to_owned());
                path.reverse();
                self.paths.push(path);
                return;
            } else if let Expr::GetAttr(get) = at {
                path.push(get.name.to_owned());
                at = &get.expr;
            } else if let Expr::GetItem(get) = at {
                match get.subscript_expr.as_const() {
                    Some(key) => path.push(key.as_str().map_or_else(|| key.to_string(), str::to_owned)),
                    None => {
                        path.clear();
                        self.visit(&get.subscript_expr);
                    }
                }
                at = &get.expr;
            } else {
                return self.visit(at);
            }
        }
    }

    fn known(&mut self, what: &str, name: &str, unknown: ErrorKind, probe: &str) {
        let missing = environment()
            .compile_expression(probe)
            .and_then(|probe| probe.eval(()))
            .is_err_and(|error| error.kind() == unknown);
        if missing {
            self.problem.get_or_insert_with(|| format!("there is no {what} `{name}`"));
        }
    }
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if is_template(text) => found.push(text.clone()),
        Value::Array(list) => list.iter().for_each(|item| collect(item, found)),
        Value::Object(map) => map.values().for_each(|item| collect(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn render_with(value: &Value, context: &minijinja::Value) -> Result<Value, RenderError> {
    Ok(match value {
        Value::String(text) if is_template(text) => match whole(text) {
            Some(expression) => json(&evaluate(expression, text, context)?, text)?,
            None => Value::String(paste(text, context)?),
        },
        Value::Array(list) => {
            Value::Array(list.iter().map(|item| render_with(item, context)).collect::<Result<_, _>>()?)
        }
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(key, item)| Ok((key.clone(), render_with(item, context)?)))
                .collect::<Result<_, RenderError>>()?,
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    })
}

/// The expression of a text that is one `{{ … }}` and nothing else.
fn whole(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("{{")?.strip_suffix("}}")?;
    let tree = parse(text, "", syntax()).ok()?;
    let Stmt::Template(template) = tree else { return None };
    if !matches!(template.children.as_slice(), [Stmt::EmitExpr(_)]) {
        return None;
    }
    let inner = inner.strip_prefix('-').unwrap_or(inner);
    Some(inner.strip_suffix('-').unwrap_or(inner).trim())
}

fn evaluate(
    expression: &str,
    shown: &str,
    context: &minijinja::Value,
) -> Result<minijinja::Value, RenderError> {
    let compiled = environment().compile_expression(expression).map_err(|error| failure(&error, shown))?;
    let value = compiled.eval(context.clone()).map_err(|error| failure(&error, shown))?;
    if value.is_undefined() {
        return Err(RenderError::Undefined { template: shown.to_owned() });
    }
    Ok(value)
}

fn paste(text: &str, context: &minijinja::Value) -> Result<String, RenderError> {
    template_paths(text).map_err(|reason| RenderError::Syntax { template: text.to_owned(), reason })?;
    environment().render_str(text, context.clone()).map_err(|error| failure(&error, text))
}

fn json(value: &minijinja::Value, shown: &str) -> Result<Value, RenderError> {
    serde_json::to_value(value)
        .map_err(|error| RenderError::Other { template: shown.to_owned(), reason: error.to_string() })
}

/// Marks in an error's detail what the formatter refused.
const NOT_TEXT: [&str; 3] = ["a list", "a mapping", "nothing"];

/// Nothing is trimmed: a text that ends with a line end keeps it.
fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder().keep_trailing_newline(true).build().unwrap_or_default()
}

fn environment() -> &'static Environment<'static> {
    static ENVIRONMENT: OnceLock<Environment<'static>> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let mut environment = Environment::new();
        environment.set_syntax(syntax());
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.set_fuel(Some(1_000_000));
        environment.set_formatter(|out, state, value| {
            use minijinja::value::ValueKind;
            let kind = value.kind();
            let refused = if matches!(kind, ValueKind::Seq | ValueKind::Iterable) {
                Some(0)
            } else if kind == ValueKind::Map {
                Some(1)
            } else {
                (kind == ValueKind::None).then_some(2)
            };
            match refused.and_then(|index: usize| NOT_TEXT.get(index)) {
                Some(what) => Err(minijinja::Error::new(ErrorKind::BadSerialization, *what)),
                None => minijinja::escape_formatter(out, state, value),
            }
        });
        environment
    })
}

fn failure(error: &minijinja::Error, shown: &str) -> RenderError {
    let template = shown.to_owned();
    let kind = error.kind();
    if kind == ErrorKind::UndefinedError {
        return RenderError::Undefined { template };
    }
    if kind == ErrorKind::SyntaxError {
        return RenderError::Syntax { template, reason: said(error) };
    }
    let refused = NOT_TEXT.iter().find(|what| error.detail().is_some_and(|detail| detail.contains(**what)));
    match refused {
        Some(what) if kind == ErrorKind::BadSerialization => RenderError::NotText { template, what },
        // Details of the rest may quote values, and a value may be secret.
        _ => RenderError::Other { template, reason: kind.to_string() },
    }
}

fn said(error: &minijinja::Error) -> String {
    error.detail().map_or_else(|| error.kind().to_string(), str::to_owned)
}
