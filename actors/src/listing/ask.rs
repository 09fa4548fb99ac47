//! Asking the file system of a root, which may never answer, without waiting for ever.
//!
//! The question runs on a thread of its own. Nobody can take a thread back from a dead mount, so each root
//! has a few places: once they are all stuck, only this root is refused, and the process can still end.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

use hivesum_core::file::Root;

/// How long an answer is waited for.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Threads that may be at one root at a time.
const THREADS_PER_ROOT: usize = 8;

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// Every place at this root was taken all the time.
    Busy,
    /// The file system said nothing.
    Silent,
}

/// Whoever asked, seen from the thread.
pub(crate) struct Asker<T>(oneshot::Sender<T>);

impl<T> Asker<T> {
    /// Whether the answer is still wanted.
    pub(crate) fn waits(&self) -> bool {
        !self.0.is_closed()
    }
}

/// The places of every root; there are as many as the service was started with.
static PLACES: Mutex<Option<HashMap<PathBuf, Arc<Semaphore>>>> = Mutex::new(None);

fn places_at(root: &Root) -> Arc<Semaphore> {
    let mut places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
    let of_root = places.get_or_insert_default().entry(root.path().to_owned());
    of_root.or_insert_with(|| Arc::new(Semaphore::new(THREADS_PER_ROOT))).clone()
}

/// Puts a question to the root's file system.
pub(crate) async fn ask<T, Q>(root: &Root, question: Q) -> Result<T, NoAnswer>
where
    T: Send + 'static,
    Q: FnOnce(&Root, &Asker<T>) -> T + Send + 'static,
{
    ask_within(TIMEOUT, root, question).await
}

async fn ask_within<T, Q>(timeout: Duration, root: &Root, question: Q) -> Result<T, NoAnswer>
where
    T: Send + 'static,
    Q: FnOnce(&Root, &Asker<T>) -> T + Send + 'static,
{
    let deadline = tokio::time::Instant::now() + timeout;
    let place = tokio::time::timeout_at(deadline, places_at(root).acquire_owned()).await;
    let Ok(Ok(place)) = place else { return Err(NoAnswer::Busy) };
    let (answer_in, answer) = oneshot::channel();
    let root = root.clone();
    let run = move || {
        let asker = Asker(answer_in);
        let answered = question(&root, &asker);
        // The place first: whoever has the answer may ask again at once.
        drop(place);
        let _ = asker.0.send(answered);
    };
    let thread = std::thread::Builder::new().name("hivesum-root".to_owned()).spawn(run);
    if thread.is_err() {
        return Err(NoAnswer::Busy);
    }
    match tokio::time::timeout_at(deadline, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) | Err(_) => Err(NoAnswer::Silent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[actix::test]
    async fn a_dead_root_takes_its_places_and_no_more_and_other_roots_answer() {
        let (dead, sound) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let [dead, sound] = [&dead, &sound].map(|dir| Root::open(None, dir.path()).unwrap());
        let no_time = Duration::ZERO;
        let mut stuck = Vec::new();
        for _ in 0..THREADS_PER_ROOT {
            let (release, released) = mpsc::channel::<()>();
            stuck.push(release);
            let question = move |_: &Root, _: &Asker<()>| {
                let _ = released.recv();
            };
            assert_eq!(ask_within(no_time, &dead, question).await, Err(NoAnswer::Silent));
        }
        assert_eq!(ask_within(no_time, &dead, |_, _| ()).await, Err(NoAnswer::Busy));
        assert_eq!(ask(&sound, |_, _| 7).await, Ok(7));
        drop(stuck);
        assert_eq!(ask(&dead, |_, _| 8).await, Ok(8));
    }

    #[actix::test]
    async fn a_question_learns_that_nobody_waits_any_more() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(None, dir.path()).unwrap();
        let (told, seen) = mpsc::channel();
        let question = move |_: &Root, asker: &Asker<()>| {
            while asker.waits() {
                std::thread::yield_now();
            }
            told.send(()).unwrap();
        };
        assert_eq!(ask_within(Duration::ZERO, &root, question).await, Err(NoAnswer::Silent));
        seen.recv().unwrap();
    }
}
