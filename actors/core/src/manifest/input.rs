//! The bytes of a manifest: decompressed, decoded, and read ahead as far as its form needs.
//!
//! A byte order mark is left out, and UTF-16, which PowerShell's `>` writes, becomes UTF-8. Any other byte stays as it
//! is, because names are bytes. A manifest that begins as gzip does is decompressed.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::bufread::MultiGzDecoder;

/// How many bytes are read ahead to find the form: enough for every line of most manifests.
pub(super) const HEAD_BYTES: usize = 1 << 20;

const BUFFER_BYTES: usize = 64 << 10;

/// The first bytes of gzip (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The marks that decide about the encoding of a text: UTF-8, UTF-16 in big and in little endian (Unicode 16.0, 23.8).
const MARKS: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe"];

/// Whether a text that begins with this name is read as something else: its first bytes are a mark, or gzip's.
pub(super) fn begins_like_another(name: &[u8]) -> bool {
    name.starts_with(&GZIP) || MARKS.iter().any(|mark| name.starts_with(mark))
}

/// A reader of any kind.
pub(super) type Bytes<'r> = Box<dyn BufRead + 'r>;

/// The text of a manifest whose first bytes were looked at.
pub(super) struct Input<'r> {
    /// The first bytes, at most [`HEAD_BYTES`]; the whole text if that is shorter.
    pub(super) head: Vec<u8>,
    rest: Bytes<'r>,
}

impl<'r> Input<'r> {
    /// Opens a manifest and reads its head.
    ///
    /// # Errors
    /// If the reader fails, or the compressed data is damaged.
    pub(super) fn open(reader: impl BufRead + 'r) -> io::Result<Self> {
        let (magic, reader) = peek(reader)?;
        let unpacked: Box<dyn Read + 'r> = match magic == GZIP {
            true => Box::new(MultiGzDecoder::new(reader)),
            false => Box::new(reader),
        };
        let mut builder = DecodeReaderBytesBuilder::new();
        let decoded = builder.utf8_passthru(true).strip_bom(true).bom_override(true).build(unpacked);
        let mut rest: Bytes<'r> = Box::new(BufReader::with_capacity(BUFFER_BYTES, decoded));
        let mut head = Vec::new();
        rest.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head)?;
        Ok(Self { head, rest })
    }

    /// Everything, the head again.
    pub(super) fn into_reader(self) -> Bytes<'r> {
        Box::new(Cursor::new(self.head).chain(self.rest))
    }
}

/// A reader of which the first bytes are read again.
type Again<R> = Chain<Cursor<Vec<u8>>, R>;

/// The first two bytes, which are read again.
fn peek<R: BufRead>(mut reader: R) -> io::Result<([u8; 2], Again<R>)> {
    let mut first = Vec::new();
    reader.by_ref().take(2).read_to_end(&mut first)?;
    let magic = first.first_chunk().copied().unwrap_or_default();
    Ok((magic, Cursor::new(first).chain(reader)))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let input = Input::open(bytes)?;
        let mut text = Vec::new();
        input.into_reader().read_to_end(&mut text)?;
        Ok(text)
    }

    #[test]
    fn marks_are_left_out_and_utf_16_becomes_utf_8() {
        assert_eq!(read(b"\xef\xbb\xbfa\n").unwrap(), b"a\n");
        assert_eq!(read(b"\xff\xfea\0\xe9\0\n\0").unwrap(), "a\u{e9}\n".as_bytes());
        assert_eq!(read(b"\xfe\xff\0a\0\n").unwrap(), b"a\n");
        assert_eq!(read(b"a\xef\xbb\xbf\xff\xfe\n").unwrap(), b"a\xef\xbb\xbf\xff\xfe\n", "any other byte stays");
        assert_eq!(read(b"\xe9\n").unwrap(), b"\xe9\n");
        assert_eq!(read(b"").unwrap(), b"");
        assert_eq!(read(b"a").unwrap(), b"a");
    }

    #[test]
    fn what_is_not_read_as_it_stands_begins_like_another() {
        for start in [&b"\xef\xbb\xbf"[..], b"\xff\xfe", b"\xfe\xff", &GZIP] {
            assert!(begins_like_another(start) && begins_like_another(&[start, b"a"].concat()), "{start:x?}");
            assert_ne!(read(&[start, b"ab"].concat()).ok(), Some([start, b"ab"].concat()));
        }
        for start in [&b""[..], b"\xef\xbb", b"\xff", b"\xfe", b"\x1f", b"a\xff\xfe"] {
            assert!(!begins_like_another(start), "{start:x?}");
            assert_eq!(read(&[start, b"ab"].concat()).unwrap(), [start, b"ab"].concat());
        }
    }

    #[test]
    fn gzip_is_decompressed_and_damage_is_an_error() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&b"line\n".repeat(300_000)).unwrap();
        let packed = packed.finish().unwrap();
        assert_eq!(read(&packed).unwrap().len(), 1_500_000);
        assert!(read(&packed[..packed.len() / 2]).is_err());
    }

    #[test]
    fn all_members_of_a_gzip_file_are_decompressed() {
        // Made by `printf 'hello\n' | gzip -n` of gzip 1.12.
        let member = hex::decode("1f8b0800000000000003cb48cdc9c9e7020020303a3606000000").unwrap();
        assert_eq!(read(&member.repeat(2)).unwrap(), b"hello\nhello\n");
    }

    #[test]
    fn a_long_text_is_read_ahead_only_as_far_as_the_head() {
        let text = b"abc\n".repeat(1 << 20);
        let input = Input::open(&*text).unwrap();
        assert_eq!(input.head.len(), HEAD_BYTES);
        assert_eq!(read(&text).unwrap(), text);
    }
}
