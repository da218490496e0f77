//! `holdpoint image`.

use clap::Subcommand;

#[derive(Debug, clap::Args)]
pub(crate) struct Image {
    #[command(subcommand)]
    pub(crate) verb: ImageVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ImageVerb {
    /// Say what an image in a registry is
    Inspect(ImageInspect),
    /// Copy an image from registry to registry by digest, without Docker
    Mirror(ImageMirror),
}

#[derive(Debug, clap::Args)]
pub(crate) struct ImageInspect {
    /// The image: HOST/REPOSITORY:TAG or HOST/REPOSITORY@sha256:…
    pub(crate) image: String,
    /// Which image of an index, e.g. linux/arm64
    #[arg(long)]
    pub(crate) platform: Option<String>,
    /// The port that a service will ask: one that the image does not name is said
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// For programs
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ImageMirror {
    /// The image
    pub(crate) from: String,
    /// Where to: HOST/REPOSITORY:TAG; the source's tag without one
    pub(crate) to: String,
    /// Which platform; `all` for the whole index
    #[arg(long, default_value = "linux/amd64")]
    pub(crate) platform: String,
    /// One more tag; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// Layers at once
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    pub(crate) concurrency: u8,
    /// For programs
    #[arg(long)]
    pub(crate) json: bool,
}
