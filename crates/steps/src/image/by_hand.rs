//! Registries asked by hand, outside of every run: the same reading and copying as in a step.

use super::mirror::{size, wanted};
use super::subject::{platform, reference, told};
use async_trait::async_trait;
use holdpoint_cloud::Pace;
use holdpoint_cloud::registry::{Content, Logins, Registries, Route, Stands, Step, in_words};
use holdpoint_identity::Env;
use holdpoint_identity::registries::{Login, RegistryDesk, operators_login};
use holdpoint_plan::kinds::ImageMirror;
use holdpoint_run::Diagnosis;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Registries, asked as the operator.
#[derive(Debug, Clone)]
pub struct Images {
    registries: Registries,
}

impl Images {
    /// By the profiles that the desk knows, and otherwise by the operator's own logins of Docker.
    pub fn of(env: Env, desk: RegistryDesk) -> Self {
        Self { registries: Registries::new(Route::Live, Arc::new(Operator { env, desk }), Arc::new(Waits)) }
    }

    /// What an image is, as JSON.
    ///
    /// # Errors
    /// A diagnosis in words.
    pub async fn inspect(&self, image: &str, wanted: Option<&str>) -> Result<Value, Diagnosis> {
        let image = reference(image)?;
        let wanted = wanted.map(platform).transpose()?;
        let found = self.registries.find(&image, wanted.as_ref()).await;
        let found = found.map_err(|fault| told(&format!("{image} cannot be looked at"), &fault))?;
        let layers = match &found.image.content {
            Content::Image { layers, .. } => layers.as_slice(),
            Content::Index(_) => &[],
        };
        let start = &found.configuration.config;
        let ports: Vec<&String> = start.exposed_ports.iter().flat_map(|ports| ports.keys()).collect();
        Ok(json!({
            "image": image.at(&found.image.digest).to_string(),
            "digest": found.top.digest,
            "manifest_digest": found.image.digest,
            "platform": found.platform.to_string(),
            "platforms": found.platforms.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "entrypoint": start.entrypoint,
            "command": start.cmd,
            "exposed_ports": ports,
            "created": found.configuration.created,
            "labels": start.labels,
            "layers": layers.iter().map(|layer| json!({"digest": layer.digest, "size": layer.size})).collect::<Vec<_>>(),
            "size": layers.iter().map(|layer| layer.size).sum::<u64>(),
        }))
    }

    /// Copies an image and says what was done, as JSON. `heard` is told a sentence for each layer.
    ///
    /// # Errors
    /// A diagnosis in words.
    pub async fn mirror(
        &self,
        order: &ImageMirror,
        heard: impl Fn(String) + Send + Sync + 'static,
    ) -> Result<Value, Diagnosis> {
        let mirror = wanted(order)?;
        let what = format!("{} was not copied", order.from);
        let survey = self.registries.survey(&mirror).await.map_err(|fault| told(&what, &fault))?;
        let (count, bytes) = (survey.of(Stands::Missing).count(), survey.bytes(Stands::Missing));
        heard(format!("{} of {} layers to copy, {}", count, survey.blobs.len(), size(bytes)));
        let news = Arc::new(move |digest: &holdpoint_cloud::registry::Digest, step| match step {
            Step::Reached(_) => {}
            Step::Copied => heard(format!("{} copied", digest.short())),
            Step::Mounted => heard(format!("{} mounted", digest.short())),
        });
        let at_once = usize::from(order.concurrency.unwrap_or(super::mirror::AT_ONCE));
        let moved = self.registries.copy_blobs(&mirror, &survey, at_once, news).await;
        let moved = moved.map_err(|fault| told(&what, &fault))?;
        self.registries.put_names(&mirror, &survey).await.map_err(|fault| told(&what, &fault))?;
        let platforms = match survey.is_there && survey.missing_tags().is_empty() {
            // Its names were just seen to lead to it.
            true => survey.platforms.clone(),
            false => {
                let verified = self.registries.verify(&mirror, &survey.digest).await;
                verified.map_err(|fault| told(&what, &fault))?
            }
        };
        Ok(json!({
            "source_digest": survey.source_digest,
            "digest": survey.digest,
            "image": mirror.to.at(&survey.digest).to_string(),
            "platform": in_words(&platforms),
            "copied_bytes": moved.bytes,
            "copied": moved.copied,
            "mounted": moved.mounted,
            "present": moved.present,
        }))
    }
}

struct Operator {
    env: Env,
    desk: RegistryDesk,
}

#[async_trait]
impl Logins for Operator {
    async fn login(&self, host: &str) -> Result<Option<Login>, String> {
        match self.desk.login(host).await {
            Ok(login) => Ok(Some(login)),
            Err(error) if error.is_nobodys() => {
                operators_login(&self.env, host).await.map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        }
    }
}

struct Waits;

#[async_trait]
impl Pace for Waits {
    async fn pause(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
