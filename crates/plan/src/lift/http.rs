//! curl and wget: a request that looks becomes a check, one that changes something is sent after a typed confirmation.

use super::flags::Takes::{Nothing, One};
use super::flags::{Flag, Options, Style, read};
use super::http_printed::{self as printed, Prints};
use super::http_said;
use super::marks::{has_gap, is_gap};
use super::values::var_name;
use super::verdict::{Answer, Draft, Keep, NewVar, keep};
use super::{Call, Output};
use serde_json::{Map, Value, json};

const CURL: &[Flag] = &[
    ("--request|-X", One),
    ("--header|-H", One),
    ("--data|-d|--data-ascii", One),
    ("--data-raw", One),
    ("--data-binary", One),
    ("--json", One),
    ("--fail|-f", Nothing),
    ("--fail-with-body", Nothing),
    ("--silent|-s", Nothing),
    ("--show-error|-S", Nothing),
    ("--no-progress-meter", Nothing),
    ("--location|-L", Nothing),
    ("--head|-I", Nothing),
    ("--include|-i", Nothing),
    ("--verbose|-v", Nothing),
    ("--output|-o", One),
    ("--write-out|-w", One),
    ("--max-time|-m", One),
    ("--connect-timeout", One),
    ("--user|-u", One),
    ("--url", One),
    ("--compressed", Nothing),
    ("--http1.1", Nothing),
    ("--http2", Nothing),
    ("--globoff|-g", Nothing),
    ("--no-buffer|-N", Nothing),
    ("--oauth2-bearer", One),
    ("--user-agent|-A", One),
];

const WGET: &[Flag] = &[
    ("--quiet|-q", Nothing),
    ("--no-verbose|-nv", Nothing),
    ("--spider", Nothing),
    ("--output-document|-O", One),
    ("--server-response|-S", Nothing),
    ("--header", One),
    ("--timeout|-T", One),
    ("--tries|-t", One),
];

/// A request as both programs ask for it.
struct Request {
    url: String,
    method: String,
    headers: Map<String, Value>,
    body: Option<String>,
    json: Option<Value>,
    follow: bool,
    timeout: Option<String>,
    /// Whether a status of 400 or more makes the command fail.
    fails: bool,
    prints: Prints,
}

/// curl.
pub(crate) fn curl(call: &Call<'_, '_>) -> Result<Answer, Keep> {
    if call.unwrapped.environment.iter().any(|one| !one.name.starts_with("AWS_")) {
        return keep("it sets variables for itself, such as a proxy");
    }
    let options = read(call.values(), call.arguments(), Style::Gnu, &[CURL])?;
    let url = match (options.rest.as_slice(), options.one("--url")) {
        ([url], None) => url.clone(),
        ([], Some(url)) => url.to_owned(),
        _ => return keep("it does not name one address"),
    };
    if options.one("--output").is_some_and(|path| path != "/dev/null" && path != "-") {
        return keep("it keeps the answer in a file");
    }
    let mut headers = headers(call, &options.all("--header"))?;
    if options.has("--user") {
        return keep("it signs in by a name and password on the command line");
    }
    if let Some(token) = options.one("--oauth2-bearer") {
        let value = secret(call, "Authorization", &format!("Bearer {token}"));
        headers.insert("Authorization".into(), value.into());
    }
    if let Some(agent) = options.one("--user-agent") {
        headers.insert("User-Agent".into(), agent.into());
    }
    let (body, json) = payload(&options)?;
    if json.is_some() && options.has("--json") {
        // What `--json` adds.
        if !headers.keys().any(|name| name.eq_ignore_ascii_case("accept")) {
            headers.insert("Accept".into(), "application/json".into());
        }
    }
    let method = match options.one("--request") {
        Some(method) if has_gap(method) => return keep("its method is only known when it runs"),
        Some(method) => method.to_uppercase(),
        None if body.is_some() || json.is_some() => "POST".to_owned(),
        None if options.has("--head") => "HEAD".to_owned(),
        None => "GET".to_owned(),
    };
    let request = Request {
        url,
        method,
        headers,
        body,
        json,
        follow: options.has("--location"),
        timeout: options.one("--max-time").map(seconds).transpose()?,
        fails: options.has("--fail") || options.has("--fail-with-body"),
        prints: printed::by_curl(&options),
    };
    lifted(call, request)
}

/// wget.
pub(crate) fn wget(call: &Call<'_, '_>) -> Result<Answer, Keep> {
    let options = read(call.values(), call.arguments(), Style::Gnu, &[WGET])?;
    let [url] = options.rest.as_slice() else { return keep("it does not name one address") };
    let thrown = options.has("--spider")
        || options.one("--output-document").is_some_and(|path| path == "-" || path == "/dev/null");
    if !thrown {
        return keep("it keeps the answer in a file");
    }
    let request = Request {
        url: url.clone(),
        method: if options.has("--spider") { "HEAD" } else { "GET" }.to_owned(),
        headers: headers(call, &options.all("--header"))?,
        body: None,
        json: None,
        follow: true,
        timeout: options.one("--timeout").map(seconds).transpose()?,
        fails: true,
        prints: printed::by_wget(&options),
    };
    lifted(call, request)
}

