//! What the parts of a coordinator share: the registry, the connection, the scans that run, and how messages leave.
//!
//! Nothing here waits for the broker on the caller's behalf: messages leave through a bounded queue, and what has to
//! wait returns a future of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_rt::ArbiterHandle;
use async_nats::Subject;
use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::stream::LastRawMessageErrorKind;
use bytes::Bytes;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::config::FleetConfig;
use super::link::{ANSWER_WITHIN, Link};
use super::mailbox::{Mailbox, Notices};
use super::protocol::{Call, CallAnswer, Message, NodeName, RootId, ScanKey, decode, encode};
use super::registry::{Changes, Registry};
use super::subjects::Subjects;

/// Messages that may wait to be sent. What finds no room is asked for again by the other side.
const OUTGOING: usize = 1024;

/// What became of a message for the stream of works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Published {
    /// It is there, under this number.
    Stored(u64),
    /// It is not, or nobody knows.
    Lost,
}

/// Shared by the tasks of a coordinator and its scans.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) config: FleetConfig,
    pub(super) state_id: String,
    subjects: Subjects,
    registry: Mutex<Registry>,
    changed: watch::Sender<u64>,
    /// None while the broker is not there or cannot be used.
    link: watch::Sender<Option<Link>>,
    scans: Mutex<HashMap<ScanKey, Mailbox>>,
    outgoing: mpsc::Sender<(String, Bytes)>,
    /// Why the fleet cannot be used, if so.
    problem: Mutex<Option<String>>,
    /// Ends everything without a word to the broker, as a kill does.
    #[cfg(test)]
    pub(super) killed: CancellationToken,
    pub(super) home: ArbiterHandle,
    pub(super) stop: CancellationToken,
    /// Notified when a root was not offered before, so that its consumer is made.
    pub(super) to_prepare: Notify,
    pub(super) changes: Changes,
}

impl Shared {
    /// Must be called on the arbiter of the fleet.
    pub(super) fn new(config: FleetConfig, state_id: String, local_roots: Vec<String>) -> Arc<Self> {
        let (outgoing, leaving) = mpsc::channel(OUTGOING);
        let (link, linked) = watch::channel(None);
        let registry = Registry::new(local_roots, config.announcement);
        actix_rt::spawn(send_all(leaving, linked));
        Arc::new(Self {
            subjects: Subjects::new(&config.name),
            config,
            state_id,
            registry: Mutex::new(registry),
            changed: watch::channel(0).0,
            link,
            scans: Mutex::default(),
            outgoing,
            problem: Mutex::default(),
            #[cfg(test)]
            killed: CancellationToken::new(),
            home: actix_rt::Arbiter::current(),
            stop: CancellationToken::new(),
            to_prepare: Notify::new(),
            changes: Changes::default(),
        })
    }

    pub(super) fn subjects(&self) -> &Subjects {
        &self.subjects
    }

    pub(super) const fn announcement(&self) -> Duration {
        self.config.announcement
    }

    pub(super) const fn ack_wait(&self) -> Duration {
        self.config.ack_wait
    }

