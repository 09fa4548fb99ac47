//! Reads lines of bounded length, numbered from 1.
//!
//! A line that is too long is skipped, so at most one line is in memory. Exceeding the limits on lines and bytes ends
//! the reading, because such input is not a manifest.

use std::io::{self, BufRead, Read};

use super::names::LineEnd;

/// How much of a manifest is read.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Limits {
    /// The longest line, without its end.
    pub line_bytes: usize,
    /// The largest number of lines.
    pub lines: u64,
    /// The largest number of bytes in total.
    pub bytes: u64,
}

impl Limits {
    /// What the service accepts in a request: 8 KiB per line, 1,000,000 lines, 64 MiB.
    pub const REQUEST: Self = Self { line_bytes: 8 << 10, lines: 1_000_000, bytes: 64 << 20 };

    /// What the command line reads: any number of lines of up to 1 MiB.
    pub const COMMAND_LINE: Self = Self { line_bytes: 1 << 20, lines: u64::MAX, bytes: u64::MAX };
}

/// Why the reading ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinesError {
    /// The reader failed.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// There are more lines than [`Limits::lines`].
    #[error("the manifest has more than {0} lines")]
    TooManyLines(u64),
    /// There are more bytes than [`Limits::bytes`].
    #[error("the manifest has more than {0} bytes")]
    TooManyBytes(u64),
}

/// Reads lines.
#[derive(Debug)]
pub struct Lines<R> {
    reader: R,
    end: LineEnd,
    limits: Limits,
    line: Vec<u8>,
    too_long: bool,
    lines: u64,
    bytes: u64,
}

impl<R: BufRead> Lines<R> {
    /// Reads lines that end with `end`; the last one may lack it.
    pub const fn new(reader: R, end: LineEnd, limits: Limits) -> Self {
        Self { reader, end, limits, line: Vec::new(), too_long: false, lines: 0, bytes: 0 }
    }

    /// Reads the next line and returns its number. `None` at the end.
    ///
    /// # Errors
    /// If the reader fails or a limit is exceeded.
    pub fn advance(&mut self) -> Result<Option<u64>, LinesError> {
        self.line.clear();
        // One byte more than the limit: the end, or a byte that proves that the line is too long.
        let bound = (self.limits.line_bytes as u64).saturating_add(1);
        let read = self.reader.by_ref().take(bound).read_until(self.end.byte(), &mut self.line)?;
        if read == 0 {
            return Ok(None);
        }
        let ended = self.line.last() == Some(&self.end.byte());
        self.line.truncate(read - usize::from(ended));
        self.too_long = !ended && read as u64 == bound;
        let skipped = if self.too_long { self.skip_rest()? } else { 0 };
        self.count(read as u64 + skipped)?;
        Ok(Some(self.lines))
    }

    /// The number of the current line, from 1; 0 before the first one.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.lines
    }

    /// The current line without its end. `None` if it was too long to keep.
    #[must_use]
    pub fn line(&self) -> Option<&[u8]> {
        (!self.too_long).then_some(&self.line)
    }

    /// Skips the rest of a line, within the limit on all bytes.
    fn skip_rest(&mut self) -> Result<u64, LinesError> {
        let bound = self.limits.bytes.saturating_sub(self.bytes).saturating_add(1);
        Ok(self.reader.by_ref().take(bound).skip_until(self.end.byte())? as u64)
    }

    fn count(&mut self, length: u64) -> Result<(), LinesError> {
        self.lines += 1;
        self.bytes += length;
        if self.lines > self.limits.lines {
            return Err(LinesError::TooManyLines(self.limits.lines));
        }
        if self.bytes > self.limits.bytes {
            return Err(LinesError::TooManyBytes(self.limits.bytes));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Numbered = (u64, Option<Vec<u8>>);

    fn read(text: &[u8], limits: Limits) -> Result<Vec<Numbered>, LinesError> {
        // A buffer of three bytes, so that lines span several fills.
        let mut lines = Lines::new(io::BufReader::with_capacity(3, text), LineEnd::Newline, limits);
        let mut all = Vec::new();
        while let Some(number) = lines.advance()? {
            all.push((number, lines.line().map(<[u8]>::to_vec)));
        }
        Ok(all)
    }

    const SMALL: Limits = Limits { line_bytes: 4, lines: 3, bytes: 20 };

    #[test]
    fn a_line_at_the_limit_is_kept_and_a_longer_one_is_skipped() {
        let lines = read(b"abcd\nabcde\nabc", SMALL).unwrap();
        assert_eq!(lines, [(1, Some(b"abcd".to_vec())), (2, None), (3, Some(b"abc".to_vec()))]);
        assert_eq!(read(b"abcd", SMALL).unwrap(), [(1, Some(b"abcd".to_vec()))]);
        assert_eq!(read(b"abcde", SMALL).unwrap(), [(1, None)]);
        assert_eq!(read(b"", SMALL).unwrap(), []);
        assert_eq!(read(b"\n\n", SMALL).unwrap().len(), 2);
    }

    #[test]
    fn more_lines_or_bytes_than_the_limits_end_the_reading() {
        assert!(matches!(read(b"\n\n\n\n", SMALL), Err(LinesError::TooManyLines(3))));
        assert!(matches!(read(&[b'a'; 21], SMALL), Err(LinesError::TooManyBytes(20))));
        assert!(matches!(read(&[b'a'; 2000], SMALL), Err(LinesError::TooManyBytes(20))));
        assert!(read(&[b'a'; 20], SMALL).is_ok());
    }
}
