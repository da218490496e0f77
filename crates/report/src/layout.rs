//! A report laid out as a document, the same for every form: what an auditor asks first stands first.

mod people;
mod plan;
mod short;
mod walk;

use crate::document::{Block, Document, Line, Row, Section};
use crate::model::*;
use crate::words::{self, Tone};
use holdpoint_run::{Mode, WorkingCopy};

/// Lays the report out.
pub(crate) fn document(report: &Report) -> Document {
    let practice = match report.header.mode {
        Mode::Live => None,
        Mode::Practice => Some(match &report.header.scenario {
            Some(scenario) => {
                format!("PRACTICE: against the simulator, scenario {scenario}. Nothing here reached AWS.")
            }
            None => "PRACTICE: against the simulator. Nothing here reached AWS.".to_owned(),
        }),
    };
    let title = match report.header.mode {
        Mode::Live => report.header.title.clone(),
        Mode::Practice => format!("{} (practice)", report.header.title),
    };
    let sections = [
        Some(outcome(report)),
        Some(short::summary(report)),
        short::services(report),
        short::readiness(report),
        short::choices(report),
        walk::deviations(report),
        walk::diagnoses(report),
        Some(walk::stages(report)),
        walk::rollback(report),
        people::holds(report),
        people::checklists(report),
        before(report),
        changes(report),
        outputs(report),
        short::obligations(report),
        plan::costs(report),
        plan::next_steps(report),
        plan::revisions(report),
        plan::commands(report),
        evidence(report),
        requests(report),
        Some(chain(report)),
        Some(events(report)),
    ];
    Document { title, banner: practice, sections: sections.into_iter().flatten().collect() }
}

fn outcome(report: &Report) -> Section {
    let header = &report.header;
    let (tone, word) = words::end(report.outcome.end);
    let sentence =
        Line::of_state((tone, word)).strong(report.outcome.sentence.clone()).event(report.outcome.event);
    let who = if header.starter_verified { "" } else { "AWS does not vouch for this name" };
    let mut facts = vec![
        ("Run", Line::of_code(header.run.as_str())),
        ("Mode", mode(header)),
        ("Account", Line::of_code(&header.account).quiet("region").code(&header.region)),
        (
            "Role",
            Line::plain(header.role.as_deref().unwrap_or("any")).quiet(format!("profile {}", header.profile)),
        ),
        (
            "Started by",
            Line::new().strong(&header.starter).quiet(who).code(&header.starter_arn).event(header.event),
        ),
        ("Started", Line::plain(header.started.to_string())),
        ("Ended", Line::plain(header.ended.map_or_else(|| "still open".into(), |at| at.to_string()))),
        ("Took", took(header)),
        ("Plan", Line::plain(&header.plan_path).quiet(plan_lines(header))),
        ("Plan digest", Line::of_code(&header.plan_digest)),
    ];
    if let Some(sha) = &header.git_sha {
        facts.push(("Commit", Line::of_code(sha)));
    }
    if let Some(copy) = &header.working_copy {
        facts.push(("Working copy", working_copy(copy).event(header.event)));
    }
    facts.push(("Holdpoint", Line::plain(&header.version)));
    for (name, value) in &header.vars {
        facts.push(("Variable", Line::of_code(name).text("=").code(words::value(value))));
    }
    let broken = report.holds.iter().flat_map(|hold| {
        let glass = hold.signatures.iter().filter(|signature| signature.glass);
        glass.map(move |signature| {
            let why = signature.reason.as_deref().unwrap_or_default();
            let text = format!("{} passed the hold before {} alone: {why}", signature.name, hold.hold);
            Block::Text(Line::of_state((Tone::Danger, "glass broken")).strong(text).event(signature.event))
        })
    });
    let blocks = std::iter::once(Block::Text(sentence)).chain(broken);
    Section {
        id: "outcome",
        title: "Outcome".into(),
        blocks: blocks.chain(std::iter::once(Block::Facts(facts))).collect(),
    }
}