fn lifted(call: &Call<'_, '_>, request: Request) -> Result<Answer, Keep> {
    let url = address(call, &request.url)?;
    let reads = matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS")
        && request.body.is_none()
        && request.json.is_none();
    if let Output::Variable(name) = &call.output {
        return keep(format!("`{name}` keeps what is answered, to be read by other programs"));
    }
    let mut draft =
        Draft::of(if reads { "http.check" } else { "http.request" }, name(call, &url, &request.method))
            .with("url", url.clone());
    let mut headers = request.headers;
    let preflight = if request.method == "OPTIONS" { preflight(&mut headers) } else { None };
    if request.method != "GET" && preflight.is_none() {
        draft = draft.with("method", request.method.as_str());
    }
    let asks = preflight.is_some();
    draft = draft
        .maybe("headers", (!headers.is_empty()).then_some(headers))
        .maybe("preflight", preflight)
        .maybe("body", request.body)
        .maybe("json", request.json)
        .maybe("follow_redirects", request.follow.then_some(true))
        .maybe("timeout", request.timeout);
    if !reads {
        let shown = super::assigned::shown(&url);
        draft = draft.with(
            "confirm",
            format!("{} {}", request.method, if has_gap(&url) { "request".to_owned() } else { shown }),
        );
    }
    let said = call.scene.said(1);
    let understood = http_said::expectation(&said, asks);
    draft.expect = understood.expect;
    for guess in understood.guessed {
        call.values().guess(guess);
    }
    if request.fails && http_said::drops_failures(&mut draft.expect) {
        return keep("the text expects a status that `--fail` fails at");
    }
    if let Output::Searched { text, any_case } = &call.output {
        printed::searched(call, &mut draft, request.prints, text, *any_case)?;
    }
    // Without an expectation a check wants a status below 400, and the command is content with any answer.
    if !draft.expect.contains_key("status") && !request.fails {
        if draft.expect.is_empty() && !said.is_empty() && understood.missed {
            return keep("what should come of it is said in words that no check knows");
        }
        call.values().guess("a status of 400 or more is not what is wanted");
    }
    Ok(draft.into())
}

/// `-H name: value`. Values that open a door are asked for.
fn headers(call: &Call<'_, '_>, given: &[String]) -> Result<Map<String, Value>, Keep> {
    let mut map = Map::new();
    for header in given {
        let Some((name, value)) = header.split_once(':') else {
            return keep("a header comes from a file or has no value");
        };
        if name.starts_with('@')
            || has_gap(name)
            || map.keys().any(|known: &String| known.eq_ignore_ascii_case(name))
        {
            return keep("its headers are only known when it runs");
        }
        map.insert(name.trim().to_owned(), secret(call, name.trim(), value.trim()).into());
    }
    Ok(map)
}

/// The value of a header; one that opens a door becomes a secret variable.
fn secret(call: &Call<'_, '_>, name: &str, value: &str) -> String {
    let opens = ["authorization", "cookie", "proxy-authorization"].contains(&name.to_lowercase().as_str())
        || super::values::is_secret(name)
        || name.to_lowercase().ends_with("api-key");
    if !opens {
        return value.to_owned();
    }
    let (scheme, rest) = match value.split_once(' ') {
        Some((scheme @ ("Bearer" | "bearer" | "Basic" | "Token" | "token"), rest)) => {
            (format!("{scheme} "), rest)
        }
        _ => (String::new(), value),
    };
    if is_gap(rest) {
        call.values().make_secret(rest);
        return format!("{scheme}{rest}");
    }
    let bare = rest.trim_matches(['<', '>', '{', '}', '[', ']']);
    let shouted = crate::shell::yours(bare).unwrap_or(bare);
    let named = !shouted.is_empty()
        && shouted.len() <= 40
        && shouted.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '-' | ' '));
    let variable = if named { var_name(shouted) } else { var_name(name) };
    call.values().guess(format!("what stands in the header `{name}` is asked for, and not kept in the plan"));
    let gap = call.values().ask(NewVar {
        name: variable,
        default: None,
        secret: true,
        description: Some(format!("For the header `{name}`")),
    });
    format!("{scheme}{gap}")
}

