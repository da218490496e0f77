//! What a person does in the window, by what the person sees.

use crate::stage::{PATIENCE, Window};
use fantoccini::Locator;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// Where the operator of a run stands, read from the page in one go.
const LOOK: &str = r#"
const enabled = (one) => one !== null && !one.disabled;
const status = document.querySelector('[data-testid=run-status]')?.dataset.status ?? null;
const go = document.querySelector('[data-testid=hold-bar][data-open=true] [data-testid=go]');
const item = [...document.querySelectorAll('input[data-testid^=item-]')]
  .find((one) => enabled(one) && !one.checked && !one.closest('label').innerText.includes('ticks itself'));
const step = document.querySelector('#step-title')?.innerText ?? null;
return { status, go: enabled(go ?? null), item: item?.dataset.testid ?? null, step };
"#;

impl Window {
    /// Clicks what has a test id, as soon as it is there and enabled.
    pub(crate) async fn click(&self, id: &str) {
        let started = Instant::now();
        loop {
            if self.try_click(id).await {
                return;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "`{id}` was never there to be clicked: {}",
                self.text().await
            );
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }

    async fn try_click(&self, id: &str) -> bool {
        let css = format!("[data-testid='{id}']:not(:disabled)");
        match self.client.find(Locator::Css(&css)).await {
            Ok(element) => element.click().await.is_ok(),
            Err(_) => false,
        }
    }

    /// Puts a text into a field, in place of what is there.
    pub(crate) async fn fill(&self, css: &str, text: &str) {
        self.until(css, &format!("return document.querySelector({css:?}) !== null")).await;
        let field = self.client.find(Locator::Css(css)).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Chooses in a list by value.
    pub(crate) async fn choose(&self, id: &str, value: &str) {
        let css = format!("[data-testid='{id}'] option[value='{value}']");
        self.until(&css, &format!("return document.querySelector({css:?}) !== null")).await;
        self.client.find(Locator::Css(&css)).await.unwrap().click().await.unwrap();
    }

    /// All that shows as text.
    pub(crate) async fn text(&self) -> String {
        let text = self.script("return document.body.innerText").await;
        text.ok().and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// From Home: opens the example, trusts it, and begins to practise it.
    pub(crate) async fn practise_the_example(&self, scenario: &str, speed: u32, pictures: bool) {
        let example = Locator::XPath(
            "//section[.//h2[contains(., 'Examples to practise')]]//button[contains(., 'Broker')]",
        );
        let example = self.client.wait().at_most(PATIENCE).for_element(example).await.unwrap();
        if pictures {
            self.picture("home").await;
        }
        example.click().await.unwrap();
        self.until("the plan", "return document.querySelector('[data-testid=trust]') !== null").await;
        if pictures {
            self.picture("plan").await;
        }
        self.click("trust").await;
        self.click("practise").await;
        self.choose("scenario", scenario).await;
        self.fill("[data-testid=speed]", &speed.to_string()).await;
        if pictures {
            self.picture("start").await;
        }
        self.click("start").await;
        self.until("the run", "return document.querySelector('[data-testid=run-status]') !== null").await;
    }

    /// Ticks what is to be ticked and signs what is held until the run has one of these states or shows that step.
    pub(crate) async fn work_until(
        &self,
        ends: &[&str],
        stop_at: Option<&str>,
        pictures: Option<&str>,
    ) -> String {
        let started = Instant::now();
        let mut signed = 0;
        loop {
            let seen = self.script(LOOK).await.unwrap_or_default();
            let status = seen["status"].as_str().unwrap_or_default().to_owned();
            if ends.contains(&status.as_str()) {
                return status;
            }
            if stop_at.is_some() && seen["step"].as_str() == stop_at {
                return status;
            }
            if let Some(name) = pictures
                && (seen["go"] == true || seen["item"] != Value::Null)
            {
                let step = seen["step"].as_str().unwrap_or_default().to_lowercase().replace(' ', "-");
                if seen["item"] == Value::Null || seen["item"].as_str() == Some("item-tests_passed") {
                    self.picture(&format!("{name}-{step}")).await;
                }
            }
            if seen["go"] == true {
                self.sign(pictures.filter(|_| signed == 0)).await;
                signed += 1;
            } else if let Some(item) = seen["item"].as_str() {
                // It may be gone or ticked by now: the next look says.
                self.try_click(item).await;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "the run does not come to {ends:?}: {seen}\n{}",
                self.text().await
            );
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }

    /// Signs the hold that is open, as the person whom the window proposes.
    async fn sign(&self, picture: Option<&str>) {
        self.click("go").await;
        self.until(
            "the signers",
            "return document.querySelectorAll('[data-testid=signer] option').length > 0",
        )
        .await;
        if let Some(name) = picture {
            self.picture(&format!("{name}-sign")).await;
        }
        self.click("sign").await;
        self.until("the signature", "return document.querySelector('dialog[open]') === null").await;
    }

    /// Exports the report in a form and gives it back.
    pub(crate) async fn export(&self, form: &str, path: &Path, picture: Option<&str>) -> String {
        self.click("export").await;
        // The dialog still grows while the journal is verified: a click by place might land beside the form.
        let choose = format!(
            "const one = document.querySelector('[data-testid=format-{form}]'); if (!one) return false; one.click(); return one.checked"
        );
        self.until("the form", &choose).await;
        self.fill("[data-testid=report-path]", path.to_str().unwrap()).await;
        self.click("export-report").await;
        self.until("the report", "return document.querySelector('[data-testid=written]') !== null").await;
        if let Some(name) = picture {
            self.picture(name).await;
        }
        self.client
            .find(Locator::Css("dialog[open] [aria-label=Close]"))
            .await
            .unwrap()
            .click()
            .await
            .unwrap();
        self.until("the dialog to close", "return document.querySelector('dialog[open]') === null").await;
        std::fs::read_to_string(path).unwrap()
    }
}