fn working_copy(copy: &WorkingCopy) -> Line {
    if let Some(why) = &copy.unknown {
        return Line::of_state((Tone::Warn, "not known")).quiet(why);
    }
    let mut line = match &copy.branch {
        Some(branch) => Line::plain("branch").code(branch),
        None => Line::plain("no branch"),
    };
    line = match &copy.commit {
        Some(commit) => line.text("at").code(commit),
        None => line.text("before its first commit"),
    };
    let all = copy.changed.len() as u64 + copy.more;
    if all == 0 {
        return line.state((Tone::Ok, "clean")).quiet("in the plan's folder");
    }
    let many = if all == 1 { "1 file".into() } else { format!("{all} files") };
    line = line.state((Tone::Warn, "dirty")).quiet(format!("{many} of the plan's folder changed or new:"));
    let named = copy.changed.iter().fold(line, |line, file| line.code(file));
    if copy.more > 0 { named.quiet(format!("and {} more", copy.more)) } else { named }
}

fn mode(header: &Header) -> Line {
    match header.mode {
        Mode::Live => Line::new().strong("live"),
        Mode::Practice if header.speed == 1.0 => Line::new().strong("practice"),
        Mode::Practice => {
            Line::new().strong("practice").quiet(format!("durations divided by {}", header.speed))
        }
    }
}

fn took(header: &Header) -> Line {
    let wall = Line::plain(words::duration(header.wall)).quiet(match header.estimate {
        Some(estimate) => format!("estimated {}", words::estimate(Some(estimate))),
        None => "not estimated".into(),
    });
    match header.planned_time == header.wall {
        true => wall,
        false => {
            wall.quiet(format!("by the clock; {} in the plan's time", words::duration(header.planned_time)))
        }
    }
}

fn plan_lines(header: &Header) -> String {
    match header.plan_lines {
        None => String::new(),
        Some(1) => "1 line".into(),
        Some(lines) => format!("{lines} lines"),
    }
}

fn before(report: &Report) -> Option<Section> {
    if report.before.is_empty() {
        return None;
    }
    let mut blocks =
        vec![Block::Text(Line::plain("Read before anything was changed; what a rollback puts back."))];
    for (index, pin) in report.before.iter().enumerate() {
        let alike = |other: &&PinReport| other.key == pin.key && other.content == pin.content;
        if report.before.iter().take(index).any(|other| alike(&other)) {
            continue;
        }
        let mut heading = Line::of_code(&pin.key);
        for same in report.before.iter().skip(index).filter(alike) {
            heading = heading.quiet(words::moment(same.moment)).event(same.event);
        }
        blocks.push(Block::Heading(heading));
        match &pin.content {
            None => blocks.push(Block::Text(Line::plain("It did not exist."))),
            Some(content) => {
                let pretty = serde_json::to_string_pretty(content).unwrap_or_else(|_| content.to_string());
                blocks.push(Block::Log(pretty.lines().map(Into::into).collect()));
            }
        }
        if let Some(sealed) = &pin.sealed {
            blocks.push(Block::Text(Line::plain("Sealed original").code(sealed)));
        }
    }
    Some(Section { id: "before", title: "What ran before, in full".into(), blocks })
}

fn changes(report: &Report) -> Option<Section> {
    if report.changes.is_empty() {
        return None;
    }
    let rows = report.changes.iter().map(|change| {
        let mut made = Line::new();
        for (kind, id) in &change.external {
            made = made.quiet(kind).code(id);
        }
        let stands = match (change.undone, change.how.is_some()) {
            (true, _) => (Tone::Warn, "undone"),
            (false, true) => (Tone::Ok, "stands"),
            (false, false) => (Tone::Danger, "unknown"),
        };
        Row::new([
            Line::of_code(&change.call),
            Line::plain(change.work.to_string()),
            made,
            Line::of_state(words::how(change.how)),
            Line::of_state(stands),
            Line::plain(change.at.to_string()).event(change.event),
        ])
    });
    let heads = vec!["Call", "Step", "Made or moved", "Receipt", "Now", "When"];
    let blocks = vec![
        Block::Text(Line::plain("Every call that changed something, and whether it stands.")),
        Block::Table(heads, rows.collect()),
    ];
    Some(Section { id: "now", title: "What the run changed".into(), blocks })
}

