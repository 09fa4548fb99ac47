//! What the service does for a command: the same calls that the API makes, and the answers in words.

use std::os::unix::ffi::OsStrExt as _;

use actix_web::web::Data;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hivesum_actors::error::{StoreError, SubmitError};
use hivesum_actors::job::{Job, JobId};
use hivesum_actors::store::roots::AcceptError;
use hivesum_actors::store::tokens::{SecretHash, TokenRecord};
use hivesum_core::fixity::Acknowledgement;

use super::collection_messages::Shown;
use super::job_commands;
use super::protocol::{Answer, Command, MAX_ANSWER_BYTES, Reason};
use super::scrub_commands;
use super::server::{self, refused};
use super::socket::ControlSocket;
use super::token_messages::Token;
use crate::service::Service;
use crate::service::sign_in::SignInPage;

/// Bytes of the tokens in one answer, as JSON. One token is at most as long as a request, and an answer has room for
/// the last one, too.
const TOKENS_BYTES: usize = MAX_ANSWER_BYTES / 4;

/// Serves the control socket, if there is one, until the service stops. Sign-in links are those of `page`.
pub(crate) async fn serve(socket: Option<ControlSocket>, service: Data<Service>, page: SignInPage) {
    let Some(socket) = socket else { return };
    let stop = service.stopping.clone();
    let carry_out = async move |command| carry_out(&service, &page, command).await;
    server::serve(socket, carry_out, stop).await;
}

/// Does what a command says.
async fn carry_out(service: &Service, page: &SignInPage, command: Command) -> Answer {
    let answer = match command {
        Command::TokenCreate { token, secret_sha256 } => create(service, token, &secret_sha256).await,
        Command::TokenList { after } => list(service, after.as_deref()).await,
        Command::TokenRevoke { id } => {
            service.jobs.tokens().revoke(&id).await.map(|existed| Answer::TokenRevoked { existed })
        }
        Command::TokenLink {} => return link(service, page),
        Command::JobDelete { id } => {
            service.jobs.delete(id).await.map(|deletion| Answer::JobDeletion { outcome: deletion.into() })
        }
        Command::JobRun { order } => match job_commands::run(service, *order).await {
            Err(SubmitError::Store(error)) => Err(error),
            Err(error) => return refused(Reason::Impossible, error.to_string()),
            Ok(answer) => Ok(answer),
        },
        Command::JobShow { id } => service.jobs.job(id).await.map(|job| answer_of(id, job)),
        Command::JobCancel { id } => service.jobs.cancel(id).await.map(|job| answer_of(id, job)),
        Command::RootAccept { name } => return accept(service, &name).await,
        Command::CollectionAccept { id, shown } => return say(service, id, (shown, None)).await,
        Command::CollectionAcknowledge { id, shown, said } => return say(service, id, (shown, Some(said))).await,
        Command::ScrubRun { order } => return scrub_commands::start(service, *order),
        Command::ScrubShow { key, after } => return scrub_commands::show(service, key, after),
        Command::ScrubCancel { key } => return scrub_commands::cancel(service, key),
        Command::CollectionForget { id } => {
            service.jobs.collections().forget(id).await.map(|existed| Answer::CollectionForgotten { existed })
        }
    };
    answer.unwrap_or_else(|error| failed(&error))
}

/// Accepts files as they were shown, or acknowledges them.
async fn say(service: &Service, id: String, (shown, said): (Vec<Shown>, Option<Acknowledgement>)) -> Answer {
    let shown = match shown.iter().map(Shown::read).collect::<Result<_, _>>() {
        Ok(shown) => shown,
        Err(wrong) => return refused(Reason::InvalidRequest, wrong.to_owned()),
    };
    let collections = service.jobs.collections();
    let outcomes = match said.map(|said| Acknowledgement::new(said.at, &said.by, said.note)) {
        Some(Err(wrong)) => return refused(Reason::InvalidRequest, wrong.to_string()),
        Some(Ok(said)) => collections.acknowledge(id, shown, said).await,
        None => collections.accept(id, shown).await,
    };
    outcomes.map_or_else(|error| failed(&error), |outcomes| Answer::CollectionAccepted { outcomes })
}

async fn create(service: &Service, token: Token, secret_sha256: &str) -> Result<Answer, StoreError> {
    let invalid = |detail: String| Ok(refused(Reason::InvalidRequest, detail));
    if uuid::Uuid::try_parse(&token.id).is_err() {
        return invalid("the id of a token is a UUID".to_owned());
    }
    let mut hash = [0; 32];
    if hex::decode_to_slice(secret_sha256, &mut hash).is_err() {
        return invalid("secret_sha256 is 64 hex digits".to_owned());
    }
    let record = match TokenRecord::try_from(token) {
        Ok(record) => record,
        Err(error) => return invalid(error.to_string()),
    };
    Ok(match service.jobs.tokens().insert(record, SecretHash::from_bytes(hash)).await? {
        true => Answer::TokenCreated {},
        false => refused(Reason::Impossible, "another token has this id".to_owned()),
    })
}

fn answer_of(id: JobId, job: Option<Job>) -> Answer {
    job.map_or_else(|| job_commands::no_such_job(id), |job| Answer::Job { job: Box::new(job.into()) })
}

/// As many tokens as one answer holds, and at least one if there is one.
async fn list(service: &Service, after: Option<&str>) -> Result<Answer, StoreError> {
    let records = service.jobs.tokens().list().await?;
    let mut left = records.iter().filter(|record| after.is_none_or(|after| record.id.as_str() > after)).peekable();
    let (mut tokens, mut bytes) = (Vec::new(), 0);
    while bytes < TOKENS_BYTES
        && let Some(record) = left.next()
    {
        let token = Token::from(record);
        bytes += serde_json::to_vec(&token).map_or(0, |json| json.len());
        tokens.push(token);
    }
    Ok(Answer::Tokens { tokens, more: left.peek().is_some() })
}

fn link(service: &Service, page: &SignInPage) -> Answer {
    match service.auth.new_link() {
        Ok(Some(token)) => Answer::Link { link: page.with(&token) },
        Ok(None) => {
            refused(Reason::Impossible, format!("the service runs with --no-auth, so nobody signs in: {}", page.open()))
        }
        Err(_) => refused(Reason::StoreFailed, "the kernel has no random numbers".to_owned()),
    }
}

async fn accept(service: &Service, name: &str) -> Answer {
    match service.jobs.accept_root(name).await {
        Ok(path) => Answer::RootAccepted { path_b64: STANDARD.encode(path.as_os_str().as_bytes()) },
        Err(AcceptError::Store(error)) => failed(&error),
        Err(error @ (AcceptError::Root(_) | AcceptError::Unknown { .. } | AcceptError::Unavailable)) => {
            refused(Reason::Impossible, error.to_string())
        }
    }
}

fn failed(error: &StoreError) -> Answer {
    let reason = match error {
        StoreError::SyncFailed => Reason::SyncFailed,
        StoreError::Locked
        | StoreError::Corrupt
        | StoreError::Newer { .. }
        | StoreError::Older { .. }
        | StoreError::ReadOnly
        | StoreError::Incomplete(_)
        | StoreError::NotAFile { .. }
        | StoreError::Full
        | StoreError::Busy
        | StoreError::HeldUp { .. }
        | StoreError::Closed
        | StoreError::Failed(_) => Reason::StoreFailed,
    };
    refused(reason, error.to_string())
}
