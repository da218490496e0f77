//! A plan that was written for people becomes a checked one in the window: looked at beside the original, a lift refused and
//! accepted again, a finding repaired, saved as a file of its own, opened as a plan.

use crate::stage::{Stage, Window, cli_program, started_by_a_test};

const GUIDE: &str = "# Move of the quay API\n\nAccount: 111122223333\nRegion: eu-west-1\n\n## Step 1: deploy\n\n```bash\n\
                     aws ecs update-service --cluster quay --service quay-api --task-definition quay-api:7\n\
                     curl -f https://quay.example/health\naws logs tail /ecs/quay-api --follow\n```\n\n## Step 2: tell\n\n\
                     - [ ] The others know\n";

#[tokio::test]
#[ignore = "needs a screen and the built window: cargo xtask e2e"]
async fn a_guide_becomes_a_checked_plan() {
    let Some(stage) = Stage::set("import") else { return };
    let (guide, plan) = (stage.file("move.md"), stage.file("move.plan.md"));
    std::fs::write(&guide, GUIDE).unwrap();
    let window = stage.window(&[guide.to_str().unwrap()]).await;
    window.click("import").await;
    says(&window, "2 lifted, 1 kept").await;
    window.picture("import").await;

    toggle(&window, "curl").await;
    says(&window, "1 lifted, 2 kept").await;
    toggle(&window, "curl").await;
    says(&window, "2 lifted, 1 kept").await;
    toggle(&window, "curl").await;
    says(&window, "1 lifted, 2 kept").await;

    let findings = "return document.body.innerText.includes('follows until somebody stops it')";
    window.until("the finding", findings).await;
    // Others have repairs as well.
    let repair = "const item = [...document.querySelectorAll('li:has([data-testid=import-fix])')].find((one) => one.innerText.includes('follows until somebody stops it')); item?.querySelector('[data-testid=import-fix]').click(); return item !== undefined";
    window.until("its repair", repair).await;
    window.until("the repair", &findings.replace("return ", "return !")).await;
    window.picture("import-repaired").await;

    window.click("import-save").await;
    window.fill("[data-testid=import-path]", plan.to_str().unwrap()).await;
    window.click("import-write").await;
    window.click("import-open").await;
    let opened = "return document.querySelector('[data-testid=trust]') !== null && document.body.innerText.toLowerCase().includes('checked plan') && !document.querySelector('[data-testid=import]')";
    window.until("the checked plan", opened).await;
    window.picture("import-opened").await;
    window.close().await;

    assert_eq!(std::fs::read_to_string(&guide).unwrap(), GUIDE, "the guide stays as it is");
    let text = std::fs::read_to_string(&plan).unwrap();
    for line in GUIDE.lines() {
        let line = line.replace(" --follow", "");
        assert!(text.lines().any(|one| one == line), "`{line}` is lost:\n{text}");
    }
    assert!(!text.contains("--follow") && text.contains("uses: ecs.deploy"), "{text}");
    assert!(!text.contains("uses: http.check"), "what was refused was lifted:\n{text}");
    let mut check = started_by_a_test(&cli_program());
    let checked = check.arg("check").arg(&plan).env("HOLDPOINT_HOME", stage.home()).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
}

/// Waits until the import says how much became of it.
async fn says(window: &Window, what: &str) {
    let said = "document.querySelector('[data-testid=import-said]')?.innerText";
    window.until(what, &format!("return ({said} ?? '').includes({what:?})")).await;
}

/// Accepts or refuses the lift of the command that begins so.
async fn toggle(window: &Window, command: &str) {
    let label = format!(": {command}");
    let script = format!(
        "const box = [...document.querySelectorAll('[data-proposal] input')].find((one) => one.getAttribute('aria-label').includes({label:?})); box?.click(); return box !== undefined"
    );
    window.until(command, &script).await;
}
