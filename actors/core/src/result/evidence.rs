//! What file metadata tells about a changed digest.
//!
//! A write leaves a trace: it sets mtime and ctime, setting mtime back changes ctime again, and a replaced file has
//! another inode. If size, mtime and ctime are unchanged, no program wrote through the file system, so the bytes
//! changed below it: this is suspected rot. JSON and NDJSON manifests record all of it.
//! Other manifests record at most size and mtime, so they can never show rot; nor can coarse time stamps of a file that
//! was hashed in the second of its last write.

use std::fmt;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::status::{FileMeta, Status, known};
use super::verdict::Verdict;

/// What was recorded about a file besides its digests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Known {
    /// Bytes.
    pub size: Option<u64>,
    /// Last modification, nanoseconds since 1970.
    pub mtime_ns: Option<i128>,
    /// Last change of the inode, nanoseconds since 1970.
    pub ctime_ns: Option<i128>,
    /// The inode's number.
    pub inode: Option<u64>,
    /// Whether a write after this record may have left the same times: that they are the same tells nothing then.
    pub times_may_repeat: bool,
}

impl Known {
    /// What a result records: everything but times that it does not know, or only the size if the file was never opened.
    #[must_use]
    pub fn of_result(meta: &FileMeta, status: Status) -> Self {
        if !meta.has_times() {
            return Self { size: meta.known_size(), ..Self::default() };
        }
        Self {
            size: Some(meta.size),
            mtime_ns: known(meta.mtime_ns),
            ctime_ns: known(meta.ctime_ns),
            inode: Some(meta.inode),
            times_may_repeat: meta.may_hide_a_write(status),
        }
    }

    /// How fine the modification time is. Without a ctime it comes from a manifest, whose format may have whole seconds
    /// only (ASC MHL, MHL, AIDE): one without a fraction may have been cut there.
    fn mtime_granule_ns(&self) -> i128 {
        match (self.mtime_ns, self.ctime_ns) {
            (Some(mtime_ns), None) if mtime_ns % SECOND_NS == 0 => SECOND_NS,
            (_, _) => 1,
        }
    }

    fn mtime_in(&self, granule_ns: i128) -> Option<i128> {
        self.mtime_ns.map(|mtime_ns| mtime_ns.div_euclid(granule_ns))
    }
}

const SECOND_NS: i128 = 1_000_000_000;

/// How one recorded value compares with the present one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Trace {
    /// It is the same.
    Same,
    /// It differs.
    Changed,
    /// It was not recorded, or is a time that a later write may have left as it is.
    Unknown,
}

impl Trace {
    fn between<T: PartialEq>(old: Option<T>, new: Option<T>) -> Self {
        match (old, new) {
            (Some(old), Some(new)) if old == new => Self::Same,
            (Some(_), Some(_)) => Self::Changed,
            _ => Self::Unknown,
        }
    }

    /// Of a time: the same value may hide a write.
    fn between_times(old: &Known, new: &Known, time: impl Fn(&Known) -> Option<i128>) -> Self {
        match Self::between(time(old), time(new)) {
            Self::Same if old.times_may_repeat => Self::Unknown,
            trace => trace,
        }
    }
}

/// What the digests of an entry that does not match say about the entry itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EntryDigests {
    /// Nothing: no secure one matches.
    #[default]
    Unsettled,
    /// A secure one matches, so the file has the content that was recorded, and another one does not: the entry is
    /// damaged, or was put together from two files.
    Contradict,
}

/// The evidence for a verdict on a changed digest. As JSON an object of four words, or `"none"` if nothing was
/// recorded; with `"digests": "contradict"` where the entry contradicts itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evidence {
    /// The size.
    pub size: Trace,
    /// The modification time.
    pub mtime: Trace,
    /// The inode's change time.
    pub ctime: Trace,
    /// The inode's number.
    pub inode: Trace,
    /// What the digests of the entry say about it.
    pub digests: EntryDigests,
}

impl Evidence {
    /// Compares what was recorded with what is now.
    #[must_use]
    pub fn between(old: &Known, new: &Known) -> Self {
        let granule_ns = old.mtime_granule_ns().max(new.mtime_granule_ns());
        Self {
            size: Trace::between(old.size, new.size),
            mtime: Trace::between_times(old, new, |known| known.mtime_in(granule_ns)),
            ctime: Trace::between_times(old, new, |known| known.ctime_ns),
            inode: Trace::between(old.inode, new.inode),
            digests: EntryDigests::Unsettled,
        }
    }

