//! A start waits for its turn while another process writes to the state directory.
//!
//! A request waits for seconds and is then told that the store is busy. A start that gave up as early would leave the
//! service down because of one command that writes for long. It says in the log what it waits for, and gives up after a
//! bound. Only [`StoreError::Busy`] is waited for; every other failure ends the wait at once.

use std::time::{Duration, Instant};

use crate::error::StoreError;

/// How long a start waits in all.
pub(crate) const START_WAIT: Duration = Duration::from_millis(if cfg!(test) { 200 } else { 60_000 });

/// Between two attempts. SQLite and the journal have waited for seconds themselves, in most cases.
const RETRY: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 50 });

/// The wait of one start.
#[derive(Debug)]
pub(crate) struct Turn {
    began: Instant,
    bound: Duration,
    is_told: bool,
}

impl Turn {
    /// A wait that begins now.
    pub(crate) fn within(bound: Duration) -> Self {
        Self { began: Instant::now(), bound, is_told: false }
    }

    /// Attempts until others have finished writing. Blocks.
    ///
    /// # Errors
    /// [`StoreError::HeldUp`] after the bound, and those of the attempt.
    pub(crate) fn take<T>(&mut self, mut attempt: impl FnMut() -> Result<T, StoreError>) -> Result<T, StoreError> {
        loop {
            match attempt() {
                Err(StoreError::Busy) => self.wait_longer()?,
                done => return done,
            }
            std::thread::sleep(RETRY);
        }
    }

    /// The same for an attempt that does not block.
    pub(crate) async fn take_async<T, F>(&mut self, mut attempt: impl FnMut() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        loop {
            match attempt().await {
                Err(StoreError::Busy) => self.wait_longer()?,
                done => return done,
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    fn wait_longer(&mut self) -> Result<(), StoreError> {
        if self.began.elapsed() >= self.bound {
            return Err(StoreError::HeldUp { seconds: self.bound.as_secs() });
        }
        if !self.is_told {
            let at_most = self.bound;
            tracing::warn!(?at_most, "waiting for another process that writes to the state directory");
            self.is_told = true;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::open::prepare;
    use crate::store::state_dir::StateDir;
    use crate::store::testing::Bench;

    #[test]
    fn a_start_goes_on_as_soon_as_the_other_process_has_written() {
        let bench = Bench::new();
        let state_dir = StateDir::open(bench.dir.path()).unwrap();
        let lock = state_dir.lock().unwrap();
        bench.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        let (mut turn, mut attempts) = (Turn::within(Duration::from_secs(3600)), 0);
        turn.take(|| {
            attempts += 1;
            let prepared = prepare(&state_dir, &lock);
            if attempts == 2 {
                bench.connection.execute_batch("COMMIT").unwrap();
            }
            prepared
        })
        .unwrap();
        assert_eq!((attempts, turn.is_told), (3, true));
    }

    #[actix::test]
    async fn a_start_is_refused_after_its_bound_and_not_before() {
        let bench = Bench::new();
        let state_dir = StateDir::open(bench.dir.path()).unwrap();
        let lock = state_dir.lock().unwrap();
        bench.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        let refused = Turn::within(Duration::ZERO).take(|| prepare(&state_dir, &lock));
        assert!(matches!(refused, Err(StoreError::HeldUp { seconds: 0 })), "{refused:?}");
        drop(lock);
        let began = Instant::now();
        let refused = crate::store::Store::open(bench.dir.path()).await.map(drop);
        assert!(matches!(refused, Err(StoreError::HeldUp { .. })), "{refused:?}");
        assert!(began.elapsed() >= START_WAIT);
        bench.connection.execute_batch("COMMIT").unwrap();
        crate::store::Store::open(bench.dir.path()).await.unwrap();
    }

    #[actix::test]
    async fn only_a_busy_store_is_waited_for() {
        let mut turn = Turn::within(Duration::from_secs(3600));
        let full = turn.take_async(|| async { Err::<(), _>(StoreError::Full) }).await;
        assert!(matches!(full, Err(StoreError::Full)));
        let mut answers = [Err(StoreError::Busy), Err(StoreError::Busy), Ok(7)].into_iter();
        assert_eq!(turn.take_async(|| std::future::ready(answers.next().unwrap())).await.unwrap(), 7);
    }
}
