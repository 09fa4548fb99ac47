//! What every running state can do.

/// The running state of one algorithm.
pub(super) trait State: BoxedClone + Send + Sync {
    /// Adds the next bytes.
    fn update(&mut self, bytes: &[u8]);
    /// Appends the digest of all bytes to `out` and resets the state.
    fn finalize_reset_into(&mut self, out: &mut Vec<u8>);
    /// The serialised state; `None` if it cannot be saved.
    fn save(&self) -> Option<Vec<u8>> {
        None
    }
}

/// A state that can be saved.
pub(super) trait Restore: Sized {
    /// A saved state. `None` if it is not one of this algorithm.
    fn restore(saved: &[u8]) -> Option<Self>;
}

/// Clones a trait object; `Clone` itself cannot.
pub(super) trait BoxedClone {
    /// The same state again.
    fn boxed_clone(&self) -> Box<dyn State>;
}

impl<T: State + Clone + 'static> BoxedClone for T {
    fn boxed_clone(&self) -> Box<dyn State> {
        Box::new(self.clone())
    }
}
