//! Why an operation failed: what both log groups say, the application's first, with the operation and the configuration.

use super::fitness::PLATFORM;
use super::queue::told;
use crate::built_for::built_for;
use crate::failure::failed;
use crate::words::{READ, Words};
use holdpoint_cloud::{AppOperation, AppService, Cloud, LogLine, LogQuery};
use holdpoint_engine::Task;
use holdpoint_run::{At, Diagnosis};
use std::time::Duration;

/// What the application said may come minutes after the end (aws-semantics 18): it is waited for that long.
const LATE: Duration = Duration::from_secs(180);
/// Time between two looks, in plan time.
const POLL: Duration = Duration::from_secs(5);
/// AWS's clock and a container's may differ by so much.
const SKEW: i64 = 1_000;

/// What is known when an operation has failed.
pub(crate) struct Failed<'a> {
    pub(crate) cloud: &'a Cloud,
    pub(crate) task: &'a Task,
    pub(crate) arn: &'a str,
    pub(crate) service: Option<&'a AppService>,
    pub(crate) operation: &'a AppOperation,
}

impl Failed<'_> {
    /// The diagnosis, with the labels that known problems are matched over.
    pub(crate) async fn diagnosis(&self, headline: String) -> Diagnosis {
        let Some(service) = self.service else {
            return Diagnosis::of(headline)
                .says("What AWS says", format!("{} {}", self.operation.kind, self.operation.status))
                .says("Operation", told(self.arn, self.operation));
        };
        let mut diagnosis = Diagnosis::of(headline).says(
            "What AWS says",
            format!(
                "App Runner: {} {} · the service is {}",
                self.operation.kind, self.operation.status, service.status
            ),
        );
        let events = self.lines(service, "service").await;
        let newest = |tells: fn(&str) -> bool| {
            events.as_deref().unwrap_or_default().iter().rev().find(|line| tells(&line.message))
        };
        let telling = newest(tells);
        if let Some(line) = newest(names_a_cause).filter(|line| Some(*line) != telling) {
            diagnosis = diagnosis.says("Event with a cause", said(line));
        }
        if let Some(line) = telling {
            diagnosis = diagnosis.says("Newest event", said(line));
        }
        let exit =
            events.as_deref().unwrap_or_default().iter().rev().find_map(|line| exit_code(&line.message));
        if let Some(code) = exit {
            diagnosis = diagnosis.says("Exit code", code.to_string());
        }
        diagnosis = self.logs(diagnosis, service, events).await;
        if let Some(image) = service.image() {
            diagnosis = diagnosis.says("Image", self.image_says(image).await);
        }
        diagnosis =
            diagnosis.says("Health", health(service)).says("Operation", told(self.arn, self.operation));
        hints(diagnosis, service, exit)
    }

    /// The image that failed, and what it is built for. After a rollback AWS shows the one that it went back to: what was
    /// deployed is what the step names, else the same reference, which leads to what was pushed since.
    async fn image_says(&self, shown: &str) -> String {
        let deployed = self.task.with["image"].as_str().unwrap_or(shown);
        let built = built_for(self.cloud, deployed, None).await;
        let back = self.operation.status.starts_with("ROLLBACK") && deployed != shown;
        let before = if back { format!("; {shown} ran before and runs again") } else { String::new() };
        format!("{deployed}, {built}; App Runner runs {PLATFORM} only{before}")
    }

    /// Last lines: what the program said, else what App Runner said of it.
    async fn logs(
        &self,
        mut diagnosis: Diagnosis,
        service: &AppService,
        events: Result<Vec<LogLine>, Diagnosis>,
    ) -> Diagnosis {
        let deadline = self.task.clock.elapsed() + LATE;
        let pulled = events.as_deref().is_ok_and(|events| !events.iter().any(|line| is_pull(&line.message)));
        let group = service.log_group("application");
        let own = loop {
            let lines = self.lines(service, "application").await;
            let late = pulled && matches!(&lines, Ok(lines) if lines.is_empty());
            if !late || self.task.clock.elapsed() >= deadline {
                break lines;
            }
            self.task.progress.says(format!("Waiting for late lines in {group}"));
            self.task.clock.sleep(POLL).await;
        };
        match own {
            Ok(lines) if lines.is_empty() => {
                let why = "empty: the program said nothing, or never started";
                diagnosis = diagnosis.says("Log", format!("{group} is {why}"));
                let events = events.unwrap_or_default();
                diagnosis.last_log = texts(&events);
            }
            Ok(lines) => {
                let words = Words::of(lines.iter().map(|line| line.message.as_str()));
                if let Some((line, error)) = words.error.filter(|(line, _)| *line < lines.len()) {
                    let place = format!("{group}, line {line} of {}", lines.len());
                    diagnosis = diagnosis.says("First error", format!("{error} — {place}"));
                }
                let last = words.shown.last().cloned().unwrap_or_default();
                diagnosis = diagnosis.says("Log", format!("{last} — {group}"));
                diagnosis.last_log = words.shown;
            }
            Err(error) => {
                diagnosis = diagnosis.says("Log", error.headline);
                diagnosis.last_log = texts(&events.unwrap_or_default());
            }
        }
        diagnosis.says("Service log", service.log_group("service"))
    }

    /// The lines since the operation began.
    async fn lines(&self, service: &AppService, of: &str) -> Result<Vec<LogLine>, Diagnosis> {
        let group = service.log_group(of);
        let query = LogQuery {
            group: group.clone(),
            from: self.operation.started_at.map(|at| at.0 - SKEW),
            ..LogQuery::default()
        };
        let lines = self.cloud.log_lines(&query).await;
        let mut lines =
            lines.map_err(|error| failed(&format!("{group} cannot be read"), &error))?.unwrap_or_default();
        let more = lines.len().saturating_sub(READ as usize);
        lines.drain(..more);
        Ok(lines)
    }
}

