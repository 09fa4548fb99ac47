//! The lines of text tag files (RFC 8493 section 2.3), decoded.
//!
//! A line ends with LF, CR or CRLF. It is decoded from the encoding that `bagit.txt` names; a line that is not of this
//! encoding is reported and not guessed. At most one line of bounded length is in memory.

use std::borrow::Cow;
use std::io::{self, BufRead, Chain, Cursor, Read};

use super::encoding::{Encoding, Oddity};

/// The longest line in bytes, as for other manifests on the command line.
pub(super) const MAX_LINE_BYTES: usize = 1 << 20;

/// How many bytes are looked at before the first line: more than any byte order mark has.
const HEAD_BYTES: u64 = 4;

/// Why the reading ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum TextError {
    #[error("{}", crate::cli::error::system_text(.0))]
    Read(#[from] io::Error),
    #[error("line {0} is longer than 1 MiB")]
    TooLong(u64),
    #[error("is UTF-16, but neither a byte order mark nor its first letter tells its byte order")]
    NoByteOrder,
}

/// One line.
#[derive(Debug)]
pub(super) struct TextLine<'a> {
    /// From 1.
    pub(super) number: u64,
    /// `None` if it is not of the encoding.
    pub(super) text: Option<Cow<'a, str>>,
}

/// Reads lines.
#[derive(Debug)]
pub(super) struct TextLines<R> {
    reader: Chain<Cursor<Vec<u8>>, R>,
    encoding: Encoding,
    oddity: Option<Oddity>,
    line: Vec<u8>,
    number: u64,
    /// The last line ended with CR: an LF that follows belongs to it.
    after_cr: bool,
    /// The last line had no end.
    is_open: bool,
}

impl<R: BufRead> TextLines<R> {
    /// Looks at the first bytes.
    pub(super) fn new(mut reader: R, encoding: Encoding) -> Result<Self, TextError> {
        let mut head = Vec::new();
        reader.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
        let (encoding, mark, oddity) = encoding.begin(&head).ok_or(TextError::NoByteOrder)?;
        head.drain(..mark);
        let reader = Cursor::new(head).chain(reader);
        Ok(Self { reader, encoding, oddity, line: Vec::new(), number: 0, after_cr: false, is_open: false })
    }

    pub(super) fn oddity(&self) -> Option<Oddity> {
        self.oddity
    }

    /// Tells at the end of the text what about it is tolerated.
    pub(super) fn tell_oddities(&self, mut tell: impl FnMut(&'static str)) {
        self.oddity.map(Oddity::in_words).into_iter().for_each(&mut tell);
        if self.is_open {
            tell("does not end with a line end: it will fail strict validation");
        }
    }

    /// The next line. `None` at the end.
    pub(super) fn next_line(&mut self) -> Result<Option<TextLine<'_>>, TextError> {
        self.line.clear();
        let found = match self.encoding {
            Encoding::Utf16 | Encoding::Utf16Le => self.read_units(u16::from_le_bytes)?,
            Encoding::Utf16Be => self.read_units(u16::from_be_bytes)?,
            Encoding::Utf8 | Encoding::Ascii | Encoding::Latin1 | Encoding::Other(_) => self.read_bytes()?,
        };
        if !found {
            return Ok(None);
        }
        self.number += 1;
        Ok(Some(TextLine { number: self.number, text: self.encoding.decode(&self.line) }))
    }

    /// Reads a line of an encoding in which the bytes of LF and CR are those of ASCII.
    fn read_bytes(&mut self) -> Result<bool, TextError> {
        loop {
            let buffer = self.reader.fill_buf()?;
            let Some(&first) = buffer.first() else { return Ok(self.end()) };
            if std::mem::take(&mut self.after_cr) && first == b'\n' {
                self.reader.consume(1);
                continue;
            }
            let end = buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let taken = end.unwrap_or(buffer.len());
            self.line.extend_from_slice(&buffer[..taken]);
            self.after_cr = end.is_some_and(|end| buffer[end] == b'\r');
            self.reader.consume(taken + usize::from(end.is_some()));
            self.bound()?;
            if end.is_some() {
                return Ok(true);
            }
        }
    }

    /// Reads a line of UTF-16.
    fn read_units(&mut self, number_of: fn([u8; 2]) -> u16) -> Result<bool, TextError> {
        let mut unit = [0; 2];
        loop {
            let read = read_full(&mut self.reader, &mut unit)?;
            let after_cr = std::mem::take(&mut self.after_cr);
            match (read, number_of(unit)) {
                (0, _) => return Ok(self.end()),
                (2, 0x0A) if after_cr => {}
                (2, number @ (0x0A | 0x0D)) => {
                    self.after_cr = number == 0x0D;
                    return Ok(true);
                }
                // Half a unit at the end stays in the line, which then cannot be decoded.
                _ => self.line.extend_from_slice(&unit[..read]),
            }
            self.bound()?;
        }
    }

    /// At the end of the text: whether there is a last line, which then has no end.
    fn end(&mut self) -> bool {
        self.is_open |= !self.line.is_empty();
        !self.line.is_empty()
    }

