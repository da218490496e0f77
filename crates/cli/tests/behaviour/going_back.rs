//! Emergencies, rollbacks that have to be thought about, and what is left for later.

use crate::home::{Home, repository};
use std::path::PathBuf;

/// The five stages of the crash sweeps, whose checklist leaves something for later, with a schema that changes and a hold at the end.
fn pair(home: &Home, edits: &[(&str, &str)]) -> PathBuf {
    let folder = repository("tests/crash/plans");
    let mut text = std::fs::read_to_string(folder.join("five.plan.md")).unwrap();
    for (old, new) in edits {
        assert!(text.contains(old), "{old}");
        text = text.replacen(old, new, 1);
    }
    home.file("plans/five.world.json", std::fs::read(folder.join("five.world.json")).unwrap());
    home.file("plans/five.plan.md", text)
}

#[test]
fn what_is_left_for_later_stands_until_somebody_closes_it() {
    let home = Home::new();
    let list = "- [ ] Nobody else is deploying <!-- hp: id=nobody_else -->";
    let later =
        format!("{list}\n- [ ] The wildcard is narrowed <!-- hp: id=narrow later=7d owner=platform -->");
    let plan = pair(&home, &[(list, &later)]);
    home.run(&["obligations"]).exits(0).complains(&["nothing is left for later"]);
    home.run(&["run", plan.to_str().unwrap(), "--practice", "--auto-sign", "--trust", "--speed", "2000"])
        .exits(0);

    let all = home.json(&["obligations", "--json"]);
    let one = &all[0];
    assert_eq!(all.as_array().map(Vec::len), Some(1), "{all}");
    assert_eq!((&one["what"], &one["owner"]), (&"The wildcard is narrowed".into(), &"platform".into()));
    assert_eq!((&one["practice"], &one["overdue"]), (&true.into(), &false.into()), "{one}");
    let id = one["id"].as_str().unwrap();

    home.run(&["obligations", "move", "last", id, "--in", "soon", "--reason", "busy"])
        .exits(2)
        .complains(&["`soon`"]);
    home.run(&["obligations", "move", "last", id, "--in", "14d", "--owner", "web", "--reason", "busy"])
        .exits(0);
    let moved = &home.json(&["obligations", "--json"])[0];
    assert_eq!(moved["owner"], "web");
    assert!(moved["due"].as_str() > one["due"].as_str(), "{moved}");

    home.run(&["obligations", "close", "last", id]).exits(2).complains(&["--reason"]);
    home.run(&["obligations", "close", "last", "nothing", "--reason", "done"]).exits(1);
    home.run(&["obligations", "close", "last", id, "--reason", "narrowed to the shop"]).exits(0);
    assert_eq!(home.json(&["obligations", "--json"]), serde_json::json!([]));
    home.run(&["obligations", "close", "last", id, "--reason", "again"]).exits(1);
    home.run(&["verify", "last"]).exits(0).says(&["intact", "all anchored"]);
    home.run(&["report", "last"]).exits(0).says(&["narrowed to the shop"]);
}

#[test]
fn the_glass_is_broken_with_a_reason_and_a_rollback_says_what_speaks_against_it() {
    let home = Home::new();
    let plan = pair(
        &home,
        &[
            ("- [ ] Nobody else is deploying <!-- hp: id=nobody_else -->", "Nobody else is deploying."),
            (
                "estimate: 5m..10m",
                "estimate: 5m..10m\n  together:\n    - { steps: [create_queue, deploy_shop], why: the shop fills the queue }",
            ),
            (
                "id: register_queue\n",
                "id: register_queue\nschema: { old_version: breaks, why: renames a column }\n",
            ),
            (
                "id: watch\nrole: verify\n",
                "id: watch\nrole: verify\nhold: { signatures: 2, break_glass: false }\n",
            ),
        ],
    );
    home.run(&["run", plan.to_str().unwrap(), "--practice", "--trust", "--speed", "2000"]).exits(3);
    let glass =
        |hold: &str| home.run(&["resume", "last", "--break-glass", hold, "--reason", "production is down"]);
    home.run(&["resume", "last", "--break-glass", "stage:shop"]).exits(2).complains(&["--reason"]);
    glass("stage:nowhere").exits(1);
    glass("stage:shop").exits(3);
    glass("step:deploy_shop").exits(3).says(&["✓"]);
    glass("stage:watch").exits(1).complains(&["forbids"]);
    home.run(&["runs"]).exits(0).says(&["GLASS BROKEN"]);
    home.run(&["show", "last"]).exits(0).says(&["GLASS BROKEN", "production is down"]);
    assert_eq!(home.json(&["show", "last", "--json"])["broken"].as_array().map(Vec::len), Some(2));
    home.run(&["report", "last"]).exits(0).says(&["glass broken", "production is down"]);

    home.run(&["rollback", "last", "--preview"]).exits(0).says(&[
        "shop",
        "queue",
        "--accept schema:register_queue=WHY",
    ]);
    home.run(&["rollback", "last", "--only", "create_queue"])
        .exits(1)
        .complains(&["deploy_shop has to go back as well"]);
    home.run(&["rollback", "last", "--accept", "schema:register_queue"]).exits(2).complains(&["ID=WHY"]);
    home.run(&["rollback", "last"])
        .exits(1)
        .complains(&["renames a column", "--accept schema:register_queue=WHY"]);
    home.run(&["rollback", "last", "--accept", "schema:nothing=because"]).exits(2).complains(&["--preview"]);
    let accept = "schema:register_queue=the column is renamed back by hand";
    home.run(&["rollback", "last", "--accept", accept]).exits(1).says(&["rolled back"]);
    home.run(&["report", "last"]).exits(0).says(&["the column is renamed back by hand"]);
    home.run(&["verify", "last"]).exits(0).says(&["intact"]);
}
