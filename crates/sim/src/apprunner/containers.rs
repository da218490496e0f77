//! The containers of a version: what keeps them from starting, how they behave, what they say.

use serde_json::{Value, json};

use crate::apprunner::model::{Due, Instance, Kind, Service, Settings};
use crate::behaviour::{Behaviour, Check, Exit, Fate, LogLine, Origin, Rule, Subject};
use crate::images::Reference;
use crate::logs::Logs;
use crate::parameters::Parameters;
use crate::record::content_digest;
use crate::schedule::What;
use crate::secrets::Secrets;
use crate::world::Env;

/// App Runner gives a container that ends so long to come up again, in seconds.
const PATIENCE: f64 = 54.0;
/// What a container says is in its log group so much later (aws/apprunner-roadmap#110 tells of minutes).
const LAG: f64 = 90.0;
/// App Runner runs this platform only.
const PLATFORM: &str = "linux/amd64";

/// How a version that starts turns out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Verdict {
    Passes { after: f64 },
    Exits { after: f64 },
    FailsHealth,
}

/// Gives the operation the version that it will try.
pub(crate) fn attempt(env: &mut Env, of: &mut Service, index: usize) {
    let id = env.ids.hex(32);
    let origin = origin(of.operations[index].kind);
    let image = of.settings.image().to_owned();
    // A resumption deploys what ran before the pause, not what the tag means by now.
    let kept = of.last_good.as_ref().filter(|_| of.operations[index].kind == Kind::Resume);
    let digest = kept.filter(|i| i.image == image).map(|i| i.digest.clone());
    let digest = digest.unwrap_or_else(|| env.images.resolve(&image));
    let is_new = is_new(of, index, &digest);
    let behaviour = behaviour(env, &of.name, &image, origin, is_new);
    of.operations[index].attempt =
        Some(Instance { id, settings: of.settings.clone(), image, digest, behaviour, origin, is_new });
}

/// The image is pulled: from now on the attempt has its digest.
pub(crate) fn pinned(env: &Env, of: &mut Service, index: usize) {
    let kind = of.operations[index].kind;
    let serving = of.serving.as_ref().map(|i| (i.image.clone(), i.digest.clone()));
    let completed = of.completed.clone();
    let name = of.name.clone();
    let Some(attempt) = of.operations[index].attempt.as_mut() else { return };
    match serving {
        // An update that leaves the image as it is deploys what runs.
        Some((image, digest)) if kind == Kind::Update && image == attempt.image => attempt.digest = digest,
        _ if kind == Kind::Resume => {}
        _ => attempt.digest = env.images.resolve(&attempt.image),
    }
    attempt.is_new =
        kind == Kind::Deploy || !completed.contains(&content(&attempt.settings, &attempt.digest));
    attempt.behaviour = behaviour(env, &name, &attempt.image, attempt.origin, attempt.is_new);
    if !runs_here(env, attempt) && attempt.behaviour.exit.is_none() {
        attempt.behaviour.exit = Some(Exit { after: 0.2, code: 1, ..Exit::default() });
        let line = "exec /app/entrypoint.sh: exec format error".to_owned();
        attempt.behaviour.logs = Some(vec![LogLine { after: 0.1, line, ..LogLine::default() }]);
    }
}

/// Why the version cannot be started at all, its image or a secret that it names: what the log says, and the reason that the
/// deployment's failure gives.
pub(crate) fn why_not_started(
    env: &Env,
    (secrets, parameters): (&Secrets, &Parameters),
    of: &Service,
    index: usize,
) -> Option<(String, Option<&'static str>)> {
    let attempt = of.operations[index].attempt.as_ref()?;
    let failed =
        |reason: &str| Some((format!("Failed to pull your application image. Reason: {reason}"), None));
    match attempt.behaviour.pull_error.as_deref() {
        None => {}
        Some("") => return None,
        // What a scenario has ECS say, App Runner says in its own way.
        Some(error) if error.contains("not found") => return failed("ECR image doesn't exist."),
        Some(error) if ["403", "denied", "not authorized"].iter().any(|word| error.contains(word)) => {
            return failed("Invalid Access Role in AuthenticationConfiguration.");
        }
        Some(error) => return failed(&filled(error, attempt)),
    }
    let image = env.images.find(&attempt.image);
    if image.is_some_and(|image| image.missing) {
        return failed("ECR image doesn't exist.");
    }
    // An index that has nothing for the platform cannot be copied (aws/apprunner-roadmap#46).
    if image.is_some_and(|image| image.pull_failure(&attempt.image, PLATFORM).is_some()) {
        let said = "Failed to copy the image from ECR.";
        return Some((said.to_owned(), Some(said)));
    }
    let told = attempt.behaviour.start_error.as_deref().is_some_and(|error| error.contains("secret"));
    let lacks = |from: &str| secrets.lacks(env, from).is_some() || parameters.has(env, from) == Some(false);
    let lacking = of.settings.secrets().into_iter().find(|(_, from)| told || lacks(from));
    // The wording is to be confirmed.
    lacking.map(|(variable, from)| {
        let (what, code) = match from.contains(":secretsmanager:") {
            true => ("secret", "ResourceNotFoundException"),
            false => ("parameter", "ParameterNotFound"),
        };
        let said =
            format!("Failed to retrieve the {what} {from} of the environment variable {variable}: {code}.");
        (said, None)
    })
}

