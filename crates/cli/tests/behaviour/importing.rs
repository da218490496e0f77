//! `import`: the plan on one stream and what is said on the other, files that are never lost, exit codes.

use crate::home::Home;

const GUIDE: &str = "# Shop\r\n\r\n**Account:** 111122223333\r\n**Region:** eu-central-1\r\n\r\n## Step 1: deploy\r\n\r\n```bash\r\naws ecs update-service --cluster main --service shop --task-definition shop:7\r\n./notify.sh done\r\n```\r\n";

#[test]
fn a_guide_becomes_a_plan_that_check_reads() {
    let home = Home::new();
    let guide = home.file("DEPLOY.md", GUIDE);
    let (guide, out) = (guide.display().to_string(), home.file("x", "").with_file_name("deploy.plan.md"));
    let to = out.display().to_string();
    let ran = home.run(&["import", &guide, "-o", &to]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("ecs.deploy") && ran.out.contains("1 lifted, 1 kept as scripts"), "{ran:?}");
    let written = std::fs::read_to_string(&out).unwrap();
    assert!(written.contains("uses: ecs.deploy\r\n") && !written.replace("\r\n", "").contains('\n'));
    assert_eq!(std::fs::read_to_string(&guide).unwrap(), GUIDE, "the guide stays");
    let checked = home.run(&["check", &to]);
    assert!(checked.code == Some(0) && checked.out.contains("a checked plan"), "{checked:?}");

    let again = home.run(&["import", &guide, "-o", &to]);
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.err.contains("is there already") && again.err.contains("--force"), "{again:?}");
    assert_eq!(home.run(&["import", &guide, "-o", &to, "--force"]).code, Some(0));

    let streamed = home.run(&["import", &guide, "--report"]);
    assert_eq!(streamed.out, written, "without a file the plan goes to standard output");
    assert!(streamed.err.contains("## Lifted into typed steps"), "{streamed:?}");
}

#[test]
fn a_lift_is_refused_by_the_id_of_the_report() {
    let home = Home::new();
    let guide = home.file("DEPLOY.md", GUIDE).display().to_string();
    let shown = home.json(&["import", &guide, "--json"]);
    let id = shown["proposals"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(shown["proposals"][0]["uses"], "ecs.deploy");
    let refused = home.json(&["import", &guide, "--json", "--refuse", &id]);
    assert_eq!(refused["proposals"][0]["outcome"], "kept");
    assert_eq!(refused["proposals"][0]["id"].as_str(), Some(id.as_str()));
    let unknown = home.run(&["import", &guide, "--refuse", "nothing"]);
    assert!(unknown.code == Some(2) && unknown.err.contains("--report"), "{unknown:?}");
}
