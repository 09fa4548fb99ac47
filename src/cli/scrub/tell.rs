//! Telling after a run without a service: what is queued is sent before the command ends, within a bound. What is not taken
//! stays in the outbox for the next run, or for a service.

use std::sync::Arc;
use std::time::Duration;

use hivesum::notify::{Heartbeat, Sink, TellEnd, check_names, tell_due};
use hivesum_actors::store::collections::Collections;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::cli::error::UsageError;
use crate::cli::sinks::SinkArgs;
use crate::cli::terminal::Terminal;

/// The command waits no longer for one sink, whatever is queued for it.
const WAIT_AT_MOST: Duration = Duration::from_secs(60);

/// Who is told by a command.
#[derive(Debug)]
pub(super) struct Told {
    sinks: Vec<Arc<Sink>>,
    heartbeat: Option<Heartbeat>,
    /// Whether a run came to its end.
    has_ended: bool,
}

impl Told {
    /// Nothing is sent yet. The names are those that collections will have.
    pub(super) fn open(args: &SinkArgs, names: &[String]) -> Result<Self, UsageError> {
        let sinks = args.open("scrub")?;
        check_names(names, sinks.iter().map(|sink| &*sink.name)).map_err(|why| UsageError::of("scrub", why))?;
        Ok(Self { sinks, heartbeat: args.heartbeat("scrub")?, has_ended: false })
    }

    /// Notes that a run came to its end.
    pub(super) fn a_run_has_ended(&mut self) {
        self.has_ended = true;
    }

    /// Sends what is due, and a heartbeat, and says what was not taken.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub(super) fn tell(&self, collections: &mut Collections, terminal: &Terminal) -> anyhow::Result<()> {
        self.tell_of_unknown(collections, terminal)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let never = CancellationToken::new();
        for sink in &self.sinks {
            let telling = async { timeout(WAIT_AT_MOST, tell_due(collections, sink, &never)).await };
            let why = match runtime.block_on(telling) {
                Ok(Ok(TellEnd::AllTold)) => continue,
                Ok(Ok(TellEnd::NotTaken(why))) => why,
                Ok(Err(error)) => return Err(error.into()),
                Err(_) => format!("there is more than {} s of it", WAIT_AT_MOST.as_secs()),
            };
            let name = &sink.name;
            terminal
                .message(&format!("{name}: not everything was told: {why}. A later run, or a service, tries again"));
        }
        if let Some(heartbeat) = self.heartbeat.as_ref().filter(|_| self.has_ended)
            && let Err(why) = runtime.block_on(heartbeat.beat())
        {
            terminal.message(&format!("the heartbeat was not answered: {why}"));
        }
        Ok(())
    }

    /// Names of sinks in collections that no sink has: alerts wait for ever there.
    fn tell_of_unknown(&self, collections: &mut Collections, terminal: &Terminal) -> anyhow::Result<()> {
        let mut named: Vec<String> = collections.list()?.into_iter().flat_map(|one| one.settings.notify).collect();
        named.sort_unstable();
        named.dedup();
        for name in named.iter().filter(|name| !self.sinks.iter().any(|sink| sink.name == **name)) {
            terminal.message(&format!(
                "{name}: alerts wait for this sink, and no sink of this name is configured: name its file with --config"
            ));
        }
        Ok(())
    }
}