fn outputs(report: &Report) -> Option<Section> {
    let rows = report.outputs.iter().map(|output| {
        let value = match &output.value {
            Some(value) => Line::of_code(words::value(value)),
            // JSON knows no difference between nothing and nothing known: a secret has no digest.
            None if !output.digest.is_empty() => Line::of_code("null"),
            None => Line::new().quiet("secret, never stored"),
        };
        let users: Vec<_> = output.used_by.iter().map(|step| step.as_str()).collect();
        Row::new([
            Line::of_code(format!("{}.{}", output.step, output.name)).event(output.event),
            value,
            Line::of_code(words::short(&output.digest)),
            Line::plain(users.join(", ")),
        ])
    });
    table("outputs", "Outputs", vec!["Output", "Value", "SHA-256", "Used by"], rows.collect())
}

fn evidence(report: &Report) -> Option<Section> {
    let rows = report.evidence.iter().map(|file| {
        Row::new([
            Line::plain(&file.name).event(file.event),
            Line::plain(file.work.to_string()),
            Line::plain(&file.media),
            Line::plain(words::size(file.bytes)),
            Line::of_code(&file.digest),
        ])
    });
    table("evidence", "Evidence", vec!["File", "Step", "Type", "Size", "SHA-256"], rows.collect())
}

fn requests(report: &Report) -> Option<Section> {
    let rows = report.requests.iter().map(|request| {
        Row::new([
            Line::of_code(&request.id),
            Line::of_code(&request.call),
            Line::plain(&request.purpose),
            Line::plain(request.at.to_string()).event(request.event),
        ])
    });
    let title = "Requests, to be found in CloudTrail";
    table("requests", title, vec!["Request id", "Call", "For", "When"], rows.collect())
}

fn chain(report: &Report) -> Section {
    let chain = &report.chain;
    let facts = vec![
        ("Events", Line::plain(chain.events.to_string())),
        ("Head", Line::of_code(&chain.head)),
        ("Verify", Line::new().strong(&chain.verdict)),
    ];
    let mut blocks = vec![Block::Facts(facts)];
    blocks.push(Block::Text(match &report.carried {
        Carried::Journal(_) => Line::plain(
            "The HTML and the JSON form of this report carry every event, and check themselves on any machine:",
        )
        .code("holdpoint verify FILE")
        .quiet(format!("(written by Holdpoint {})", report.writer)),
        Carried::Not(why) => Line::of_state((Tone::Warn, "the events are not in this file"))
            .quiet(why)
            .text("It is checked beside its ledger:")
            .code(format!("holdpoint verify {}", report.header.run)),
    }));
    if !chain.anchors.is_empty() {
        let rows = chain.anchors.iter().map(|anchor| {
            Row::new([
                Line::new().event(anchor.count),
                Line::of_code(&anchor.head),
                Line::of_code(&anchor.key),
                Line::of_code(&anchor.signature),
                Line::plain(anchor.at.to_string()),
            ])
        });
        let heads = vec!["Up to", "Head", "Device key", "Signature", "When"];
        blocks.push(Block::Table(heads, rows.collect()));
    }
    Section { id: "chain", title: "The journal".into(), blocks }
}

fn events(report: &Report) -> Section {
    let rows = report.events.iter().map(|event| Row {
        event: Some(event.seq),
        cells: vec![
            Line::plain(event.seq.to_string()),
            Line::plain(event.at.to_string()),
            Line::of_code(&event.kind),
            Line::plain(&event.actor),
            Line::plain(&event.says),
            Line::of_code(words::short(&event.hash)),
        ],
    });
    let heads = vec!["Event", "When", "Kind", "By", "What", "Hash"];
    Section { id: "events", title: "Events".into(), blocks: vec![Block::Table(heads, rows.collect())] }
}

/// A section of one table; none where there is nothing in it.
fn table(id: &'static str, title: &str, heads: Vec<&'static str>, rows: Vec<Row>) -> Option<Section> {
    (!rows.is_empty()).then(|| Section { id, title: title.into(), blocks: vec![Block::Table(heads, rows)] })
}
