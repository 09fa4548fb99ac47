//! What is said on the control socket, in both directions: one JSON object a line, with the version as its member `v`.
//!
//! The program and the service may be of different versions, so whatever one of them does not know (another version, a
//! command, a member) is refused in words and never ignored. Both sides use these types and bounds.

use hivesum_actors::job::JobId;
use hivesum_actors::store::collections::Accepted;
use hivesum_core::fixity::Acknowledgement;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::collection_messages::Shown;
use super::job_messages::{JobOrder, JobReport, Outcome};
use super::scrub_messages::{ScrubOrder, ScrubReport};
use super::token_messages::Token;

/// The version of the protocol.
pub const VERSION: u64 = 1;

/// Bytes of a request, with its line end.
pub const MAX_REQUEST_BYTES: usize = 64 << 10;

/// Bytes of an answer, with its line end.
pub const MAX_ANSWER_BYTES: usize = 4 << 20;

/// What a command asks the service to do. Asking once more does no harm: the second time changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Stores a token that the sender has made up.
    TokenCreate {
        /// The token.
        token: Token,
        /// The SHA-256 of its secret in hex. The secret itself stays with the sender.
        secret_sha256: String,
    },
    /// Lists tokens, oldest first.
    TokenList {
        /// Only those after the one with this id.
        after: Option<String>,
    },
    /// Revokes a token.
    TokenRevoke {
        /// Its id.
        id: String,
    },
    /// Makes a fresh sign-in link.
    TokenLink {},
    /// Deletes an ended job with its results.
    JobDelete {
        /// Its id.
        id: JobId,
    },
    /// Starts a job.
    JobRun {
        /// What it does, and where.
        order: Box<JobOrder>,
    },
    /// Says how a job stands.
    JobShow {
        /// Its id.
        id: JobId,
    },
    /// Stops a job. One that has ended stays as it is.
    JobCancel {
        /// Its id.
        id: JobId,
    },
    /// Accepts the directory that is now at the path of a root.
    RootAccept {
        /// The name of the root.
        name: String,
    },
    /// Accepts files of a collection as they were shown.
    CollectionAccept {
        /// The id of the collection.
        id: String,
        /// The files.
        shown: Vec<Shown>,
    },
    /// Acknowledges files of a collection as they were shown.
    CollectionAcknowledge {
        /// The id of the collection.
        id: String,
        /// The files.
        shown: Vec<Shown>,
        /// Who knows of them.
        said: Acknowledgement,
    },
    /// Forgets a collection with all that is known of it.
    CollectionForget {
        /// Its id.
        id: String,
    },
    /// Starts a scrub.
    ScrubRun {
        /// What it does, and where.
        order: Box<ScrubOrder>,
    },
    /// Says how a scrub stands.
    ScrubShow {
        /// The key of its order.
        key: Uuid,
        /// How many of its notices are known already.
        after: usize,
    },
    /// Stops a scrub. One that has ended stays as it is.
    ScrubCancel {
        /// The key of its order.
        key: Uuid,
    },
}

impl Command {
    /// Its name, as in the member `command`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::TokenCreate { .. } => "token_create",
            Self::TokenList { .. } => "token_list",
            Self::TokenRevoke { .. } => "token_revoke",
            Self::TokenLink {} => "token_link",
            Self::JobDelete { .. } => "job_delete",
            Self::JobRun { .. } => "job_run",
            Self::JobShow { .. } => "job_show",
            Self::JobCancel { .. } => "job_cancel",
            Self::RootAccept { .. } => "root_accept",
            Self::CollectionAccept { .. } => "collection_accept",
            Self::CollectionAcknowledge { .. } => "collection_acknowledge",
            Self::CollectionForget { .. } => "collection_forget",
            Self::ScrubRun { .. } => "scrub_run",
            Self::ScrubShow { .. } => "scrub_show",
            Self::ScrubCancel { .. } => "scrub_cancel",
        }
    }

    /// Whether it only asks, and may be repeated many times a minute.
    #[must_use]
    pub const fn is_question(&self) -> bool {
        matches!(self, Self::JobShow { .. } | Self::ScrubShow { .. })
    }
}

/// What the service answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// The token is stored.
    TokenCreated {},
    /// Some tokens.
    Tokens {
        /// In the order of their ids.
        tokens: Vec<Token>,
        /// Whether there are more after the last one.
        more: bool,
    },
    /// The token is revoked, or there was none.
    TokenRevoked {
        /// Whether there was one.
        existed: bool,
    },
    /// A link that works once, for ten minutes.
    Link {
        /// The URL, or the command that signs in where no browser reaches the service.
        link: String,
    },
    /// The job was deleted, or not.
    JobDeletion {
        /// What became of it.
        outcome: Outcome,
    },
    /// A job as it stands.
    Job {
        /// The job.
        job: Box<JobReport>,
    },
    /// The directory is accepted.
    RootAccepted {
        /// Its path, exactly: Base64 of its bytes.
        path_b64: String,
    },
    /// What came of accepting or acknowledging files.
    CollectionAccepted {
        /// Of each, in their order.
        outcomes: Vec<Accepted>,
    },
    /// The collection is forgotten, or there was none.
    CollectionForgotten {
        /// Whether there was one.
        existed: bool,
    },
    /// A scrub as it stands.
    Scrub {
        /// The scrub; none if no scrub with this key is known, as after a restart of the service.
        report: Option<Box<ScrubReport>>,
    },
    /// Nothing was done.
    Refused {
        /// What kind of refusal it is.
        reason: Reason,
        /// The reason in words.
        detail: String,
    },
}

/// Why nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The sender is another user.
    Forbidden,
    /// The request is not one that this version knows.
    InvalidRequest,
    /// It cannot be done as things are.
    Impossible,
    /// The disk did not keep what was written: the service is about to end.
    SyncFailed,
    /// The store failed in another way.
    StoreFailed,
}

/// Why a line is not understood.
#[derive(Debug, thiserror::Error)]
pub enum LineInvalid {
    /// It is no JSON object.
    #[error("the line is not a JSON object")]
    NotAnObject,
    /// It is of another version.
    #[error("version {found} of the control protocol is not known: this hivesum speaks version {VERSION}")]
    Version {
        /// The version, as JSON.
        found: Value,
    },
    /// A member or a value is not known or missing.
    #[error("{0}")]
    Content(serde_json::Error),
}

#[derive(Serialize)]
struct Versioned<'a, T> {
    v: u64,
    #[serde(flatten)]
    message: &'a T,
}

/// The line of a request or an answer, with its line end.
///
/// # Errors
/// None for the types of this module.
pub fn line_of<T: Serialize>(message: &T) -> Result<Vec<u8>, serde_json::Error> {
    let mut line = serde_json::to_vec(&Versioned { v: VERSION, message })?;
    line.push(b'\n');
    Ok(line)
}

/// The request or the answer in a line.
///
/// # Errors
/// When it is not one of this version.
pub fn parse<T: DeserializeOwned>(line: &[u8]) -> Result<T, LineInvalid> {
    let Ok(Value::Object(mut members)) = serde_json::from_slice(line) else { return Err(LineInvalid::NotAnObject) };
    let found = members.remove("v").unwrap_or(Value::Null);
    if found != VERSION {
        return Err(LineInvalid::Version { found });
    }
    serde_json::from_value(Value::Object(members)).map_err(LineInvalid::Content)
}

#[cfg(test)]
mod tests;
