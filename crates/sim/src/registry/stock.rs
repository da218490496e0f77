//! Makes what a world says of registries: layers, configs, manifests and indexes, all real. Blocking, and outside of the world.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::registry::content::{Goods, ImageOf, RegistryOf, RepositoryOf, Stocked};
use crate::registry::layer::Layer;
use crate::registry::manifest::{DOCKER_IMAGE, DOCKER_LIST, OCI_IMAGE, OCI_INDEX, sha256};
use crate::registry::model::{Auth, Place, Registries, ecr_host, ecr_owner};
use crate::registry::store::Store;

/// The layer of an image of which nothing is said.
const SMALL: u64 = 4096;
/// From here on it is a world's mistake, and no layer: a tar header has no room for it.
const LARGEST: u64 = 8 << 30;

/// When generated images were built: always then.
const BUILT: &str = "2026-01-01T00:00:00Z";

/// What is to be made.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) repositories: Vec<RepositoryOf>,
    pub(crate) registries: BTreeMap<String, RegistryOf>,
}

/// Makes it; says which member cannot be made.
pub(crate) fn stock(store: &Store, of: &Wanted) -> Result<Vec<Stocked>, String> {
    let mut stocked = Vec::new();
    let home = ecr_host(&of.account, &of.region);
    for repository in &of.repositories {
        let named = Registries { home: Some(home.clone()), ..Registries::default() };
        let place = named.place(&repository.name);
        stocked.push(Stocked {
            goods: Some(goods(store, repository, &format!("repositories: {}", repository.name))?),
            place,
            auth: None,
            users: BTreeMap::new(),
            public: false,
        });
    }
    for (host, registry) in &of.registries {
        let is_ecr = ecr_owner(host).is_some();
        let said = |goods: Option<Goods>, repository: String| Stocked {
            place: Place { host: host.clone(), repository },
            auth: Some(if is_ecr { Auth::Ecr } else { registry.auth }),
            users: registry.users.clone(),
            public: registry.public.unwrap_or(registry.users.is_empty()),
            goods,
        };
        stocked.push(said(None, String::new()));
        for repository in &registry.repositories {
            let goods = goods(store, repository, &format!("registries: {host}: {}", repository.name))?;
            stocked.push(said(Some(goods), repository.name.clone()));
        }
    }
    Ok(stocked)
}

fn goods(store: &Store, of: &RepositoryOf, member: &str) -> Result<Goods, String> {
    if !is_repository(&of.name) {
        return Err(format!("{member}: it cannot be a repository's name"));
    }
    let mut goods = Goods {
        immutable: of.immutable,
        scan_on_push: of.scan_on_push,
        scan: of.scan.clone(),
        ..Goods::default()
    };
    for (tag, image) in &of.tags {
        let digest =
            make(store, &mut goods, &of.name, tag, image).map_err(|e| format!("{member}:{tag}: {e}"))?;
        goods.tags.insert(tag.clone(), digest);
    }
    goods.blobs.sort();
    goods.blobs.dedup();
    Ok(goods)
}

/// Makes an image of all its platforms; answers the digest that its tag leads to.
fn make(store: &Store, goods: &mut Goods, name: &str, tag: &str, of: &ImageOf) -> Result<String, String> {
    let mut children = Vec::new();
    for platform in &of.platforms {
        let (text, digest) = one(store, goods, name, tag, of, platform)?;
        let media_type = if of.docker { DOCKER_IMAGE } else { OCI_IMAGE };
        let mut said = json!({});
        for (member, value) in ["os", "architecture", "variant"].iter().zip(platform.split('/')) {
            said[*member] = json!(value);
        }
        children
            .push(json!({"mediaType": media_type, "digest": digest, "size": text.len(), "platform": said}));
        goods.manifests.push((media_type.to_owned(), text, Some(platform.clone())));
    }
    match children.as_slice() {
        [] => Err("platforms: it names none".to_owned()),
        [only] if !of.index => Ok(only["digest"].as_str().unwrap_or_default().to_owned()),
        _ => {
            let media_type = if of.docker { DOCKER_LIST } else { OCI_INDEX };
            let index = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": children});
            let text = index.to_string();
            let digest = sha256(text.as_bytes());
            goods.manifests.push((media_type.to_owned(), text, None));
            Ok(digest)
        }
    }
}

