//! What the world cannot know by itself since it reads no disk: the platform in a config, and the bytes of a layer that comes by ECR's API.
//! It is found out before a call is journaled, and travels in the call's input under names that no client can send.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::core::Admitted;
use crate::registry::manifest::{Kind, Manifest, platform_of};
use crate::registry::model::{Place, ecr_host};
use crate::registry::store::{Store, StoreError};
use crate::server::Shared;

/// The largest config that is looked into.
const LARGEST_CONFIG: u64 = 4 << 20;
/// All parts but the last are at least so large (the API reference of LayerPartTooSmallException names no number;
/// the user guide's quota "minimum layer part size" is 5 MiB).
const SMALLEST_PART: u64 = 5 << 20;

/// For which platform an image is, by its config.
pub(crate) async fn platform(store: &Store, text: &str, media_type: Option<&str>) -> Option<String> {
    let manifest = Manifest::read(text, media_type, None, 0).ok()?;
    let Kind::Image { config, .. } = manifest.kind else { return None };
    let bytes = store.small(&config.digest, LARGEST_CONFIG).await?;
    platform_of(&serde_json::from_slice(&bytes).ok()?)
}

/// Does on disk what a call of ECR's API asks of layers.
pub(crate) async fn layer_upload(shared: &Shared, mut admitted: Admitted) -> Admitted {
    if admitted.call.service != "ecr" {
        return admitted;
    }
    if let Some(input) = admitted.call.input.as_object_mut() {
        input.retain(|member, _| !member.starts_with('_'));
    }
    if !admitted.applies() {
        return admitted;
    }
    if let Err(refused) = found_out(shared, &mut admitted).await {
        admitted.call.input["_refused"] = json!(refused);
    }
    admitted
}

async fn found_out(shared: &Shared, admitted: &mut Admitted) -> Result<(), AwsError> {
    let call = &mut admitted.call;
    // The bytes go to disk, never into the journal.
    let blob = call.input.get_mut("layerPartBlob").map(Value::take);
    let asked = call.input.clone();
    let text = |member: &str| asked[member].as_str().unwrap_or_default().to_owned();
    let account = call.input["registryId"].as_str().unwrap_or(&call.caller.account);
    let place = Place { host: ecr_host(account, &call.region), repository: text("repositoryName") };
    let store = &shared.store;
    match call.operation.as_str() {
        "PutImage" => {
            let found =
                platform(store, &text("imageManifest"), call.input["imageManifestMediaType"].as_str()).await;
            call.input["_platform"] = json!(found);
        }
        "InitiateLayerUpload" => {
            let (is_there, id) = {
                let mut core = shared.core();
                (core.world.env.images.registries.repository(&place).is_some(), core.new_id())
            };
            if is_there {
                store.begin(&place.to_string(), &id).await.map_err(disk)?;
                call.input["_uploadId"] = json!(id);
            }
        }
        "UploadLayerPart" => {
            let bytes = blob.as_ref().and_then(Value::as_str).and_then(|text| STANDARD.decode(text).ok());
            let bytes = bytes.ok_or_else(|| {
                AwsError::invalid_parameter(
                    "Invalid parameter at 'layerPartBlob' failed to satisfy constraint: 'not base64'",
                )
            })?;
            let id = text("uploadId");
            let upload = store.upload(&place.to_string(), &id).await.map_err(disk)?;
            let upload = upload.ok_or_else(|| unknown_upload(&id, &place))?;
            let mut upload = upload.lock().await;
            let (from, to) = (call.input["partFirstByte"].as_u64(), call.input["partLastByte"].as_u64());
            let length = bytes.len() as u64;
            let fits = from == Some(upload.size()) && to.map(|to| to + 1) == Some(upload.size() + length);
            if !fits || length == 0 {
                return Err(AwsError::new(
                    "InvalidLayerPartException",
                    format!(
                        "Layer part is invalid: the upload '{id}' has {} bytes, and the part names {} to {}",
                        upload.size(),
                        from.map_or_else(String::new, |n| n.to_string()),
                        to.map_or_else(String::new, |n| n.to_string()),
                    ),
                ));
            }
            let mut writer = upload.writer().await.map_err(disk)?;
            writer.write(&bytes).await.map_err(disk)?;
            writer.end().await.map_err(disk)?;
            upload.parts.push(length);
            call.input["_received"] = json!(upload.size() - 1);
        }
        "CompleteLayerUpload" => {
            let id = text("uploadId");
            let upload = store.upload(&place.to_string(), &id).await.map_err(disk)?;
            let upload = upload.ok_or_else(|| unknown_upload(&id, &place))?;
            let upload = upload.lock().await;
            let digest = upload.digest();
            if upload.size() == 0 {
                let message = format!("No layer parts were uploaded in the upload '{id}'");
                return Err(AwsError::new("EmptyUploadException", message));
            }
            let all_but_last = upload.parts.split_last().map_or([].as_slice(), |(_, rest)| rest);
            if all_but_last.iter().any(|size| *size < SMALLEST_PART) {
                let message = format!("Layer parts must be at least {SMALLEST_PART} bytes in size");
                return Err(AwsError::new("LayerPartTooSmallException", message));
            }
            let named = call.input["layerDigests"].as_array().cloned().unwrap_or_default();
            if !named.iter().any(|name| *name == json!(digest)) {
                let message = format!("Layer digest does not match the uploaded content: it is {digest}");
                return Err(AwsError::new("InvalidLayerException", message));
            }
            let known = {
                let core = shared.core();
                let repository = core.world.env.images.registries.repository(&place);
                repository.is_some_and(|repository| repository.blobs.contains_key(&digest))
            };
            if known {
                store.cancel(&id, &upload).await.map_err(disk)?;
                let message = format!(
                    "Layer with digest '{digest}' already exists in the repository with name '{}' in registry with id '{account}'",
                    place.repository
                );
                return Err(AwsError::new("LayerAlreadyExistsException", message));
            }
            let size = upload.size();
            store.keep(&id, &upload, &digest).await.map_err(disk)?;
            call.input["_stored"] = json!({"digest": digest, "size": size});
        }
        _ => {}
    }
    Ok(())
}

fn unknown_upload(id: &str, place: &Place) -> AwsError {
    AwsError::new(
        "UploadNotFoundException",
        format!(
            "The upload with id '{id}' does not exist in the repository with name '{}'",
            place.repository
        ),
    )
}

fn disk(error: StoreError) -> AwsError {
    tracing::error!(%error, "a layer could not be kept");
    AwsError::with_status("ServerException", 500, error.to_string())
}
