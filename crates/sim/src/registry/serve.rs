//! A registry's request from its first byte to the last of its answer: who asks, what goes wrong on purpose, and who answers it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::channel::{Channel, Sender};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::http::request::Parts;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use crate::aws_error::AwsError;
use crate::fault::Effect;
use crate::registry::answer::{Answer, Content, Refusal};
use crate::registry::auth::{self, Holder, Shown, Wish};
use crate::registry::model::{Place, Registries};
use crate::registry::route::{Route, value, values};
use crate::registry::store::{Store, StoreError};
use crate::registry::{blobs, manifests, uploads};
use crate::server::{Body, Cut, Shared};

/// How much of a file is in memory at a time.
const PIECE: usize = 128 << 10;
/// The largest form that the token server reads.
const LARGEST_FORM: usize = 64 << 10;

/// Why a request is not answered as it was asked.
#[derive(Debug)]
pub(crate) enum Stop {
    Refused(Refusal),
    Cut(Cut),
    Disk(StoreError),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Cut> for Stop {
    fn from(cut: Cut) -> Self {
        Self::Cut(cut)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Disk(error)
    }
}

impl From<AwsError> for Stop {
    fn from(error: AwsError) -> Self {
        Self::Refused(Refusal::new(error.status, &error.code, error.message))
    }
}

/// A request that was let in.
pub(crate) struct Call<'a> {
    shared: &'a Shared,
    head: &'a Parts,
    /// Name and port by which the client reached us.
    pub(crate) host: String,
    pub(crate) place: Place,
    pub(crate) holder: Holder,
    pub(crate) is_head: bool,
}

impl Call<'_> {
    pub(crate) fn store(&self) -> &Store {
        &self.shared.store
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(self.head, name)
    }

    /// All values of a header that may come several times.
    pub(crate) fn headers(&self, name: &str) -> Vec<String> {
        let values = self.head.headers.get_all(name).iter();
        values.filter_map(|value| value.to_str().ok().map(str::to_owned)).collect()
    }

    pub(crate) fn query(&self, name: &str) -> Option<String> {
        value(self.head.uri.query().unwrap_or_default(), name)
    }

    /// An address on this server.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("http://{}{path}", self.host)
    }

    /// Looks at what registries hold.
    pub(crate) fn look<T>(&self, at: impl FnOnce(&Registries) -> T) -> T {
        at(&self.shared.core().world.env.images.registries)
    }

    pub(crate) fn new_id(&self) -> String {
        self.shared.core().new_id()
    }

    /// A link to a layer's bytes that needs no credentials for a while.
    pub(crate) fn link(&self, digest: &str) -> String {
        let core = self.shared.core();
        self.address(&blobs::link(&core.world.env, digest))
    }

    pub(crate) fn link_is_good(&self, digest: &str, query: &str) -> bool {
        blobs::is_linked(&self.shared.core().world.env, digest, query)
    }

    pub(crate) fn raw_query(&self) -> &str {
        self.head.uri.query().unwrap_or_default()
    }

    /// Journals a change and applies it.
    pub(crate) fn change(&self, operation: &str, mut input: Value) -> Result<Value, Stop> {
        input["host"] = self.place.host.clone().into();
        input["repository"] = self.place.repository.clone().into();
        let mut core = self.shared.core();
        let changed = core.change_registry(&self.holder, operation, input);
        Ok(self.shared.or_fail(changed)??)
    }
}

/// Answers a request of a registry.
pub(crate) async fn respond(
    shared: &Arc<Shared>,
    head: &Parts,
    body: Incoming,
) -> Result<hyper::Response<Body>, Cut> {
    let is_head = head.method == "HEAD";
    let (answer, effect) = match answered(shared, head, body).await {
        Ok(answered) => answered,
        Err(Stop::Refused(refusal)) => (refusal.answer(), None),
        Err(Stop::Cut(cut)) => return Err(cut),
        Err(Stop::Disk(error)) => {
            tracing::error!(%error, "a registry's request failed");
            (Refusal::new(500, "UNKNOWN", error.to_string()).answer(), None)
        }
    };
    send(answer, is_head, effect.as_ref()).await
}

