//! Images: `image.inspect` and `image.mirror` without Docker, `image.build` with it.

mod build;
mod by_hand;
mod card;
mod inspect;
mod logins;
mod mirror;
mod subject;

pub use by_hand::Images;

use crate::http::Route;
use crate::shell::Child;
use crate::workshop::ClockPace;
use holdpoint_cloud::Cloud;
use holdpoint_cloud::registry::{self, Registries};
use holdpoint_engine::{Clock, Executor};
use logins::RunLogins;
use std::sync::Arc;

/// Registries as a run asks them: as who it is, and in practice all of them at the simulator.
pub(crate) fn registries(route: Route, child: &Child, clock: &Arc<dyn Clock>) -> Registries {
    let is_practice = child.practice.is_some();
    let logins = RunLogins::new(child.env.clone(), child.session.clone(), child.open.clone(), is_practice);
    let route = match route {
        Route::Live => registry::Route::Live,
        Route::Practice(simulator) => registry::Route::Practice(simulator),
    };
    Registries::new(route, Arc::new(logins), Arc::new(ClockPace(Arc::clone(clock))))
}

/// The kinds of this family.
pub(crate) fn executors(cloud: &Cloud, registries: &Registries, child: Child) -> Vec<Arc<dyn Executor>> {
    vec![
        Arc::new(inspect::Inspect { cloud: cloud.clone(), registries: registries.clone() }),
        Arc::new(mirror::Copy { cloud: cloud.clone(), registries: registries.clone() }),
        Arc::new(build::Build { registries: registries.clone(), child }),
    ]
}
