//! Answers that took long to find, kept for the next page of the same question: a few, and none that is large.

use std::sync::{Arc, Mutex, PoisonError};

/// Answers that are kept.
const KEPT: usize = 4;

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
    /// The answer to a question that was asked lately.
    pub(crate) fn get(&self, question: &Q) -> Option<Arc<A>> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.iter().find(|(known, _)| known == question).map(|(_, answer)| answer.clone())
    }

    /// Keeps an answer in the place of the oldest one, if it `is_small`.
    pub(crate) fn insert(&self, question: Q, answer: &Arc<A>, is_small: bool) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.retain(|(known, _)| *known != question);
        if is_small {
            answers.push((question, answer.clone()));
        }
        if answers.len() > KEPT {
            answers.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_answers_are_kept_and_large_ones_are_not() {
        let cache = Cache::default();
        for question in 0..KEPT + 1 {
            cache.insert(question, &Arc::new(question), true);
        }
        assert!(cache.get(&0).is_none());
        assert_eq!(cache.get(&KEPT).as_deref(), Some(&KEPT));
        cache.insert(9, &Arc::new(9), false);
        assert!(cache.get(&9).is_none());
    }
}
