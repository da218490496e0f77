//! The pages that a person sees: who signs in, the code of a device, what came of it. No script, nothing from elsewhere.

use serde_json::Value;

/// A page from what an operation answered: `page` names it.
pub(crate) fn page(of: &Value) -> String {
    let text = |member: &str| escaped(of[member].as_str().unwrap_or_default());
    match of["page"].as_str().unwrap_or_default() {
        "choose" => choose(of),
        "enter_code" => shell(
            "Enter the code",
            &format!(
                "<p>{}</p><form method=\"get\" action=\"/_holdpoint/device\"><label>The code that the command line or the window shows \
                 <input name=\"user_code\" autocomplete=\"off\" autofocus></label><button>Next</button></form>",
                text("said")
            ),
        ),
        "waiting" => shell(
            "Nobody answers here",
            "<p>This sign-in is never answered: the switch <code>approve</code> says <code>never</code>.</p>",
        ),
        _ => shell(&text("title"), &format!("<p>{}</p>", text("said"))),
    }
}

/// The page of a request that cannot go on.
pub(crate) fn refused(message: &str) -> String {
    shell("This cannot go on", &format!("<p>{}</p>", escaped(message)))
}

/// The people to pick from, and the decision; everything else of the request goes along in hidden fields.
fn choose(of: &Value) -> String {
    let text = |member: &str| escaped(of[member].as_str().unwrap_or_default());
    let hidden: String = of["fields"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| {
            format!(
                "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
                escaped(name),
                escaped(value.as_str().unwrap_or_default())
            )
        })
        .collect();
    let people: String = of["people"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .enumerate()
        .map(|(index, name)| {
            let name = escaped(name);
            let checked = if index == 0 { " checked" } else { "" };
            format!("<label><input type=\"radio\" name=\"person\" value=\"{name}\"{checked}> {name}</label>")
        })
        .collect();
    let code = of["user_code"].as_str().map_or_else(String::new, |code| {
        format!("<p>Allow only if this code is shown to you: <strong>{}</strong></p>", escaped(code))
    });
    shell(
        &format!("{} asks to sign in", text("client")),
        &format!(
            "<p>{}</p>{code}<form method=\"post\" action=\"{}\">{hidden}<fieldset><legend>You are</legend>{people}</fieldset>\
             <button name=\"decision\" value=\"allow\">Allow</button> <button name=\"decision\" value=\"deny\">Deny</button></form>",
            text("start_url"),
            text("action"),
        ),
    )
}

fn shell(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title} – practice</title><style>body{{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:4rem auto;padding:0 1rem;\
         color:#1b1f24;background:#fff}}label{{display:block;margin:.4rem 0}}button{{font:inherit;padding:.4rem 1rem;margin:1rem .5rem 0 0}}\
         small{{color:#57606a}}@media(prefers-color-scheme:dark){{body{{color:#e6e6e6;background:#15181c}}small{{color:#9aa4ae}}}}</style></head>\
         <body><h1>{title}</h1>{body}<p><small>This is the practice account on your own machine. It is not AWS.</small></p></body></html>"
    )
}

/// Text between tags or in a quoted attribute, in HTML and XML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