fn payload(options: &Options) -> Result<(Option<String>, Option<Value>), Keep> {
    let given: Vec<String> = ["--data", "--data-raw", "--data-binary", "--json"]
        .iter()
        .flat_map(|name| options.all(name))
        .collect();
    let [body] = given.as_slice() else {
        return if given.is_empty() {
            Ok((None, None))
        } else {
            keep("its body is put together of several pieces")
        };
    };
    if body.starts_with('@') && !options.has("--data-raw") {
        return keep("its body comes from a file");
    }
    if secret_inside(body) {
        return keep("a secret stands in its body");
    }
    let declared = options.all("--header").iter().any(|header| {
        let lower = header.to_lowercase();
        lower.starts_with("content-type") && lower.contains("json")
    });
    match serde_json::from_str::<Value>(body) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) if options.has("--json") || declared => {
            Ok((None, Some(value)))
        }
        Ok(_) | Err(_) => {
            let typed = options
                .all("--header")
                .iter()
                .any(|header| header.to_lowercase().starts_with("content-type"));
            if !typed && !options.has("--json") {
                return keep("curl says that its body is a form, which a step does not say by itself");
            }
            Ok((Some(body.clone()), None))
        }
    }
}

fn secret_inside(body: &str) -> bool {
    match serde_json::from_str::<Value>(body) {
        Ok(Value::Object(map)) => map.iter().any(|(name, value)| {
            super::values::is_secret(name)
                && value.as_str().is_some_and(|text| !text.is_empty() && !has_gap(text))
        }),
        Ok(_) | Err(_) => false,
    }
}

/// What a browser asks before a request to another origin, from the headers that say so.
fn preflight(headers: &mut Map<String, Value>) -> Option<Value> {
    let name = |wanted: &str| headers.keys().find(|name| name.eq_ignore_ascii_case(wanted)).cloned();
    let origin = name("origin")?;
    let method = name("access-control-request-method")?;
    let asked = name("access-control-request-headers");
    let origin = headers.shift_remove_value(&origin)?;
    let method = headers.shift_remove_value(&method)?;
    let mut preflight = Map::new();
    preflight.insert("origin".into(), origin);
    preflight.insert("method".into(), method);
    if let Some(Value::String(list)) = asked.and_then(|name| headers.shift_remove_value(&name)) {
        let list: Vec<String> =
            list.split(',').map(|name| name.trim().to_lowercase()).filter(|name| !name.is_empty()).collect();
        preflight.insert("headers".into(), json!(list));
    }
    Some(preflight.into())
}

fn address(call: &Call<'_, '_>, url: &str) -> Result<String, Keep> {
    let settled = call.context().settled(url).unwrap_or_else(|| url.to_owned());
    if settled.contains("localhost") || settled.contains("127.0.0.1") {
        return keep("it asks this machine, which is not what is deployed");
    }
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let opens = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .any(|(name, value)| super::values::is_secret(name) && !is_gap(value) && !value.is_empty());
    let host = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or_default();
    if opens || host.contains('@') {
        return keep("a secret stands in its address");
    }
    if url.contains(['[', ']', '{', '}']) {
        return keep("curl makes several addresses of it");
    }
    if url.starts_with("https://") || url.starts_with("http://") || settled.starts_with("http") {
        return Ok(url.to_owned());
    }
    if has_gap(url) && url.starts_with('\u{E000}') {
        // The variable may hold the scheme, too.
        return Ok(url.to_owned());
    }
    if url.contains("://") {
        return keep("it does not speak HTTP");
    }
    Ok(format!("http://{url}"))
}

/// `healthz_of_api`, by the path and host.
fn name(call: &Call<'_, '_>, url: &str, method: &str) -> String {
    let settled = call.context().settled(url).unwrap_or_else(|| super::marks::written(url));
    // An address that is a variable as a whole is called as that.
    let settled = match settled.trim().strip_prefix("{{ vars.").and_then(|rest| rest.strip_suffix(" }}")) {
        Some(variable) => variable.to_owned(),
        None => settled,
    };
    let rest = settled.split_once("://").map_or(settled.as_str(), |(_, rest)| rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let what = path
        .rsplit('/')
        .find(|part| !part.is_empty())
        .unwrap_or_else(|| host.split('.').next().unwrap_or(host));
    match method {
        "GET" => what.to_owned(),
        "OPTIONS" => format!("preflight_{what}"),
        other => format!("{}_{what}", other.to_lowercase()),
    }
}

fn seconds(text: &str) -> Result<String, Keep> {
    match text.parse::<u32>() {
        Ok(seconds) if seconds > 0 => Ok(format!("{seconds}s")),
        Ok(_) | Err(_) => keep("its time limit is no number of seconds"),
    }
}

/// Takes a member out and keeps the order of the others.
trait ShiftRemove {
    fn shift_remove_value(&mut self, name: &str) -> Option<Value>;
}

impl ShiftRemove for Map<String, Value> {
    fn shift_remove_value(&mut self, name: &str) -> Option<Value> {
        let mut kept = Map::new();
        let mut found = None;
        for (key, value) in std::mem::take(self) {
            if key == name {
                found = Some(value);
            } else {
                kept.insert(key, value);
            }
        }
        *self = kept;
        found
    }
}