/// The containers start: they begin to speak, and how they turn out is settled.
pub(crate) fn start(env: &mut Env, logs: &mut Logs, of: &Service, index: usize) -> Verdict {
    let Some(attempt) = of.operations[index].attempt.as_ref() else { return Verdict::FailsHealth };
    speak(env, logs, of, attempt, LAG);
    verdict(&attempt.behaviour, &of.settings)
}

/// A version that has stood for long: it has said what it says at its start.
pub(crate) fn stand(env: &mut Env, logs: &mut Logs, of: &Service, instance: &Instance) {
    let (group, stream) = (of.log_group("application"), format!("instance/{}", instance.id));
    logs.ensure_group(env, &group);
    logs.ensure_stream(env, &group, &stream);
    for LogLine { line, .. } in lines(instance) {
        logs.write(env, &group, &stream, env.now(), &filled(&line, instance));
    }
}

/// A version that serves takes on new behaviours.
pub(crate) fn behave_now(env: &mut Env, logs: &mut Logs, of: &mut Service, rules: &[Rule]) {
    let name = of.name.clone();
    let Some(mut serving) = of.serving.take() else { return };
    for rule in rules {
        let is_new = serving.is_new;
        if rule.matches.fits(&subject(&name, &serving.image, serving.origin, is_new)) {
            serving.behaviour.overlay(&rule.behaviour);
            if rule.behaviour.logs.is_some() {
                speak(env, logs, of, &serving, LAG);
            }
        }
    }
    of.serving = Some(serving);
}

/// What becomes of the operation itself.
pub(crate) fn fate(env: &Env, of: &Service, index: usize) -> Fate {
    let image = of.settings.image();
    let digest = env.images.resolve(image);
    let is_new = is_new(of, index, &digest);
    let kind = of.operations[index].kind;
    behaviour(env, &of.name, image, origin(kind), is_new).operation.unwrap_or_default()
}

/// Whether a version that is started again comes up.
pub(crate) fn stands(env: &Env, service: &str, instance: &Instance, origin: Origin) -> bool {
    let behaviour = behaviour(env, service, &instance.image, origin, false);
    matches!(verdict(&behaviour, &instance.settings), Verdict::Passes { .. })
}

/// How a version behaves that was furnished.
pub(crate) fn furnished(env: &Env, service: &str, instance: &Instance) -> Behaviour {
    behaviour(env, service, &instance.image, Origin::Furnish, false)
}

/// What makes two versions the same: the image by its digest, however it is written, and what it runs with.
pub(crate) fn content(settings: &Settings, digest: &str) -> String {
    let repository = settings.at("/SourceConfiguration/ImageRepository");
    let runs_with = ["InstanceConfiguration", "HealthCheckConfiguration", "NetworkConfiguration"]
        .map(|member| settings.body.get(member).unwrap_or(&Value::Null));
    content_digest(&json!({
        "image": Reference::parse(settings.image()).name,
        "digest": digest,
        "configuration": repository["ImageConfiguration"],
        "runs_with": runs_with,
    }))
}

/// The health check as logs name it: the space before the path is there only while it is performed.
pub(crate) fn check_of(settings: &Settings, performed: bool) -> String {
    let port = settings.port();
    if settings.at("/HealthCheckConfiguration/Protocol") == "HTTP" {
        let path = settings.at("/HealthCheckConfiguration/Path").as_str().unwrap_or("/");
        let space = if performed { " " } else { "" };
        format!("protocol `HTTP`{space}[Path: '{path}'], [Port: '{port}']")
    } else {
        format!("protocol `TCP` [Port: '{port}']")
    }
}

/// A version that has not completed a deployment yet; StartDeployment is for what was pushed, so what it brings counts as new.
fn is_new(of: &Service, index: usize, digest: &str) -> bool {
    of.operations[index].kind == Kind::Deploy || !of.completed.contains(&content(&of.settings, digest))
}

fn origin(kind: Kind) -> Origin {
    match kind {
        Kind::Create => Origin::Create,
        Kind::Update | Kind::Deploy | Kind::Pause | Kind::Resume | Kind::Delete => Origin::Update,
    }
}

fn subject<'a>(service: &'a str, image: &'a str, origin: Origin, is_new: bool) -> Subject<'a> {
    Subject {
        cluster: "",
        service: Some(service),
        family: service,
        image,
        container: service,
        command: "",
        is_main: true,
        origin,
        is_new,
    }
}

fn behaviour(env: &Env, service: &str, image: &str, origin: Origin, is_new: bool) -> Behaviour {
    env.behaviour(&subject(service, image, origin, is_new))
}

fn runs_here(env: &Env, attempt: &Instance) -> bool {
    let image = env.images.find(&attempt.image);
    image.is_none_or(|image| image.runs_on(PLATFORM))
}

