//! Terraform and OpenTofu: a plan to a sealed file, the apply of exactly that file, outputs.

use super::context::{Dir, Known};
use super::flags::Takes::{Nothing, One};
use super::flags::{Flag, Options, Style, read};
use super::marks::{gap, is_gap, written};
use super::terraform_said;
use super::verdict::{Answer, Draft, Keep, keep};
use super::{Call, Output};
use serde_json::{Map, Value, json};

const PLAN: &[Flag] = &[
    ("-out", One),
    ("-var-file", One),
    ("-var", One),
    ("-target", One),
    ("-replace", One),
    ("-destroy", Nothing),
    ("-refresh-only", Nothing),
    ("-refresh", One),
    ("-parallelism", One),
    ("-lock-timeout", One),
    ("-lock", One),
    ("-input", One),
    ("-no-color", Nothing),
    ("-compact-warnings", Nothing),
    ("-detailed-exitcode", Nothing),
    ("-concise", Nothing),
];

const APPLY: &[Flag] = &[
    ("-auto-approve", Nothing),
    ("-parallelism", One),
    ("-lock-timeout", One),
    ("-lock", One),
    ("-input", One),
    ("-no-color", Nothing),
    ("-compact-warnings", Nothing),
    ("-var-file", One),
    ("-var", One),
    ("-target", One),
    ("-replace", One),
    ("-destroy", Nothing),
    ("-refresh-only", Nothing),
    ("-refresh", One),
];

/// By subcommand.
pub(crate) fn lift(call: &Call<'_, '_>) -> Result<Answer, Keep> {
    let mut dir = folder(call)?;
    let mut words = call.arguments();
    while let Some((first, rest)) = words.split_first() {
        let text = call.values().text(first)?;
        match text.strip_prefix("-chdir=") {
            Some(to) => dir = within(&dir, to)?,
            None if text.starts_with('-') => {
                return keep(format!("`{}` has no field in a step", super::assigned::shown(&text)));
            }
            None => break,
        }
        words = rest;
    }
    let Some((verb, rest)) = words.split_first() else { return keep("it names no command") };
    let verb = call.values().text(verb)?;
    same_credentials(call)?;
    match verb.as_str() {
        "init" => init(
            call,
            &read(
                call.values(),
                rest,
                Style::Terraform,
                &[&[("-upgrade", Nothing), ("-input", One), ("-no-color", Nothing)]],
            )?,
        ),
        "plan" => plan(call, &dir, &read(call.values(), rest, Style::Terraform, &[PLAN])?),
        "apply" => apply(call, &dir, &read(call.values(), rest, Style::Terraform, &[APPLY])?),
        "output" => output(
            call,
            &dir,
            &read(
                call.values(),
                rest,
                Style::Terraform,
                &[&[("-json", Nothing), ("-raw", Nothing), ("-no-color", Nothing)]],
            )?,
        ),
        "destroy" => {
            keep("it destroys what nobody has reviewed: plan with `destroy: true`, and apply that plan")
        }
        "workspace" => {
            keep("a workspace is named by the step that plans in it; selecting one is left to the script")
        }
        other => keep(format!("`{} {other}` has no typed step", call.program)),
    }
}

fn init(call: &Call<'_, '_>, options: &Options) -> Result<Answer, Keep> {
    if options.has("-upgrade") {
        return keep("it upgrades providers, which a plan should only do when its step says so");
    }
    if !options.rest.is_empty() || call.output != Output::Screen {
        return keep("what it initialises is not known");
    }
    Ok(Answer::Absorb("`terraform.plan` initialises where that is needed".to_owned()))
}

fn plan(call: &Call<'_, '_>, dir: &str, options: &Options) -> Result<Answer, Keep> {
    screen(call)?;
    changes_reading(options)?;
    if !options.rest.is_empty() {
        return keep("it names a folder in a way that Terraform no longer takes");
    }
    let vars = variables(call, options)?;
    let mut draft = Draft::of("terraform.plan", plan_name(dir));
    draft = somewhere(call, draft, dir)?;
    let files = options.all("-var-file");
    for path in &files {
        if path.starts_with(['/', '~']) {
            return keep(format!(
                "`{}` is a file outside of the plan's folder",
                super::assigned::shown(path)
            ));
        }
    }
    draft = match files.as_slice() {
        [] => draft,
        [one] => draft.with("var_file", one.as_str()),
        many => draft.with("var_file", json!(many)),
    };
    if !vars.is_empty() {
        draft = draft.with("vars", vars);
    }
    let draft = draft
        .maybe("targets", list(options, "-target"))
        .maybe("replace", list(options, "-replace"))
        .maybe("destroy", options.has("-destroy").then_some(true))
        .maybe("refresh_only", options.has("-refresh-only").then_some(true))
        .maybe("parallelism", number(options)?)
        .maybe("lock_timeout", lock_timeout(options)?);
    let said = call.scene.said(1);
    let (expect, missed) = terraform_said::changes(&said);
    for line in missed {
        call.values().guess(format!("“{}” is not compared", super::said::short(&line)));
    }
    let mut draft = draft;
    if said.all().contains("~ aws_ecs_task_definition.") {
        call.values().guess("a task definition cannot be changed in place: its change is a replacement");
    }
    draft.expect = expect;
    draft.makes = options.one("-out").map(|path| file_of(dir, path));
    Ok(draft.into())
}