fn one(
    store: &Store,
    goods: &mut Goods,
    name: &str,
    tag: &str,
    of: &ImageOf,
    platform: &str,
) -> Result<(String, String), String> {
    let parts: Vec<&str> = platform.split('/').collect();
    let [os, architecture, ..] = parts.as_slice() else {
        return Err(format!("platforms: {platform:?} is not os/architecture"));
    };
    let sizes = if of.layers.is_empty() { vec![SMALL] } else { of.layers.clone() };
    if let Some(size) = sizes.iter().find(|size| **size >= LARGEST) {
        return Err(format!("layers: {size} is larger than a layer can be made"));
    }
    let (mut layers, mut diff_ids, mut history) = (Vec::new(), Vec::new(), Vec::new());
    for (index, size) in sizes.iter().enumerate() {
        // The layers below the last are those of other tags of that repository, as they are when a program is built again.
        let tag = if index + 1 == sizes.len() { tag } else { "" };
        let seed = format!("{name}\n{tag}\n{platform}\n{index}\n{size}");
        let files = if index == 0 { of.files.as_slice() } else { &[] };
        let layer = Layer { seed: &seed, files, size: *size };
        let mut tar = String::new();
        let (digest, size) = store
            .make(|to| {
                tar = layer.write(to)?;
                Ok(())
            })
            .map_err(|e| e.to_string())?;
        let media_type = if of.docker {
            "application/vnd.docker.image.rootfs.diff.tar.gzip"
        } else {
            "application/vnd.oci.image.layer.v1.tar+gzip"
        };
        layers.push(json!({"mediaType": media_type, "digest": digest, "size": size}));
        diff_ids.push(tar);
        history.push(json!({"created": BUILT, "created_by": format!("COPY layer {index}")}));
        goods.blobs.push((digest, size));
    }
    let mut config = json!({
        "architecture": architecture,
        "os": os,
        "created": BUILT,
        "config": started(of)?,
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": history,
    });
    if let Some(variant) = parts.get(2) {
        config["variant"] = json!(variant);
    }
    let text = config.to_string();
    let (digest, size) = store.make(|to| to.write_all(text.as_bytes())).map_err(|e| e.to_string())?;
    goods.blobs.push((digest.clone(), size));
    let (image_type, config_type) = if of.docker {
        (DOCKER_IMAGE, "application/vnd.docker.container.image.v1+json")
    } else {
        (OCI_IMAGE, "application/vnd.oci.image.config.v1+json")
    };
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": image_type,
        "config": {"mediaType": config_type, "digest": digest, "size": size},
        "layers": layers,
    });
    let text = manifest.to_string();
    let digest = sha256(text.as_bytes());
    Ok((text, digest))
}

/// The `config` of an image's config, by the names of the specification.
fn started(of: &ImageOf) -> Result<Value, String> {
    let of = &of.config;
    let mut config = json!({});
    let mut put = |name: &str, value: Value| {
        config[name] = value;
    };
    if let Some(entrypoint) = &of.entrypoint {
        put("Entrypoint", json!(entrypoint));
    }
    if let Some(cmd) = &of.cmd {
        put("Cmd", json!(cmd));
    }
    if !of.env.is_empty() {
        put("Env", of.env.iter().map(|(name, value)| json!(format!("{name}={value}"))).collect());
    }
    if !of.labels.is_empty() {
        put("Labels", json!(of.labels));
    }
    if let Some(user) = &of.user {
        put("User", json!(user));
    }
    if let Some(folder) = &of.working_dir {
        put("WorkingDir", json!(folder));
    }
    if let Some(check) = &of.healthcheck {
        put("Healthcheck", check.clone());
    }
    let mut ports = BTreeMap::new();
    for port in &of.exposed_ports {
        let port = match (port.as_u64(), port.as_str()) {
            (Some(number), _) => format!("{number}/tcp"),
            (None, Some(text)) if text.contains('/') => text.to_owned(),
            (None, Some(text)) => format!("{text}/tcp"),
            (None, None) => return Err(format!("config: exposed_ports: {port} is no port")),
        };
        ports.insert(port, json!({}));
    }
    if !ports.is_empty() {
        put("ExposedPorts", json!(ports));
    }
    Ok(config)
}

fn is_repository(name: &str) -> bool {
    let is_part = |part: &str| {
        part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
            && part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.ends_with(|c: char| c.is_ascii_alphanumeric())
    };
    !name.is_empty() && name.len() <= 256 && name.split('/').all(is_part)
}
