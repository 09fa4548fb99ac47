//! Entries that end only with what follows: which line says what came of them.
//!
//! A line that ends a block may itself be one that is not read, and a call can tell only one of the two. The other is
//! told by a later call, so that every entry and every line that is not read is told exactly once: while a block is
//! open nothing else is owed, because the line that opened it has told what was.

use super::LineIs;

/// What is still to be told of earlier lines.
#[derive(Debug, Default)]
pub(super) struct Settle {
    owed: u64,
}

impl Settle {
    /// What to tell now. `closed` is the outcome of the block that this line ended, `this` the line's own; an entry
    /// goes first, because it is in the record.
    pub(super) fn tell(&mut self, closed: Option<LineIs>, this: LineIs) -> LineIs {
        let not_read = [closed, Some(this)].into_iter().filter(|outcome| *outcome == Some(LineIs::NotRead)).count();
        self.owed += not_read as u64;
        if closed == Some(LineIs::Entry) {
            return LineIs::Entry;
        }
        if self.owed == 0 {
            return LineIs::Ignored;
        }
        self.owed -= 1;
        LineIs::NotRead
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_and_every_line_that_is_not_read_is_told_once() {
        use LineIs::{Entry, Ignored, NotRead};
        let mut settle = Settle::default();
        let told = [
            settle.tell(None, Ignored),          // a block begins
            settle.tell(Some(Entry), NotRead),   // a foreign line ends it
            settle.tell(None, NotRead),          // one more
            settle.tell(None, Ignored),          // a block begins
            settle.tell(Some(NotRead), Ignored), // it was not valid
            settle.tell(Some(Entry), Ignored),   // the end
        ];
        assert_eq!(told, [Ignored, Entry, NotRead, NotRead, NotRead, Entry]);
        assert_eq!(settle.owed, 0);
    }
}
