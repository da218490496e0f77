//! A home whose profile leads to a simulator, for live runs.

use crate::account;
use crate::home::{Home, Running};
use serde_json::json;

/// The home, and the account that it works in: 111122223333, region eu-west-1, role Deployer.
pub(crate) struct Live {
    pub(crate) home: Home,
    port: u16,
    simulator: Running,
    config: String,
}

impl Live {
    pub(crate) fn open() -> Self {
        let home = Home::new();
        let (simulator, port) = account::simulate(&home, &home.kept().with_file_name("aws"));
        let target = json!({ "account": "111122223333", "region": "eu-west-1", "role": "Deployer" });
        let furnished = account::admin(port, "POST", "furnish", &target);
        let key = |member: &str| furnished["people"][0][member].as_str().unwrap().to_owned();
        let profile = format!(
            "[profile shop]\nregion = eu-west-1\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\n",
            key("access_key_id"),
            key("secret_access_key"),
            key("session_token")
        );
        let config = home.file("aws-config", profile).display().to_string();
        Self { home, port, simulator, config }
    }

    /// What leads to that account.
    pub(crate) fn env(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port)),
            ("AWS_CONFIG_FILE", self.config.clone()),
        ]
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.simulator.child.kill();
        let _ = self.simulator.child.wait();
    }
}
