//! Why a fleet cannot be used, in words for whoever started the program.

use std::path::PathBuf;

use super::protocol::Versions;

/// Why a fleet cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FleetError {
    /// The URL is none of a broker.
    #[error("{url:?} is not the URL of a NATS server: {why}")]
    Url {
        /// The URL, without a password.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// Anyone on the way could read and change what passes.
    #[error(
        "nats://{host} is not on this machine: use tls://{host} so that nobody reads or changes what passes, or --fleet-insecure"
    )]
    Insecure {
        /// The host of the URL.
        host: String,
    },
    /// The name cannot stand in a subject.
    #[error("{0:?} cannot be the name of a node or of a fleet: it has 1 to 64 letters, digits, - and _")]
    Name(String),
    /// The name of a root cannot stand before `@` and the name of a node.
    #[error(
        "{0:?} cannot be the name of a directory of a node: it must not be empty or contain /, @ or control characters"
    )]
    RootName(String),
    /// Two directories of a node have the same name.
    #[error("two directories are called {0:?}: name one of them, as in NAME=DIR")]
    RootsClash(String),
    /// A time is out of bounds.
    #[error("the time of an {0} must be more than 0 and at most an hour")]
    Time(&'static str),
    /// A file cannot be read.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Whoever can read the credentials is the node.
    #[error("{}: others may read these credentials (mode {mode:o}): chmod 600", .path.display())]
    OpenCreds {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The credentials cannot be used.
    #[error("{}: {why}", .path.display())]
    Creds {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The broker is not there.
    #[error("the NATS server at {url} cannot be reached: {why}")]
    Unreachable {
        /// Where it should be.
        url: String,
        /// What failed.
        why: String,
    },
    /// The broker does not know these credentials.
    #[error("the NATS server at {url} refuses these credentials")]
    Denied {
        /// Where it is.
        url: String,
    },
    /// The certificate of the broker cannot be checked, or it speaks no TLS.
    #[error("no TLS with the NATS server at {url}: {why}")]
    Tls {
        /// Where it is.
        url: String,
        /// What failed.
        why: String,
    },
    /// The broker ignores what a fleet needs.
    #[error(
        "the NATS server is version {found}; a fleet needs 2.10 or newer, because older ones ignore settings that it needs"
    )]
    TooOld {
        /// Its version.
        found: String,
    },
    /// The broker has no JetStream, or not for this user.
    #[error(
        "the NATS server has no JetStream for this user: start it with --jetstream, or enable it for the account ({why})"
    )]
    NoJetStream {
        /// What the server said.
        why: String,
    },
    /// Somebody else's stream, bucket or consumer has the name of ours, or the broker did not do what it was asked for.
    #[error(
        "{what} of the NATS server is not as this fleet needs it: {difference}; choose another --fleet-name, or remove it"
    )]
    Foreign {
        /// Which object.
        what: String,
        /// What differs.
        difference: String,
    },
    /// Another coordinator has the fleet.
    #[error(
        "another service coordinates the fleet {fleet:?} (state {holder}): stop it, or choose another --fleet-name"
    )]
    HasCoordinator {
        /// The name of the fleet.
        fleet: String,
        /// The state of the other one, as it says.
        holder: String,
    },
    /// The coordinator does not take this node.
    #[error("the coordinator does not take this node: {0}")]
    NotTaken(String),
    /// The two sides have no version of the protocol in common.
    #[error("the coordinator speaks version {theirs} of the protocol of a fleet and this node {ours}: {advice}")]
    Protocol {
        /// Those of the coordinator.
        theirs: String,
        /// Those of this program.
        ours: String,
        /// What to do.
        advice: &'static str,
    },
    /// An operation of the broker failed that may go well later.
    #[error("the NATS server did not answer: {0}")]
    NoAnswer(String),
}

impl FleetError {
    /// Whether waiting may help.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::NoAnswer(_))
    }

    /// Two programs that do not understand each other.
    pub(crate) fn protocol(theirs: Versions) -> Self {
        let advice = if theirs.newest > Versions::OURS.newest { "update this node" } else { "update the coordinator" };
        Self::Protocol { theirs: theirs.to_string(), ours: Versions::OURS.to_string(), advice }
    }
}
