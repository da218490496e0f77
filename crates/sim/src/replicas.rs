//! Replicas that lag: what was true some time ago, kept for as long as a fault may ask for it.

use std::collections::{BTreeMap, VecDeque};

use crate::clock::Micros;
use crate::images::Images;
use crate::schedule::Place;
use crate::world::Estate;

/// What was true, up to each moment at which something happened; oldest first.
#[derive(Default)]
pub(crate) struct Replicas {
    moments: VecDeque<Moment>,
}

/// What was true until an elapsed moment.
struct Moment {
    until: Micros,
    estates: BTreeMap<Place, Estate>,
    images: Images,
}

impl Replicas {
    /// Something happens at `t`: what is true until then is kept, and what nobody asks for after `since` is dropped.
    pub(crate) fn remember(
        &mut self,
        t: Micros,
        since: Micros,
        estates: &BTreeMap<Place, Estate>,
        images: &Images,
    ) {
        self.moments.retain(|moment| moment.until > since);
        // Of several things at one moment the state before the first counts.
        if self.moments.back().is_none_or(|last| last.until < t) {
            self.moments.push_back(Moment { until: t, estates: estates.clone(), images: images.clone() });
        }
    }

    /// Every replica shows what is true now.
    pub(crate) fn catch_up(&mut self) {
        self.moments.clear();
    }

    /// Puts what was true at the elapsed moment `then` in the place of what is given, and the other way round the second
    /// time. Nothing happened since: nothing is put.
    pub(crate) fn swap(&mut self, then: Micros, estates: &mut BTreeMap<Place, Estate>, images: &mut Images) {
        if let Some(moment) = self.moments.iter_mut().find(|moment| moment.until > then) {
            std::mem::swap(&mut moment.estates, estates);
            std::mem::swap(&mut moment.images, images);
        }
    }
}
