//! What repeating a command would do, a line a command.

use crate::common::home;
use holdpoint_plan::shell::{Reach, parse, reach_of};

#[test]
fn every_command_is_judged_as_its_line_says() {
    let list = std::fs::read_to_string(home().join("tests/reach.txt")).expect("read the list");
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in list.lines().filter(|line| !line.starts_with("# ") && !line.is_empty()) {
        let (wanted, command) = line.split_once(' ').expect("reach and command");
        let wanted = match wanted {
            "local" => Reach::Local,
            "read" => Reach::Read,
            "idempotent" => Reach::Idempotent,
            "change" => Reach::Change,
            "destroy" => Reach::Destroy,
            "unknown" => Reach::Unknown,
            other => panic!("`{other}` is no reach: {line}"),
        };
        let script = parse(&command.replace("\\n", "\n"));
        let [statement] = script.statements.as_slice() else {
            panic!("{line}: {} statements", script.statements.len());
        };
        let reached = reach_of(&statement.shape);
        assert!(!reached.why.is_empty(), "{line}: a reason");
        if reached.reach != wanted {
            wrong.push(format!("{line}\n    is {:?}: {}", reached.reach, reached.why));
        }
        count += 1;
    }
    assert!(count >= 300, "{count} commands");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