fn apply(call: &Call<'_, '_>, dir: &str, options: &Options) -> Result<Answer, Keep> {
    screen(call)?;
    changes_reading(options)?;
    let [wanted] = options.rest.as_slice() else {
        return keep(if options.rest.is_empty() {
            "it applies what nobody has reviewed: plan to a file with `-out`, and apply that file"
        } else {
            "it names several plans"
        });
    };
    if ["-var", "-var-file", "-target", "-replace", "-destroy", "-refresh-only"]
        .iter()
        .any(|name| options.has(name))
    {
        return keep("a saved plan takes no options that change it");
    }
    let place = file_of(dir, wanted);
    let made = call.context().steps.iter().rev().find_map(|before| {
        let lifted = before.lifted.as_ref().filter(|lifted| lifted.uses == "terraform.plan")?;
        let out = lifted.makes.as_ref()?;
        let program = lifted.with.get("program").and_then(Value::as_str).unwrap_or("terraform");
        (*out == place && program == call.program).then(|| before.id.clone())
    });
    let Some(id) = made else {
        return keep(format!("no step before it makes the plan `{}`", super::assigned::shown(wanted)));
    };
    let applied = call.context().steps.iter().any(|before| {
        before.lifted.as_ref().is_some_and(|lifted| {
            lifted.uses == "terraform.apply"
                && lifted.with.get("plan").and_then(Value::as_str)
                    == Some(&written(&gap(&format!("steps.{id}.outputs.file"))))
        })
    });
    if applied {
        return keep("a step before it has applied that plan already");
    }
    Ok(Draft::of("terraform.apply", id.replacen("plan", "apply", 1))
        .with("plan", gap(&format!("steps.{id}.outputs.file")))
        .maybe("parallelism", number(options)?)
        .maybe("lock_timeout", lock_timeout(options)?)
        .into())
}

fn output(call: &Call<'_, '_>, dir: &str, options: &Options) -> Result<Answer, Keep> {
    let mut draft = somewhere(call, Draft::of("terraform.output", "outputs"), dir)?;
    match (&call.output, options.rest.as_slice()) {
        (Output::Screen, []) => Ok(draft.into()),
        (Output::Screen, [_]) => Ok(draft.into()),
        (Output::Variable(variable), [name]) if options.has("-raw") => {
            if is_gap(name) {
                return keep("which output it reads is only known when it runs");
            }
            draft.name = super::values::var_name(variable);
            draft.sets = Some((variable.clone(), name.clone()));
            Ok(draft.into())
        }
        (Output::Variable(_), [_]) => keep("without `-raw` the variable holds JSON"),
        (Output::Variable(_) | Output::Searched { .. }, _) | (Output::Screen, _) => {
            keep("its output is needed by another program")
        }
    }
}

fn file_of(dir: &str, path: &str) -> String {
    let path = path.trim_start_matches("./");
    if path.starts_with('/') || dir.is_empty() { path.to_owned() } else { format!("{dir}/{path}") }
}

fn folder(call: &Call<'_, '_>) -> Result<String, Keep> {
    match &call.context().dir {
        Dir::At(dir) => Ok(dir.clone()),
        Dir::Unknown(why) => keep(format!("the folder is not known: {why}")),
    }
}

fn within(dir: &str, to: &str) -> Result<String, Keep> {
    let mut context = super::Context::default();
    context.dir = Dir::At(dir.to_owned());
    context.begin_fence();
    context.go(".");
    context.dir = Dir::At(dir.to_owned());
    context.go(to);
    match context.dir {
        Dir::At(dir) => Ok(dir),
        Dir::Unknown(why) => keep(format!("the folder is not known: {why}")),
    }
}