async fn answered(
    shared: &Arc<Shared>,
    head: &Parts,
    body: Incoming,
) -> Result<(Answer, Option<Effect>), Stop> {
    let path = head.uri.path();
    let route = Route::read(path);
    let query = head.uri.query().unwrap_or_default();
    let host = header(head, "host").unwrap_or_default().to_owned();
    let mounts = value(query, "mount").is_some();
    let operation = route.operation(head.method.as_str(), mounts).ok_or_else(|| {
        Refusal::new(405, "UNSUPPORTED", format!("{} {path} is not done here", head.method))
    })?;
    let shown = Shown::read(header(head, "authorization"));
    let asked = Asked { route: &route, operation, host: &host, shown: &shown };
    let (place, holder, effect) = admit(shared, &asked)?;
    let call = Call {
        shared,
        head,
        host,
        place: place.unwrap_or(Place { host: String::new(), repository: String::new() }),
        holder: holder.clone().unwrap_or(Holder::named("anonymous")),
        is_head: head.method == "HEAD",
    };
    if let Some(effect) = &effect {
        before(effect, &call, operation).await?;
    }
    let answer = match &route {
        Route::Ping => ping(shared, &call, holder.as_ref()),
        Route::Token => token(shared, query, body, shown).await,
        Route::Layer { digest } => blobs::download(&call, digest).await,
        Route::Manifest { reference, .. } => match operation {
            "PutManifest" => manifests::put(&call, reference, body).await,
            "DeleteManifest" => manifests::delete(&call, reference),
            _ => manifests::get(&call, reference),
        },
        Route::Blob { digest, .. } => match operation {
            "DeleteBlob" => blobs::delete(&call, digest),
            _ => blobs::get(&call, digest).await,
        },
        Route::Uploads { name } => uploads::start(&call, name, body).await,
        Route::Upload { name, id } => match operation {
            "PatchUpload" => uploads::patch(&call, name, id, body).await,
            "CompleteUpload" => uploads::complete(&call, name, id, body).await,
            "CancelUpload" => uploads::cancel(&call, name, id).await,
            _ => uploads::status(&call, name, id).await,
        },
        Route::Tags { name } => manifests::tags(&call, name),
        Route::Referrers { digest, .. } => manifests::referrers(&call, digest),
        Route::Unknown => Err(Refusal::new(404, "UNSUPPORTED", "no such resource").into()),
    }?;
    Ok((answer, effect))
}

/// A request, as far as letting it in goes.
pub(crate) struct Asked<'a> {
    pub(crate) route: &'a Route,
    pub(crate) operation: &'a str,
    pub(crate) host: &'a str,
    pub(crate) shown: &'a Shown,
}

type Admitted = (Option<Place>, Option<Holder>, Option<Effect>);

fn admit(shared: &Shared, asked: &Asked<'_>) -> Result<Admitted, Stop> {
    let wish = match asked.operation {
        "GetManifest" | "HeadManifest" | "GetBlob" | "HeadBlob" | "ListTags" | "ListReferrers" => Wish::Pull,
        _ => Wish::Push,
    };
    let mut core = shared.core();
    let begun = core.begin_registry();
    shared.or_fail(begun)?;
    let (place, holder) = core.at_its_moment(|world| {
        let registries = &world.env.images.registries;
        let place = asked.route.name().map(|name| named(registries, asked.host, name));
        let holder = match &place {
            Some(place) => auth::admit(world, asked.host, place, wish, asked.shown).map(Some),
            None if *asked.route == Route::Ping => auth::is_somebody(world, asked.shown),
            None => Ok(None),
        };
        holder.map(|holder| (place, holder))
    })?;
    let actor = holder.as_ref().map_or("anonymous", |holder| holder.name.as_str());
    let repository = place.as_ref().map(Place::to_string);
    let hit = core.hit_registry(asked.operation, actor, repository.as_deref(), wish == Wish::Push);
    let effect = shared.or_fail(hit)?;
    Ok((place, holder, effect))
}

/// A client may reach a registry by its own name, too.
fn named(registries: &Registries, host: &str, name: &str) -> Place {
    let bare = host.rsplit_once(':').map_or(host, |(bare, _)| bare);
    let is_registry = registries.hosts.contains_key(bare) || crate::registry::ecr_owner(bare).is_some();
    if is_registry {
        return Place { host: bare.to_owned(), repository: name.to_owned() };
    }
    registries.place(name)
}