    /// The verdict on a file whose digest changed. Where the digests of its entry contradict each other, nothing shows that
    /// the file rotted.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.digests == EntryDigests::Contradict {
            return Verdict::Modified;
        }
        let untouched = [self.size, self.mtime, self.ctime].iter().all(|&trace| trace == Trace::Same);
        match untouched && self.inode != Trace::Changed {
            true => Verdict::SuspectedRot,
            false => Verdict::Modified,
        }
    }

    /// Four letters, as they are stored: whether size, mtime, ctime and inode are the same, changed or unknown; and a fifth,
    /// `x`, where the digests of the entry contradict each other.
    #[must_use]
    pub fn code(self) -> Vec<u8> {
        let letters = [self.size, self.mtime, self.ctime, self.inode].map(|trace| match trace {
            Trace::Same => b's',
            Trace::Changed => b'c',
            Trace::Unknown => b'u',
        });
        let more: &[u8] = match self.digests {
            EntryDigests::Unsettled => b"",
            EntryDigests::Contradict => b"x",
        };
        [&letters, more].concat()
    }

    /// Reads a [`code`](Self::code). `None` if it is not one.
    #[must_use]
    pub fn from_code(code: &[u8]) -> Option<Self> {
        let trace = |letter: u8| match letter {
            b's' => Some(Trace::Same),
            b'c' => Some(Trace::Changed),
            b'u' => Some(Trace::Unknown),
            _ => None,
        };
        let (&[size, mtime, ctime, inode], digests) = match code {
            [traces @ .., b'x'] if traces.len() == 4 => (traces.first_chunk::<4>()?, EntryDigests::Contradict),
            traces if traces.len() == 4 => (traces.first_chunk::<4>()?, EntryDigests::Unsettled),
            _ => return None,
        };
        Some(Self { size: trace(size)?, mtime: trace(mtime)?, ctime: trace(ctime)?, inode: trace(inode)?, digests })
    }

    /// Whether nothing was recorded.
    #[must_use]
    pub fn is_none(&self) -> bool {
        let nothing_known =
            [self.size, self.mtime, self.ctime, self.inode].iter().all(|&trace| trace == Trace::Unknown);
        nothing_known && self.digests == EntryDigests::Unsettled
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.digests == EntryDigests::Contradict {
            return f.write_str("the digests of this entry contradict each other: the manifest is damaged");
        }
        if self.is_none() {
            return f.write_str("no evidence: nothing but digests was recorded");
        }
        let content = [("content", Trace::Changed), ("size", self.size), ("mtime", self.mtime)];
        let of_inode = [("ctime", self.ctime), ("inode", self.inode)];
        write!(
            f,
            "{}; {}",
            told(&content, |_| "did not"),
            told(&of_inode, |count| if count == 1 { "is the same" } else { "are the same" })
        )
    }
}

/// `content and mtime changed, size did not`. `same` are the words for what is the same, by how many there are.
fn told(traces: &[(&str, Trace)], same: impl Fn(usize) -> &'static str) -> String {
    let said = [Trace::Changed, Trace::Same, Trace::Unknown].into_iter().filter_map(|wanted| {
        let names: Vec<_> = traces.iter().filter(|(_, trace)| *trace == wanted).map(|(name, _)| *name).collect();
        let verb = match (wanted, names.len()) {
            (_, 0) => return None,
            (Trace::Changed, _) => "changed",
            (Trace::Same, count) => same(count),
            (Trace::Unknown, 1) => "is not known",
            (Trace::Unknown, _) => "are not known",
        };
        Some(format!("{} {verb}", in_words(&names)))
    });
    said.collect::<Vec<_>>().join(", ")
}

fn in_words(names: &[&str]) -> String {
    match names.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => names.concat(),
    }
}

impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_none() {
            return serializer.serialize_str("none");
        }
        let contradict = self.digests == EntryDigests::Contradict;
        let mut object = serializer.serialize_struct("Evidence", 4 + usize::from(contradict))?;
        object.serialize_field("size", &self.size)?;
        object.serialize_field("mtime", &self.mtime)?;
        object.serialize_field("ctime", &self.ctime)?;
        object.serialize_field("inode", &self.inode)?;
        if contradict {
            object.serialize_field("digests", "contradict")?;
        }
        object.end()
    }
}

/// The verdict on one result; no verdict for an unrecorded entry that is not a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Judged {
    /// The verdict; `New` may become `Moved` at the end.
    pub verdict: Option<Verdict>,
    /// The evidence, if the digest changed.
    pub evidence: Option<Evidence>,
}

/// The verdict of an audit on a file, with what explains it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixity {
    /// The verdict.
    pub verdict: Verdict,
    /// Where the content that it has now was recorded, if that is another path: the old path of a moved file, the first
    /// file with a matching content that a new one is a copy of, or the file that a changed one has its content from.
    pub content_from: Option<Vec<u8>>,
    /// The evidence, if the digest changed.
    pub evidence: Option<Evidence>,
}

/// The verdict on a row, as its item contains it.
pub fn fixity_of(judged: Option<&Judged>) -> Option<Fixity> {
    let judged = judged?;
    Some(Fixity { verdict: judged.verdict?, content_from: None, evidence: judged.evidence })
}

#[cfg(test)]
mod tests;
