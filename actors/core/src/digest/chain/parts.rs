//! Digests of the digests of parts of one size: eD2k, Dropbox's and Amazon S3's.
//!
//! They differ in the digest, in the size of a part, and in how bytes end that are whole parts or none.

use super::state::{Restore, State};

/// How the bytes end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Dropbox: no bytes have no parts. "Content hash" in the documentation for developers.
    Exact,
    /// S3: an upload has at least one part, which may be empty.
    OnePartAtLeast,
    /// eD2k as eMule and rhash have it: after whole parts follows an empty one, and a single part stands for itself.
    EmptyAfterWhole,
}

/// The digest of the digests of the parts.
#[derive(Clone)]
pub(super) struct OfParts<S> {
    part: S,
    /// Of the parts that are complete.
    of_digests: S,
    /// Where the digest of a part is put for a moment.
    digest: Vec<u8>,
    part_bytes: u64,
    /// Always fewer than `part_bytes`.
    in_part_bytes: u64,
    has_whole_parts: bool,
    ending: Ending,
}

impl<S: State + Default> OfParts<S> {
    pub(super) fn new(part_bytes: u64, ending: Ending) -> Self {
        Self {
            part: S::default(),
            of_digests: S::default(),
            digest: Vec::new(),
            part_bytes,
            in_part_bytes: 0,
            has_whole_parts: false,
            ending,
        }
    }

    fn end_part(&mut self) {
        self.digest.clear();
        self.part.finalize_reset_into(&mut self.digest);
        self.of_digests.update(&self.digest);
        self.in_part_bytes = 0;
    }
}

impl<S: State + Default + Restore> OfParts<S> {
    /// A state that [`save`](State::save) returned.
    pub(super) fn restored(part_bytes: u64, ending: Ending, saved: &[u8]) -> Option<Self> {
        let (in_part_bytes, saved) = saved.split_first_chunk()?;
        let in_part_bytes = u64::from_le_bytes(*in_part_bytes);
        let ([has_whole_parts, part_length], saved) = saved.split_first_chunk()?;
        let (part, of_digests) = saved.split_at_checked(usize::from(*part_length))?;
        let has_whole_parts = match has_whole_parts {
            0 => false,
            1 => true,
            _ => return None,
        };
        let (part, of_digests) = (S::restore(part)?, S::restore(of_digests)?);
        let state = Self { part, of_digests, in_part_bytes, has_whole_parts, ..Self::new(part_bytes, ending) };
        (in_part_bytes < part_bytes).then_some(state)
    }
}

impl<S: State + Default + Clone + 'static> State for OfParts<S> {
    fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = usize::try_from(self.part_bytes - self.in_part_bytes).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.part.update(now);
            self.in_part_bytes += now.len() as u64;
            if self.in_part_bytes == self.part_bytes {
                self.end_part();
                self.has_whole_parts = true;
            }
            bytes = later;
        }
    }

    fn finalize_reset_into(&mut self, out: &mut Vec<u8>) {
        let part_is_open = self.in_part_bytes > 0;
        let (ends_with_part, stands_for_itself) = match self.ending {
            Ending::Exact => (part_is_open, false),
            Ending::OnePartAtLeast => (part_is_open || !self.has_whole_parts, false),
            Ending::EmptyAfterWhole => (true, !self.has_whole_parts),
        };
        if stands_for_itself {
            self.part.finalize_reset_into(out);
        } else {
            if ends_with_part {
                self.end_part();
            }
            self.of_digests.finalize_reset_into(out);
        }
        (self.in_part_bytes, self.has_whole_parts) = (0, false);
    }

    fn save(&self) -> Option<Vec<u8>> {
        let (part, of_digests) = (self.part.save()?, self.of_digests.save()?);
        let counts = [u8::from(self.has_whole_parts), u8::try_from(part.len()).ok()?];
        Some([&self.in_part_bytes.to_le_bytes()[..], &counts, &part, &of_digests].concat())
    }
}
