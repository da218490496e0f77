//! Who a run is to registries: its identity for ECR's hosts, a profile where the operator mapped one, and otherwise the
//! operator's own login. In practice only the first: the others are real.

use async_trait::async_trait;
use holdpoint_cloud::registry::Logins;
use holdpoint_identity::registries::{Login, OpenSession, Registries, RegistryDesk, operators_login};
use holdpoint_identity::{Env, Places, Prefs, Session};
use tokio::sync::OnceCell;

/// The logins of a run. ECR's are kept in memory until half of their life.
pub(crate) struct RunLogins {
    pub(crate) env: Env,
    pub(crate) session: Session,
    pub(crate) open: OpenSession,
    pub(crate) is_practice: bool,
    desk: OnceCell<RegistryDesk>,
}

impl RunLogins {
    pub(crate) fn new(env: Env, session: Session, open: OpenSession, is_practice: bool) -> Self {
        Self { env, session, open, is_practice, desk: OnceCell::new() }
    }

    async fn desk(&self) -> Result<&RegistryDesk, String> {
        let made = || async {
            let mapped = match Places::of(&self.env).filter(|_| !self.is_practice) {
                Some(places) => Prefs::open(&places.home).map_err(|error| error.to_string())?.registries,
                None => Default::default(),
            };
            let registries = Registries::new(mapped, None, &self.env);
            Ok(RegistryDesk::of_child(registries, self.open.clone(), self.session.clone()))
        };
        self.desk.get_or_try_init(made).await
    }
}

#[async_trait]
impl Logins for RunLogins {
    async fn login(&self, host: &str) -> Result<Option<Login>, String> {
        match self.desk().await?.login(host).await {
            Ok(login) => Ok(Some(login)),
            Err(error) if error.is_nobodys() && !self.is_practice => {
                operators_login(&self.env, host).await.map_err(|error| error.to_string())
            }
            Err(error) if error.is_nobodys() => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }
}
