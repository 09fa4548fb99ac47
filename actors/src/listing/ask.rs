//! Asks a root's file system, which may never answer, and waits for the answer for at most 5 s.
//!
//! The question runs on its own thread, because a thread cannot be recovered from a mount that does not answer. Each
//! root has a few permits, and a thread holds one until it ends: once all threads of a root hang, only this root is
//! refused. tokio's blocking threads would not do: they are shared by all roots, and a runtime waits for them at exit.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, timeout_at};

use hivesum_core::file::Root;

/// How long to wait for an answer, and for a permit before that.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Threads that may be inside one root's file system at a time.
const THREADS_PER_ROOT: usize = 8;

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// All permits of this root were in use all the time.
    Busy,
    /// The file system did not answer in time.
    TimedOut,
}

/// The caller, as the thread sees it.
pub(crate) struct Caller<T>(oneshot::Sender<T>);

impl<T> Caller<T> {
    /// Whether the caller still waits for the answer.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.0.is_closed()
    }
}

/// The permits of each root, by its path. There are as many entries as roots that the service has or remembers.
static PERMITS: Mutex<Option<HashMap<PathBuf, Arc<Semaphore>>>> = Mutex::new(None);

fn permits_of(path: PathBuf) -> Arc<Semaphore> {
    let mut permits = PERMITS.lock().unwrap_or_else(PoisonError::into_inner);
    let of_root = permits.get_or_insert_default().entry(path);
    of_root.or_insert_with(|| Arc::new(Semaphore::new(THREADS_PER_ROOT))).clone()
}

/// Asks the root's file system a question.
pub(crate) async fn ask<T, Q>(root: &Root, question: Q) -> Result<T, NoAnswer>
where
    T: Send + 'static,
    Q: FnOnce(&Root, &Caller<T>) -> T + Send + 'static,
{
    ask_within(TIMEOUT, root, question).await
}

/// As [`ask`], with another limit.
pub(crate) async fn ask_within<T, Q>(timeout: Duration, root: &Root, question: Q) -> Result<T, NoAnswer>
where
    T: Send + 'static,
    Q: FnOnce(&Root, &Caller<T>) -> T + Send + 'static,
{
    let asked = root.clone();
    ask_path_within(timeout, root.path(), move |caller| question(&asked, caller)).await
}

/// Asks about the path of a root that is remembered and need not be open.
pub(crate) async fn ask_path<T, Q>(path: &Path, question: Q) -> Result<T, NoAnswer>
where
    T: Send + 'static,
    Q: FnOnce(&Path) -> T + Send + 'static,
{
    let asked = path.to_owned();
    ask_path_within(TIMEOUT, path.to_owned(), move |_| question(&asked)).await
}

async fn ask_path_within<T, Q>(timeout: Duration, path: PathBuf, question: Q) -> Result<T, NoAnswer>
where
    T: Send + 'static,
    Q: FnOnce(&Caller<T>) -> T + Send + 'static,
{
    let deadline = Instant::now() + timeout;
    let permit = timeout_at(deadline, permits_of(path).acquire_owned()).await;
    let Ok(Ok(permit)) = permit else { return Err(NoAnswer::Busy) };
    let answer = spawn(question, permit).map_err(|_| NoAnswer::Busy)?;
    match timeout_at(deadline, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) | Err(_) => Err(NoAnswer::TimedOut),
    }
}

/// Starts the thread that asks. It holds the permit until the question is answered, however late.
fn spawn<T, Q>(question: Q, permit: OwnedSemaphorePermit) -> std::io::Result<oneshot::Receiver<T>>
where
    T: Send + 'static,
    Q: FnOnce(&Caller<T>) -> T + Send + 'static,
{
    let (sender, receiver) = oneshot::channel();
    let run = move || {
        let caller = Caller(sender);
        let answer = question(&caller);
        // The permit first, so that the caller can ask again as soon as it has the answer.
        drop(permit);
        let _ = caller.0.send(answer);
    };
    std::thread::Builder::new().name("hivesum-root".to_owned()).spawn(run)?;
    Ok(receiver)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[actix::test]
    async fn a_dead_root_uses_up_its_own_permits_only_and_other_roots_answer() {
        let (dead, sound) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let [dead, sound] = [&dead, &sound].map(|dir| Root::open(None, dir.path()).unwrap());
        let no_time = Duration::ZERO;
        let mut stuck = Vec::new();
        for _ in 0..THREADS_PER_ROOT {
            let (release, released) = mpsc::channel::<()>();
            stuck.push(release);
            let question = move |_: &Root, _: &Caller<()>| {
                let _ = released.recv();
            };
            assert_eq!(ask_within(no_time, &dead, question).await, Err(NoAnswer::TimedOut));
        }
        assert_eq!(ask_within(no_time, &dead, |_, _| ()).await, Err(NoAnswer::Busy));
        assert_eq!(ask(&sound, |_, _| 7).await, Ok(7));
        drop(stuck);
        assert_eq!(ask(&dead, |_, _| 8).await, Ok(8));
    }

    #[actix::test]
    async fn a_question_can_see_that_its_caller_has_stopped_waiting() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(None, dir.path()).unwrap();
        let (noticed, seen) = mpsc::channel();
        let question = move |_: &Root, caller: &Caller<()>| {
            while caller.is_waiting() {
                std::thread::yield_now();
            }
            noticed.send(()).unwrap();
        };
        assert_eq!(ask_within(Duration::ZERO, &root, question).await, Err(NoAnswer::TimedOut));
        seen.recv().unwrap();
    }
}
