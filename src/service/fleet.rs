//! The fleet that a service coordinates, if it does. Without the feature `fleet` there is none.

use hivesum_actors::fleet::FleetConfig;
use hivesum_actors::jobs::Jobs;

/// Why the fleet of a service cannot be coordinated.
#[derive(Debug, thiserror::Error)]
pub enum FleetRefused {
    /// In words.
    #[cfg(feature = "fleet")]
    #[error(transparent)]
    Fleet(#[from] hivesum_actors::fleet::FleetError),
    /// The program has no fleets.
    #[error("--fleet: this hivesum was built without fleets (the feature `fleet`)")]
    NotBuilt,
}

/// The fleet of a service.
#[derive(Debug, Default)]
pub(crate) struct OwnFleet {
    #[cfg(feature = "fleet")]
    fleet: Option<hivesum_actors::fleet::Fleet>,
}

impl OwnFleet {
    /// Starts to coordinate the fleet, and lets jobs name its roots.
    ///
    /// # Errors
    /// If the configuration is not valid, or another service coordinates the fleet.
    #[cfg(feature = "fleet")]
    pub(crate) async fn start(config: Option<&FleetConfig>, jobs: &Jobs, state_id: &str) -> Result<Self, FleetRefused> {
        use hivesum_actors::fleet::{Coordinator, Fleet};
        let Some(config) = config.cloned() else { return Ok(Self::default()) };
        let local_roots = jobs.roots().iter().map(|root| root.name().to_owned()).collect();
        let fleet = Fleet::start(Coordinator { config, state_id: state_id.to_owned(), local_roots }).await?;
        jobs.join_fleet(fleet.clone());
        Ok(Self { fleet: Some(fleet) })
    }

    /// Refuses a fleet.
    ///
    /// # Errors
    /// If there is a configuration of one.
    #[cfg(not(feature = "fleet"))]
    #[expect(clippy::unused_async, reason = "as with the feature")]
    pub(crate) async fn start(config: Option<&FleetConfig>, _: &Jobs, _: &str) -> Result<Self, FleetRefused> {
        if config.is_some() { Err(FleetRefused::NotBuilt) } else { Ok(Self::default()) }
    }

    /// Ends it, after the jobs have stopped.
    pub(crate) async fn stop(&self) {
        #[cfg(feature = "fleet")]
        if let Some(fleet) = &self.fleet {
            fleet.stop().await;
        }
    }
}