/// What happens before a call that a fault hit, if it happens at all.
async fn before(effect: &Effect, call: &Call<'_>, operation: &str) -> Result<(), Stop> {
    let refused = match effect {
        Effect::Error { code, status, message } if code.starts_with("Throttling") => {
            too_many(*status, message, None)
        }
        Effect::Error { code, status, message } => Refusal::new(*status, code, message.clone()),
        Effect::TooMany { retry_after } => too_many(429, "Too Many Requests", *retry_after),
        Effect::Denied => Refusal::new(
            403,
            "DENIED",
            format!("User: {} is not authorized to perform: {operation} on {}", call.holder.arn, call.place),
        ),
        Effect::Redirect { location } => {
            Refusal::plain(307, "Temporary Redirect\n").with("location", location.clone())
        }
        Effect::Status { status, applied: false } => bare(*status),
        Effect::Reset { applied: false } => return Err(Cut::OnPurpose.into()),
        Effect::Silence { applied: false } => {
            std::future::pending::<()>().await;
            return Err(Cut::OnPurpose.into());
        }
        Effect::Delay { ms } => {
            tokio::time::sleep(Duration::from_millis(*ms)).await;
            return Ok(());
        }
        // A registry's own protocol reads what was written; what its answers hold is addressed by its digest.
        Effect::Stale { .. } | Effect::Alter { .. } => return Ok(()),
        Effect::Reset { applied: true }
        | Effect::Silence { applied: true }
        | Effect::Status { applied: true, .. }
        | Effect::Truncate
        | Effect::Drip { .. }
        | Effect::Corrupt => return Ok(()),
    };
    Err(refused.into())
}

fn too_many(status: u16, message: &str, retry_after: Option<u64>) -> Refusal {
    // A registry says it by 429 whatever the AWS protocol beside it says.
    let status = if status == 400 { 429 } else { status };
    let refusal = Refusal::new(status, "TOOMANYREQUESTS", message);
    match retry_after {
        Some(seconds) => refusal.with("retry-after", seconds.to_string()),
        None => refusal,
    }
}

fn bare(status: u16) -> Refusal {
    Refusal::plain(status, &format!("<html><body><h1>{status}</h1></body></html>"))
}

fn ping(shared: &Shared, call: &Call<'_>, holder: Option<&Holder>) -> Result<Answer, Stop> {
    if holder.is_some() {
        let mut answer = Answer::of(200).with("content-type", "application/json");
        answer.body = Content::Bytes(b"{}".to_vec());
        return Ok(answer);
    }
    let core = shared.core();
    let challenges = auth::challenges(&core.world.env.images.registries, &call.host);
    let refusal = Refusal::new(401, "UNAUTHORIZED", "authentication required");
    Err(challenges.into_iter().fold(refusal, Refusal::challenged).into())
}

/// The token server: by query (Docker's token specification), or by form (its OAuth 2 one).
async fn token(shared: &Shared, query: &str, body: Incoming, shown: Shown) -> Result<Answer, Stop> {
    let form = read(body, LARGEST_FORM).await?;
    let form = String::from_utf8_lossy(&form).into_owned();
    let shown = match (value(&form, "username"), value(&form, "password"), shown) {
        (Some(user), Some(password), Shown::Nothing) => Shown::Basic { user, password },
        (_, _, shown) => shown,
    };
    let scopes: Vec<String> = values(query, "scope").into_iter().chain(values(&form, "scope")).collect();
    let mut core = shared.core();
    let token = core.at_its_moment(|world| auth::token(world, &scopes, &shown))?;
    Ok(Answer::json(200, &token))
}

/// A body that has to fit into memory.
pub(crate) async fn read(body: Incoming, limit: usize) -> Result<Bytes, Stop> {
    let read = Limited::new(body, limit).collect().await;
    let too_large = |_| Refusal::new(413, "SIZE_INVALID", format!("the body is larger than {limit} bytes"));
    Ok(read.map_err(too_large)?.to_bytes())
}

fn header<'a>(head: &'a Parts, name: &str) -> Option<&'a str> {
    head.headers.get(name).and_then(|value| value.to_str().ok())
}