    pub(super) fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes whoever waits for a node.
    pub(super) fn tell_change(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    pub(super) fn registry_changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// The nodes that can be given something of this root now.
    pub(super) fn nodes_of(&self, root: RootId) -> Vec<NodeName> {
        if self.link().is_none() {
            return Vec::new();
        }
        self.registry().nodes_of(root)
    }

    /// The nodes that can be asked something of this root now, also if they take no work.
    pub(super) fn nodes_there(&self, root: RootId) -> Vec<NodeName> {
        if self.link().is_some() { self.registry().nodes_there(root) } else { Vec::new() }
    }

    /// Whether several nodes can be given parts of what is beneath this root: all of them speak this version.
    pub(super) fn shares(&self, root: RootId, version: u8) -> bool {
        self.registry().shares(root, version)
    }

    pub(super) fn link(&self) -> Option<Link> {
        self.link.borrow().clone()
    }

    pub(super) fn set_link(&self, link: Option<Link>) {
        self.link.send_replace(link);
        self.tell_change();
    }

    pub(super) fn problem(&self) -> Option<String> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_problem(&self, problem: Option<String>) {
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = problem;
    }

    #[cfg(test)]
    pub(super) fn stop_at_once(&self) {
        self.killed.cancel();
    }

    #[cfg(test)]
    pub(super) async fn until_killed(&self) {
        self.killed.cancelled().await;
    }

    #[cfg(not(test))]
    pub(super) async fn until_killed(&self) {
        std::future::pending().await
    }

    /// Lets a scan hear of what nodes say about it.
    pub(super) fn listen(&self, scan: ScanKey) -> Notices {
        let (mailbox, notices) = Mailbox::new();
        self.scans().insert(scan, mailbox);
        notices
    }

    pub(super) fn forget_scan(&self, scan: &ScanKey) {
        self.scans().remove(scan);
    }

    /// Where notices about a scan go; `None` if there is no such scan.
    pub(super) fn mailbox(&self, scan: &ScanKey) -> Option<Mailbox> {
        self.scans().get(scan).cloned()
    }

    fn scans(&self) -> MutexGuard<'_, HashMap<ScanKey, Mailbox>> {
        self.scans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a message, if there is room and a broker: the protocol makes good for what is lost.
    pub(super) fn say(&self, subject: String, message: &impl Message) {
        match encode(message) {
            Ok(bytes) => self.say_bytes(subject, bytes),
            Err(why) => tracing::error!(%why, "a message of the fleet cannot be sent"),
        }
    }

    pub(super) fn say_bytes(&self, subject: String, bytes: Bytes) {
        if self.outgoing.try_send((subject, bytes)).is_err() {
            tracing::debug!("a message of the fleet is dropped: too many wait to be sent");
        }
    }

    /// Asks a node. `None` if it does not answer.
    pub(super) async fn call(&self, node: &NodeName, call: &Call) -> Option<CallAnswer> {
        let client = self.link()?.client;
        let bytes = encode(call).ok()?;
        let answer = client.request(self.subjects.call(node), bytes).await;
        let answer = answer.inspect_err(|error| tracing::debug!(%node, %error, "a node does not answer")).ok()?;
        decode(&answer.payload).inspect_err(|why| tracing::warn!(%node, %why, "an answer of a node is none")).ok()
    }

    /// Puts a work into the stream.
    pub(super) fn publish_work(
        &self,
        root: RootId,
        scan: &ScanKey,
        message: Bytes,
    ) -> impl Future<Output = Published> + Send + 'static {
        let (link, subject) = (self.link(), self.subjects.work(root, scan));
        async move {
            let Some(link) = link else { return Published::Lost };
            let sending = async { link.jetstream.publish(subject, message).await.ok()?.await.ok() };
            match tokio::time::timeout(ANSWER_WITHIN, sending).await {
                Ok(Some(stored)) => Published::Stored(stored.sequence),
                Ok(None) | Err(_) => Published::Lost,
            }
        }
    }

    /// Whether the stream still has this message under this number. `None` if the broker does not say.
    pub(super) fn is_stored(
        &self,
        sequence: u64,
        message: Bytes,
    ) -> impl Future<Output = Option<bool>> + Send + 'static {
        let (link, stream) = (self.link(), self.subjects.stream());
        async move {
            let jetstream = link?.jetstream;
            let look = async {
                let stream = jetstream.get_stream_no_info(stream).await.ok()?;
                match stream.get_raw_message(sequence).await {
                    Ok(found) => Some(found.payload == message),
                    Err(error) => match error.kind() {
                        LastRawMessageErrorKind::NoMessageFound => Some(false),
                        LastRawMessageErrorKind::JetStream(cause) => Some(!is_gone(cause.error_code())),
                        LastRawMessageErrorKind::InvalidSubject | LastRawMessageErrorKind::Other => None,
                    },
                }
            };
            tokio::time::timeout(ANSWER_WITHIN, look).await.ok().flatten()
        }
    }

    /// Removes what is left of a scan from the stream, in the background.
    pub(super) fn purge(self: &Arc<Self>, root: RootId, scan: &ScanKey) {
        let (link, subject, stream) = (self.link(), self.subjects.work(root, scan), self.subjects.stream());
        let purge = async move {
            let Some(link) = link else { return };
            let purging = async {
                let stream = link.jetstream.get_stream_no_info(stream).await.map_err(|error| error.to_string())?;
                stream.purge().filter(subject).await.map(drop).map_err(|error| error.to_string())
            };
            match tokio::time::timeout(ANSWER_WITHIN, purging).await {
                Ok(Ok(())) => {}
                // Nodes ask before they do anything, so what stays costs a question.
                Ok(Err(error)) => tracing::debug!(error, "works of a scan stay in the stream"),
                Err(_) => tracing::debug!("works of a scan stay in the stream: the broker does not answer"),
            }
        };
        self.home.spawn(purge);
    }

    /// The time of now, for the registry.
    pub(super) fn now(&self) -> Instant {
        Instant::now()
    }
}

/// The stream or the message is not there.
fn is_gone(code: ErrorCode) -> bool {
    code == ErrorCode::STREAM_NOT_FOUND || code == ErrorCode::NO_MESSAGE_FOUND
}

/// Sends messages one after the other. Those without a broker are dropped.
async fn send_all(mut leaving: mpsc::Receiver<(String, Bytes)>, link: watch::Receiver<Option<Link>>) {
    while let Some((subject, bytes)) = leaving.recv().await {
        let client = link.borrow().as_ref().map(|link| link.client.clone());
        let Some(client) = client else { continue };
        if let Err(error) = client.publish(Subject::from(subject), bytes).await {
            tracing::debug!(%error, "a message of the fleet is not sent");
        }
    }
}