    fn bound(&self) -> Result<(), TextError> {
        match self.line.len() > MAX_LINE_BYTES {
            true => Err(TextError::TooLong(self.number + 1)),
            false => Ok(()),
        }
    }
}

/// Reads until the buffer is full or the text ends.
fn read_full(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8], label: &str) -> Vec<Option<String>> {
        let reader = io::BufReader::with_capacity(3, text);
        let mut lines = TextLines::new(reader, Encoding::of_label(label).unwrap()).unwrap();
        let mut all = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            all.push(line.text.map(Cow::into_owned));
        }
        all
    }

    fn some(lines: &[&str]) -> Vec<Option<String>> {
        lines.iter().map(|line| Some((*line).to_owned())).collect()
    }

    fn utf16(text: &str, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes_of).collect()
    }

    #[test]
    fn a_line_ends_with_lf_cr_or_crlf() {
        let text = "a\nbc\rdef\r\n\r\rg\n\nh";
        let wanted = some(&["a", "bc", "def", "", "", "g", "", "h"]);
        assert_eq!(lines(text.as_bytes(), "UTF-8"), wanted);
        for bytes_of in [u16::to_le_bytes, u16::to_be_bytes] {
            assert_eq!(lines(&utf16(&format!("\u{feff}{text}"), bytes_of), "UTF-16"), wanted);
            assert_eq!(lines(&utf16(text, bytes_of), "utf-16"), wanted, "by its first letter");
        }
        assert_eq!(lines(b"", "UTF-8"), []);
    }

    #[test]
    fn a_mark_is_dropped_and_told() {
        let begin = |text: &'static [u8], label| TextLines::new(text, Encoding::of_label(label).unwrap());
        assert_eq!(begin(b"\xef\xbb\xbfa", "UTF-8").unwrap().oddity(), Some(Oddity::Mark));
        assert_eq!(begin(b"a\0", "UTF-16").unwrap().oddity(), Some(Oddity::NoMark));
        assert_eq!(begin(b"\xff\xfea\0", "UTF-16").unwrap().oddity(), None);
        assert!(matches!(begin(b"\x4e\x4e", "UTF-16"), Err(TextError::NoByteOrder)));
        assert_eq!(lines(b"\xef\xbb\xbfa\n", "UTF-8"), some(&["a"]));
    }

    #[test]
    fn a_line_that_is_too_long_ends_the_reading() {
        for label in ["UTF-8", "UTF-16LE"] {
            let encoding = Encoding::of_label(label).unwrap();
            let mut lines = TextLines::new(io::BufReader::new(io::repeat(b'a')), encoding).unwrap();
            assert!(matches!(lines.next_line(), Err(TextError::TooLong(1))), "{label}");
            let whole = vec![b'a'; MAX_LINE_BYTES];
            let mut lines = TextLines::new(&whole[..], encoding).unwrap();
            assert!(lines.next_line().unwrap().is_some() && lines.next_line().unwrap().is_none(), "{label}");
            let mut told = Vec::new();
            lines.tell_oddities(|text| told.push(text));
            assert_eq!(told, ["does not end with a line end: it will fail strict validation"]);
        }
    }

    mod laws {
        use proptest::prelude::*;

        use super::*;

        /// Bytes in which line ends, marks and digits are frequent.
        fn bytes() -> impl Strategy<Value = Vec<u8>> {
            let byte = prop_oneof![prop::sample::select(b"\n\r\0 a0\xff\xfe\xef\xbb\xbf".to_vec()), any::<u8>()];
            prop::collection::vec(byte, 0..60)
        }

        proptest! {
            #[test]
            fn the_lines_of_utf8_are_those_between_its_line_ends(text in "[a-c\n\ré]{0,40}") {
                let mut wanted: Vec<String> = text.replace("\r\n", "\n").split(['\n', '\r']).map(str::to_owned).collect();
                // What ends with a line end has no line after it.
                if wanted.last().is_some_and(String::is_empty) {
                    wanted.pop();
                }
                prop_assert_eq!(lines(text.as_bytes(), "UTF-8"), wanted.iter().cloned().map(Some).collect::<Vec<_>>());
                let big_endian = utf16(&format!("\u{feff}{text}"), u16::to_be_bytes);
                prop_assert_eq!(lines(&big_endian, "UTF-16"), wanted.into_iter().map(Some).collect::<Vec<_>>());
            }

            #[test]
            fn any_bytes_are_read_to_their_end(bytes in bytes()) {
                for label in ["UTF-8", "US-ASCII", "ISO-8859-1", "UTF-16", "UTF-16LE", "UTF-16BE", "Shift_JIS"] {
                    let Ok(mut lines) = TextLines::new(&bytes[..], Encoding::of_label(label).unwrap()) else { continue };
                    let mut count = 0;
                    while let Some(line) = lines.next_line().unwrap() {
                        count += 1;
                        prop_assert_eq!(line.number, count);
                    }
                    prop_assert!(count <= bytes.len() as u64);
                }
            }
        }
    }
}
