//! The card of a copy: its layers, and how far each is.

use holdpoint_cloud::registry::{Digest, Mirror, Stands, Step, Survey};
use holdpoint_engine::Progress;
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};

/// So many parts of the whole are shown apart: more would be more notes than a screen can show.
const PARTS: u64 = 100;

/// What a screen is shown while layers are copied.
pub(super) struct Card {
    from: String,
    to: String,
    progress: Progress,
    state: Mutex<State>,
}

struct State {
    layers: Vec<Layer>,
    total: u64,
    /// Bytes that were there when it was last shown.
    shown: u64,
}

struct Layer {
    digest: Digest,
    size: u64,
    done: u64,
    state: &'static str,
}

impl Card {
    pub(super) fn new(mirror: &Mirror, survey: &Survey, progress: Progress) -> Self {
        let layer = |blob: &holdpoint_cloud::registry::Blob| {
            let (digest, size) = (blob.descriptor.digest.clone(), blob.descriptor.size);
            let (done, state) = match blob.stands {
                Stands::Missing | Stands::Neighbour => (0, "waiting"),
                Stands::Present | Stands::Foreign => (size, "present"),
            };
            Layer { digest, size, done, state }
        };
        let layers: Vec<Layer> = survey.blobs.iter().map(layer).collect();
        let total = layers.iter().map(|layer| layer.size).sum();
        Self {
            from: mirror.from.to_string(),
            to: mirror.to.name(),
            progress,
            state: Mutex::new(State { layers, total, shown: 0 }),
        }
    }

    pub(super) fn show(&self) {
        let view = self.state.lock().unwrap_or_else(PoisonError::into_inner).view(&self.from, &self.to);
        self.progress.shows(view);
    }

    /// News of a layer; shown when it is another state, or more than a hundredth of the whole.
    pub(super) fn heard(&self, digest: &Digest, step: Step) {
        let view = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(layer) = state.layers.iter_mut().find(|layer| layer.digest == *digest) else { return };
            let before = layer.state;
            match step {
                Step::Reached(at) => (layer.done, layer.state) = (at.min(layer.size), "copying"),
                Step::Copied => (layer.done, layer.state) = (layer.size, "done"),
                Step::Mounted => (layer.done, layer.state) = (layer.size, "mounted"),
            }
            let is_new = layer.state != before;
            let done = state.done();
            if !is_new && done.abs_diff(state.shown) < state.total / PARTS {
                return;
            }
            state.shown = done;
            state.view(&self.from, &self.to)
        };
        self.progress.shows(view);
    }
}

impl State {
    fn done(&self) -> u64 {
        self.layers.iter().map(|layer| layer.done).sum()
    }

    fn view(&self, from: &str, to: &str) -> Value {
        let layer = |layer: &Layer| json!({"digest": layer.digest, "size": layer.size, "done": layer.done, "state": layer.state});
        let layers: Vec<Value> = self.layers.iter().map(layer).collect();
        json!({
            "card": "mirror", "from": from, "to": to, "layers": layers, "bytes": self.done(), "total": self.total,
        })
    }
}