fn texts(lines: &[LogLine]) -> Vec<String> {
    Words::of(lines.iter().map(|line| line.message.as_str())).shown
}

fn said(line: &LogLine) -> String {
    format!("{} ({})", line.message.trim_end(), At(line.timestamp))
}

/// Whether an event tells of a failure.
fn tells(text: &str) -> bool {
    const WORDS: [&str; 6] = ["fail", "error", "unhealthy", "exit code", "roll", "unable"];
    let text = text.to_ascii_lowercase();
    // That the service became CREATE_FAILED is known; why is said before.
    !text.contains("service status is set to") && WORDS.iter().any(|word| text.contains(word))
}

/// Whether an event tells why, and not only that it failed.
fn names_a_cause(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    // The deployment's own line, "… failed. Failure reason : …", says less than the one before it.
    is_pull(text) || lower.contains("exit code") || lower.contains("health check failed on")
}

/// Whether an event says that the image could not be had: then nothing was started that could say anything.
fn is_pull(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("pull") && (text.contains("fail") || text.contains("error") || text.contains("unable"))
}

/// The number after `exit code`.
fn exit_code(text: &str) -> Option<i32> {
    let lower = text.to_ascii_lowercase();
    let rest = &lower[lower.find("exit code")? + "exit code".len()..];
    let digits: String =
        rest.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn health(service: &AppService) -> String {
    let check = &service.health_check_configuration;
    let number =
        |member: &str| check[member].as_u64().map_or_else(|| "?".to_owned(), |number| number.to_string());
    let what = match check["Protocol"].as_str() {
        Some("HTTP") => format!("HTTP {}", check["Path"].as_str().unwrap_or("/")),
        Some(_) | None => "TCP".to_owned(),
    };
    format!(
        "{what} on port {}, every {} s, {} s for an answer, {} failures end it",
        service.port(),
        number("Interval"),
        number("Timeout"),
        number("UnhealthyThreshold")
    )
}

fn hints(mut diagnosis: Diagnosis, service: &AppService, exit: Option<i32>) -> Diagnosis {
    let application = service.log_group("application");
    if exit == Some(0) && service.start_command().is_none() {
        diagnosis = diagnosis.hint(
            "The program ended by itself with code 0: an image without a command that keeps running does so. Set `start_command`.",
        );
    }
    if service.status == "CREATE_FAILED" {
        diagnosis = diagnosis
            .hint(format!("Read {application} first, then {}; lines may come minutes later.", service.log_group("service")))
            .hint("Correct the cause, then retry with `repair: update`, which keeps the address; if App Runner refuses that, with `repair: recreate`, which changes it.");
    } else {
        diagnosis = diagnosis.hint(format!("Read {application} first; lines may come minutes later."));
    }
    diagnosis
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_found_in_events() {
        let table = [
            ("[AppRunner] Container exit code: 1", Some(1)),
            ("Your application stopped or failed to start. Exit Code: 255.", Some(255)),
            ("Health check failed on port 8080", None),
            ("exit code", None),
        ];
        for (text, code) in table {
            assert_eq!(exit_code(text), code, "{text}");
        }
        assert!(is_pull("[AppRunner] Failed to pull your application image from ECR."));
        assert!(!is_pull("[AppRunner] Successfully pulled your application image from ECR."));
    }

    #[test]
    fn a_health_check_is_told_whole() {
        let check = serde_json::json!({"Protocol": "HTTP", "Path": "/healthz", "Interval": 5, "Timeout": 2, "UnhealthyThreshold": 5});
        let service = AppService { health_check_configuration: check, ..AppService::default() };
        let told = health(&service);
        assert_eq!(told, "HTTP /healthz on port 8080, every 5 s, 2 s for an answer, 5 failures end it");
    }
}
