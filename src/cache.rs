//! Answers that take long to compute, cached for the next page of the same question: a few, and no large ones.

use std::sync::{Arc, Mutex, PoisonError};

/// The number of answers in the cache.
const CAPACITY: usize = 4;

/// The latest answers by their questions, the newest last.
#[derive(Debug)]
pub(crate) struct Cache<Q, A> {
    answers: Mutex<Vec<(Q, Arc<A>)>>,
}

impl<Q, A> Default for Cache<Q, A> {
    fn default() -> Self {
        Self { answers: Mutex::default() }
    }
}

impl<Q: PartialEq, A> Cache<Q, A> {
    /// The cached answer to a question, or else a computed one, which is cached if it `is_small`.
    pub(crate) async fn get_or_compute<E>(
        &self,
        question: Q,
        compute: impl Future<Output = Result<A, E>>,
        is_small: impl FnOnce(&A) -> bool,
    ) -> Result<Arc<A>, E> {
        if let Some(known) = self.get(&question) {
            return Ok(known);
        }
        let answer = Arc::new(compute.await?);
        if is_small(&answer) {
            self.insert(question, answer.clone());
        }
        Ok(answer)
    }

    fn get(&self, question: &Q) -> Option<Arc<A>> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.iter().find(|(known, _)| known == question).map(|(_, answer)| answer.clone())
    }

    /// Inserts an answer; the oldest one is dropped when the cache is full.
    fn insert(&self, question: Q, answer: Arc<A>) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.retain(|(known, _)| *known != question);
        answers.push((question, answer));
        if answers.len() > CAPACITY {
            answers.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(cache: &Cache<usize, usize>, question: usize, answer: usize) -> usize {
        let compute = async { Ok::<_, ()>(answer) };
        *cache.get_or_compute(question, compute, |answer| *answer < 100).await.unwrap()
    }

    #[tokio::test]
    async fn the_latest_answers_are_cached_and_large_ones_are_not() {
        let cache = Cache::default();
        for question in 0..CAPACITY + 1 {
            assert_eq!(ask(&cache, question, question).await, question);
        }
        assert_eq!(ask(&cache, CAPACITY, 50).await, CAPACITY, "cached");
        assert_eq!(ask(&cache, 0, 50).await, 50, "the oldest one was dropped");
        assert_eq!(ask(&cache, 9, 100).await, 100);
        assert_eq!(ask(&cache, 9, 101).await, 101, "a large one is computed again");
    }

    #[tokio::test]
    async fn a_failure_is_not_cached() {
        let cache = Cache::default();
        let failed = cache.get_or_compute(1, async { Err::<usize, _>("no") }, |_| true).await;
        assert_eq!(failed.unwrap_err(), "no");
        assert_eq!(ask(&cache, 1, 2).await, 2);
    }
}