/// How an answer's body suffers.
#[derive(Debug, Clone, Copy, Default)]
struct Suffering {
    ends_at: Option<u64>,
    corrupt: bool,
    drip: Option<(usize, u64)>,
}

async fn send(answer: Answer, is_head: bool, effect: Option<&Effect>) -> Result<hyper::Response<Body>, Cut> {
    let Answer { mut status, headers, body } = answer;
    let mut suffering = Suffering::default();
    match effect {
        Some(Effect::Reset { .. }) => return Err(Cut::OnPurpose),
        Some(Effect::Silence { .. }) => {
            // For as long as the client stays; its leaving drops this future.
            std::future::pending::<()>().await;
        }
        Some(Effect::Status { status: other, .. }) => status = *other,
        Some(Effect::Truncate) => suffering.ends_at = Some(body.length() / 2),
        Some(Effect::Corrupt) => suffering.corrupt = true,
        Some(Effect::Drip { bytes, every_ms }) => suffering.drip = Some((*bytes, *every_ms)),
        Some(
            Effect::Error { .. }
            | Effect::Denied
            | Effect::Delay { .. }
            | Effect::TooMany { .. }
            | Effect::Redirect { .. }
            | Effect::Stale { .. }
            | Effect::Alter { .. },
        )
        | None => {}
    }
    let mut response = hyper::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    // A HEAD says how long the body would be; there is no body to an empty answer.
    if status != 204 {
        response = response.header("content-length", body.length());
    }
    if is_head {
        return Ok(response.body(whole(Bytes::new()))?);
    }
    if let (Content::Bytes(bytes), false, None, None) =
        (&body, suffering.corrupt, suffering.ends_at, suffering.drip)
    {
        return Ok(response.body(whole(Bytes::copy_from_slice(bytes)))?);
    }
    let (sender, channel) = Channel::<Bytes, Cut>::new(2);
    tokio::spawn(stream(body, suffering, sender));
    Ok(response.body(channel.boxed())?)
}

/// Sends a body piece by piece. A client that leaves ends it.
async fn stream(content: Content, suffering: Suffering, mut to: Sender<Bytes, Cut>) {
    let mut left = suffering.ends_at.unwrap_or(content.length()).min(content.length());
    let mut corrupt = suffering.corrupt;
    let mut source = match Source::open(content).await {
        Ok(source) => source,
        Err(error) => {
            tracing::error!(%error, "a blob could not be read");
            to.abort(Cut::OnPurpose);
            return;
        }
    };
    let most = suffering.drip.map_or(PIECE, |(bytes, _)| bytes.clamp(1, PIECE));
    while left > 0 {
        let size = usize::try_from(left).unwrap_or(usize::MAX).min(most);
        let mut piece = match source.next(size).await {
            Ok(piece) if !piece.is_empty() => piece,
            _ => {
                to.abort(Cut::OnPurpose);
                return;
            }
        };
        if std::mem::take(&mut corrupt) {
            piece[0] ^= 0x01;
        }
        left -= piece.len() as u64;
        if to.send_data(Bytes::from(piece)).await.is_err() {
            return;
        }
        if let Some((_, ms)) = suffering.drip {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
    }
    if suffering.ends_at.is_some() {
        // Let what was sent leave before the connection is cut.
        tokio::time::sleep(Duration::from_millis(20)).await;
        to.abort(Cut::OnPurpose);
    }
}

enum Source {
    Bytes(Bytes),
    File(tokio::fs::File),
}

impl Source {
    async fn open(content: Content) -> std::io::Result<Self> {
        match content {
            Content::Bytes(bytes) => Ok(Self::Bytes(bytes.into())),
            Content::File { path, from, .. } => {
                let mut file = tokio::fs::File::open(path).await?;
                file.seek(std::io::SeekFrom::Start(from)).await?;
                Ok(Self::File(file))
            }
        }
    }

    async fn next(&mut self, size: usize) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.split_to(size.min(bytes.len())).to_vec()),
            Self::File(file) => {
                let mut piece = vec![0; size];
                let read = file.read(&mut piece).await?;
                piece.truncate(read);
                Ok(piece)
            }
        }
    }
}

fn whole(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never: std::convert::Infallible| match never {}).boxed()
}
