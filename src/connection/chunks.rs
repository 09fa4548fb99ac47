//! Where a chunked body ends, byte by byte, by the rules of actix-http's decoder.

/// What follows bytes of a chunked body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AfterChunks {
    /// More of it.
    InBody(Chunk),
    /// Something else: these bytes end it.
    End,
    /// Nothing that would be read: actix-http refuses these bytes.
    Malformed,
}

/// A place in a chunked body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Chunk {
    /// The bytes of the chunk that are left, or its size as far as it was read.
    left: u64,
    at: ChunkPart,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum ChunkPart {
    #[default]
    SizeFirst,
    Size,
    Blank,
    Extension,
    SizeEnd,
    Data,
    DataReturn,
    DataEnd,
    Trailer,
    TrailerEnd,
    LastReturn,
    LastEnd,
}

impl Chunk {
    /// How many of the bytes belong to this body, and what follows them.
    pub(super) fn pass(mut self, bytes: &[u8]) -> (usize, AfterChunks) {
        let mut at = 0;
        while at < bytes.len() {
            if self.at == ChunkPart::Data {
                let step = (bytes.len() - at).min(usize::try_from(self.left).unwrap_or(usize::MAX));
                (at, self.left) = (at + step, self.left - step as u64);
                if self.left == 0 {
                    self.at = ChunkPart::DataReturn;
                }
                continue;
            }
            let next = self.next(bytes[at]);
            at += 1;
            match next {
                Some(_) if (self.at, bytes[at - 1]) == (ChunkPart::LastEnd, b'\n') => return (at, AfterChunks::End),
                Some(next) => self.at = next,
                None => return (at, AfterChunks::Malformed),
            }
        }
        (at, AfterChunks::InBody(self))
    }

    /// The part after this byte; none if actix-http refuses the byte.
    fn next(&mut self, byte: u8) -> Option<ChunkPart> {
        let digit = || char::from(byte).to_digit(16).map(u64::from);
        match (self.at, byte) {
            (ChunkPart::SizeFirst, _) => {
                self.left = digit()?;
                Some(ChunkPart::Size)
            }
            (ChunkPart::Size | ChunkPart::Blank, b'\t' | b' ') => Some(ChunkPart::Blank),
            (ChunkPart::Size | ChunkPart::Blank, b';') => Some(ChunkPart::Extension),
            (ChunkPart::Size | ChunkPart::Blank | ChunkPart::Extension, b'\r') => Some(ChunkPart::SizeEnd),
            (ChunkPart::Size, _) => {
                self.left = self.left.checked_mul(16)? + digit()?;
                Some(ChunkPart::Size)
            }
            (ChunkPart::Extension, 0x00..=0x08 | 0x0a..=0x1f | 0x7f) | (ChunkPart::Blank, _) => None,
            (ChunkPart::Extension, _) => Some(ChunkPart::Extension),
            (ChunkPart::SizeEnd, b'\n') if self.left == 0 => Some(ChunkPart::LastReturn),
            (ChunkPart::SizeEnd, b'\n') => Some(ChunkPart::Data),
            (ChunkPart::DataReturn, b'\r') => Some(ChunkPart::DataEnd),
            (ChunkPart::DataEnd, b'\n') => Some(ChunkPart::SizeFirst),
            (ChunkPart::Trailer | ChunkPart::Data, b'\r') => Some(ChunkPart::TrailerEnd),
            (ChunkPart::Trailer | ChunkPart::Data, _) => Some(ChunkPart::Trailer),
            (ChunkPart::TrailerEnd, b'\n') => Some(ChunkPart::LastReturn),
            (ChunkPart::LastReturn, b'\r') => Some(ChunkPart::LastEnd),
            (ChunkPart::LastReturn, _) => Some(ChunkPart::Trailer),
            (ChunkPart::LastEnd, b'\n') => Some(ChunkPart::SizeFirst),
            (ChunkPart::SizeEnd | ChunkPart::DataReturn | ChunkPart::DataEnd, _) => None,
            (ChunkPart::TrailerEnd | ChunkPart::LastEnd, _) => None,
        }
    }
}