fn verdict(behaviour: &Behaviour, settings: &Settings) -> Verdict {
    if behaviour.exit.as_ref().is_some_and(|exit| exit.after <= PATIENCE) {
        return Verdict::Exits { after: PATIENCE };
    }
    let fails = behaviour.health == Some(Check::Failing) || behaviour.target == Some(Check::Failing);
    let checks_http = settings.at("/HealthCheckConfiguration/Protocol") == "HTTP";
    if fails || (checks_http && !answers_check(behaviour, settings)) {
        return Verdict::FailsHealth;
    }
    let number =
        |member: &str| settings.at(&format!("/HealthCheckConfiguration/{member}")).as_f64().unwrap_or(1.0);
    Verdict::Passes { after: number("Interval") * number("HealthyThreshold") }
}

/// Whether what the container serves satisfies the HTTP check: any status from 200 to 399.
fn answers_check(behaviour: &Behaviour, settings: &Settings) -> bool {
    let Some(routes) = &behaviour.routes else { return true };
    let path = settings.at("/HealthCheckConfiguration/Path").as_str().unwrap_or("/");
    let path = path.split('?').next().unwrap_or_default();
    let answer = routes.iter().find(|route| {
        let leads = match route.path.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix),
            None => route.path == path,
        };
        // A health check sends no headers of its own.
        leads
            && route.requires.is_empty()
            && route.method.as_deref().is_none_or(|m| m.eq_ignore_ascii_case("GET"))
    });
    answer.is_some_and(|route| (200..400).contains(&route.status))
}

fn speak(env: &mut Env, logs: &mut Logs, of: &Service, instance: &Instance, lag: f64) {
    let (group, stream) = (of.log_group("application"), format!("instance/{}", instance.id));
    logs.ensure_group(env, &group);
    for LogLine { after, line, late } in lines(instance) {
        let said = env.wall_after(after);
        let message = filled(&line, instance);
        let due = Due::Says { group: group.clone(), stream: stream.clone(), at: said, message };
        env.after_exactly(after + lag + late, What::AppRunner(due));
    }
}

fn lines(instance: &Instance) -> Vec<LogLine> {
    instance.behaviour.logs.clone().unwrap_or_else(|| {
        let ready = format!("listening on 0.0.0.0:{}", instance.settings.port());
        vec![
            LogLine { after: 0.2, line: "starting".to_owned(), ..LogLine::default() },
            LogLine { after: 1.0, line: ready, ..LogLine::default() },
        ]
    })
}

fn filled(line: &str, instance: &Instance) -> String {
    line.replace("${digest}", &instance.digest).replace("${image}", &instance.image)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::behaviour::Route;
    use serde_json::Map;

    fn settings(protocol: &str) -> Settings {
        let health = json!({"Protocol": protocol, "Path": "/health", "Interval": 5, "HealthyThreshold": 2});
        Settings {
            body: Map::from_iter([("HealthCheckConfiguration".to_owned(), health)]),
            scaling: String::new(),
        }
    }

    fn serving(path: &str, status: u16) -> Behaviour {
        let route: Route = serde_json::from_value(json!({"path": path, "status": status})).unwrap();
        Behaviour { routes: Some(vec![route]), ..Behaviour::default() }
    }

    #[test]
    fn the_check_asks_what_the_container_serves() {
        for (what, behaviour, protocol, verdict_is) in [
            ("nothing said", Behaviour::default(), "HTTP", Verdict::Passes { after: 10.0 }),
            ("its path", serving("/health", 204), "HTTP", Verdict::Passes { after: 10.0 }),
            ("asks for a login", serving("/health", 401), "HTTP", Verdict::FailsHealth),
            ("another path", serving("/", 200), "HTTP", Verdict::FailsHealth),
            ("a port is enough", serving("/", 500), "TCP", Verdict::Passes { after: 10.0 }),
            (
                "it ends",
                Behaviour {
                    exit: Some(Exit { after: 2.0, code: 0, ..Exit::default() }),
                    ..Behaviour::default()
                },
                "TCP",
                Verdict::Exits { after: PATIENCE },
            ),
            (
                "it ends much later",
                Behaviour {
                    exit: Some(Exit { after: 600.0, code: 1, ..Exit::default() }),
                    ..Behaviour::default()
                },
                "TCP",
                Verdict::Passes { after: 10.0 },
            ),
        ] {
            assert_eq!(verdict(&behaviour, &settings(protocol)), verdict_is, "{what}");
        }
    }

    #[test]
    fn a_check_is_named_as_the_logs_name_it() {
        assert_eq!(check_of(&settings("HTTP"), true), "protocol `HTTP` [Path: '/health'], [Port: '8080']");
        assert_eq!(check_of(&settings("HTTP"), false), "protocol `HTTP`[Path: '/health'], [Port: '8080']");
        assert_eq!(check_of(&settings("TCP"), true), "protocol `TCP` [Port: '8080']");
        assert!(settings("TCP").at("/NoSuch/Member").is_null());
    }
}