/// Folder, workspace and program.
fn somewhere(call: &Call<'_, '_>, draft: Draft, dir: &str) -> Result<Draft, Keep> {
    let context = call.context();
    let mut workspace = context.workspace.clone();
    if let Some(name) = context.felt.get("TF_WORKSPACE") {
        workspace = Some(name.clone());
    }
    for assignment in call.unwrapped.environment.iter() {
        match assignment.name.as_str() {
            "TF_WORKSPACE" => workspace = Some(call.values().text(&assignment.value)?),
            "AWS_PROFILE" | "AWS_REGION" | "AWS_DEFAULT_REGION" | "TF_IN_AUTOMATION" | "TF_INPUT"
            | "TF_LOG" => {}
            name if name.starts_with("TF_VAR_") => {}
            name => return keep(format!("it sets `{name}` for itself")),
        }
    }
    Ok(draft
        .maybe("dir", (!dir.is_empty()).then_some(dir))
        .maybe("workspace", workspace)
        .maybe("program", (call.program == "tofu").then_some("tofu")))
}

/// `-var name=value`.
///
/// A step's variables count above everything else ("Input Variables", Variable Definition Precedence: later options of the
/// command line above earlier ones, all of them above files that are found, and the environment below all). Where that
/// could give another value than the command's own order, it is kept.
fn variables(call: &Call<'_, '_>, options: &Options) -> Result<Map<String, Value>, Keep> {
    let set = call.unwrapped.environment.iter().map(|assignment| &assignment.name);
    if let Some(name) = set.chain(call.context().felt.keys()).find(|name| name.starts_with("TF_VAR_")) {
        return keep(format!("`{name}` gives way to every variables file, and a step's variables do not"));
    }
    if options.comes_before("-var", "-var-file") {
        return keep("a variables file after `-var` counts above it, and a step's variables above its files");
    }
    let mut vars = Map::new();
    for pair in options.all("-var") {
        let Some((name, value)) = pair.split_once('=') else { return keep("`-var` names no value") };
        if value.starts_with(['[', '{']) {
            return keep(format!("the variable `{name}` is a list or mapping on the command line"));
        }
        if super::values::is_secret(name) && !is_gap(value) {
            return keep(format!("`{name}` is a secret that stands in the text"));
        }
        vars.insert(name.to_owned(), value.into());
    }
    Ok(vars)
}

/// Refuses what comes with other credentials, or options from elsewhere.
fn same_credentials(call: &Call<'_, '_>) -> Result<(), Keep> {
    let context = call.context();
    if let Some(why) = &context.foreign {
        return keep(why.clone());
    }
    if let Some(name) =
        context.felt.keys().find(|name| name.starts_with("TF_CLI_ARGS") || *name == "TF_DATA_DIR")
    {
        return keep(format!("`{name}` adds options to it"));
    }
    if let Some(Known::Computed { why, .. }) = context.variables.get("TF_WORKSPACE") {
        return keep(format!("`TF_WORKSPACE` {why}"));
    }
    super::aws::reaches_target(call, Vec::new(), Vec::new())
}

fn changes_reading(options: &Options) -> Result<(), Keep> {
    options.refuse(&["-refresh"], "leaves out what a step always does")?;
    match options.one("-lock") {
        Some("true") | None => Ok(()),
        Some(_) => keep("it works without the state's lock"),
    }
}

fn screen(call: &Call<'_, '_>) -> Result<(), Keep> {
    match &call.output {
        Output::Screen => Ok(()),
        Output::Searched { .. } | Output::Variable(_) => keep("its output is needed by another program"),
    }
}

fn list(options: &Options, name: &str) -> Option<Value> {
    options.has(name).then(|| json!(options.all(name)))
}

fn number(options: &Options) -> Result<Option<Value>, Keep> {
    options.one("-parallelism").map(|text| super::values::number("-parallelism", text)).transpose()
}

fn lock_timeout(options: &Options) -> Result<Option<String>, Keep> {
    match options.one("-lock-timeout") {
        None => Ok(None),
        Some(text) => match text.parse::<crate::kinds::Dur>() {
            Ok(length) => Ok(Some(length.to_string())),
            Err(_) => keep("`-lock-timeout` is no length of time that is known here"),
        },
    }
}

fn plan_name(dir: &str) -> String {
    match dir.rsplit('/').next() {
        Some(last) if !last.is_empty() && last != "terraform" => format!("plan_{last}"),
        _ => "plan".to_owned(),
    }
}
