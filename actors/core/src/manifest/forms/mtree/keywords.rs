//! The words after a name in an mtree specification: `type=file size=3 time=1.000000000 sha256digest=...`.
//!
//! Of NetBSD's, FreeBSD's and libarchive's words, type, size, time and digests are read; all others (owners, modes,
//! flags, `cksum`, `optional`, `nochange`) are ignored, as is a digest of an algorithm that hivesum does not have.

use super::super::super::entry::Claimed;
use super::super::{algorithm_of, number};
use crate::result::FileTime;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Directory,
    /// A link, a device, a FIFO or a socket.
    Other,
}

/// What the words of an entry say.
#[derive(Debug)]
pub(super) struct Facts {
    pub kind: Option<Kind>,
    pub size: Option<u64>,
    pub modified_at: Option<FileTime>,
    pub digests: Vec<Claimed>,
    /// Whether every value of a word that is read is valid, and no word was cut off.
    pub is_valid: bool,
}

impl Facts {
    pub(super) fn of(words: &[&[u8]], is_whole: bool) -> Self {
        let mut facts = Self { kind: None, size: None, modified_at: None, digests: Vec::new(), is_valid: is_whole };
        for word in words {
            if let Some(at) = word.iter().position(|&byte| byte == b'=') {
                facts.is_valid &= facts.read(&word[..at], &word[at + 1..]).is_some();
            }
        }
        facts
    }

    fn read(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        match key {
            b"type" => self.kind = Some(kind_of(value)?),
            b"size" => self.size = Some(number(value)?),
            b"time" => self.modified_at = Some(time_of(value)?),
            key => {
                if let Some(algorithm) = algorithm_of(key.strip_suffix(b"digest").unwrap_or(key)) {
                    let digits = value.strip_prefix(b"0x").unwrap_or(value);
                    self.digests.push(Claimed::tagged(algorithm, digits)?);
                }
            }
        }
        Some(())
    }

    /// Whether there is neither a digest nor a size, nor a word that could have been one.
    pub(super) const fn says_nothing(&self) -> bool {
        self.digests.is_empty() && self.size.is_none() && self.is_valid
    }
}

fn kind_of(value: &[u8]) -> Option<Kind> {
    match value {
        b"file" => Some(Kind::File),
        b"dir" => Some(Kind::Directory),
        b"link" | b"block" | b"char" | b"fifo" | b"socket" | b"door" | b"port" => Some(Kind::Other),
        _ => None,
    }
}

/// Seconds, and after the dot a number of nanoseconds: `1.5` is 5 nanoseconds, for NetBSD as for libarchive.
fn time_of(value: &[u8]) -> Option<FileTime> {
    let text = std::str::from_utf8(value).ok()?;
    let (seconds, nanoseconds) = text.split_once('.').unwrap_or((text, "0"));
    let nanoseconds = number(nanoseconds.as_bytes()).filter(|&nanoseconds| nanoseconds < 1_000_000_000)?;
    let seconds: i64 = seconds.parse().ok()?;
    FileTime::from_ns(i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds))
}

/// Whether the word is one that every specification has, and no checksum line.
pub(super) fn is_attribute(word: &[u8]) -> bool {
    const KEYS: [&[u8]; 6] = [b"type", b"size", b"time", b"mode", b"uid", b"uname"];
    let key = word.split(|&byte| byte == b'=').next().unwrap_or_default();
    word.len() > key.len() && KEYS.contains(&key)
}
