//! Names with `\` from Windows, where it separates directories.
//!
//! A name with `\` is taken for a path with `/` only if no name of the manifest has a `/`, there is no file with the
//! name as it is, and there is one with the translated name. It is said once.

use std::fmt;

use hivesum_core::manifest::ManifestReader;
use rustix::io::Errno;

/// Reads the manifest once more. `None` if that fails.
pub(super) type ReadAgain = Box<dyn Fn() -> Option<ManifestReader<'static>>>;

/// What `\` means in the names of a manifest.
pub(super) struct Backslashes {
    meaning: Meaning,
    read_again: Option<ReadAgain>,
    told: Option<Told>,
}

impl fmt::Debug for Backslashes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backslashes").field("meaning", &self.meaning).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// No name with `/` has come yet.
    Unknown,
    /// It separates directories.
    Separator,
    /// It is a part of names, because a name has a `/`.
    PartOfNames,
}

#[derive(Debug, Clone, Copy)]
enum Told {
    Translated,
    /// A name with `/` came after names were translated: only where the manifest cannot be read twice.
    NoLonger,
}

impl Backslashes {
    /// To look at all names, the manifest is read once more, if that is needed. If it can be read only once, the names
    /// up to the current one count.
    pub(super) const fn new(read_again: Option<ReadAgain>) -> Self {
        Self { meaning: Meaning::Unknown, read_again, told: None }
    }

    /// The path to open instead of `opened`, if this name of the manifest is one of Windows. `translated` makes it.
    pub(super) fn translate(
        &mut self,
        name: &[u8],
        opened: &[u8],
        translated: impl FnOnce() -> Option<Vec<u8>>,
    ) -> Option<Vec<u8>> {
        if self.meaning == Meaning::PartOfNames {
            return None;
        }
        if name.contains(&b'/') {
            self.told = (self.meaning == Meaning::Separator).then_some(Told::NoLonger);
            self.meaning = Meaning::PartOfNames;
            return None;
        }
        if !name.contains(&b'\\') || !is_missing(opened) {
            return None;
        }
        translated().filter(|path| exists(path) && self.separates())
    }

    /// What is to be said from now on, when the name on this line was looked at.
    pub(super) fn take_told(&mut self, line: u64) -> Option<String> {
        self.told.take().map(|told| match told {
            Told::Translated => "\\ is read as / in the names of files that exist only so".to_owned(),
            Told::NoLonger => format!("line {line} has a name with /: \\ is no longer read as /"),
        })
    }

    fn separates(&mut self) -> bool {
        if self.meaning == Meaning::Unknown {
            let some_has_slash = self.read_again.take().is_some_and(|read_again| has_slash(&read_again));
            self.meaning = if some_has_slash { Meaning::PartOfNames } else { Meaning::Separator };
            self.told = (!some_has_slash).then_some(Told::Translated);
        }
        self.meaning == Meaning::Separator
    }
}

/// Whether some name of the manifest has a `/`, or not all of it can be read.
fn has_slash(read_again: &ReadAgain) -> bool {
    let Some(mut reader) = read_again() else { return true };
    loop {
        match reader.next_record() {
            Ok(Some((_, Ok(record)))) if record.name.contains(&b'/') => return true,
            Ok(Some(_)) => {}
            Ok(None) => return false,
            Err(_) => return true,
        }
    }
}

fn is_missing(path: &[u8]) -> bool {
    rustix::fs::lstat(path).err() == Some(Errno::NOENT)
}

fn exists(path: &[u8]) -> bool {
    rustix::fs::stat(path).is_ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use hivesum_core::manifest::{Form, Limits, ReadOptions};

    use super::*;

    /// A directory with a file `d/a`, and what each name is translated to, relative to the directory.
    fn translated(again: Option<&'static str>, names: &[&str]) -> (Vec<Option<String>>, Vec<String>) {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("d")).unwrap();
        std::fs::write(directory.path().join("d/a"), "").unwrap();
        let within = |name: &str| [directory.path().as_os_str().as_bytes(), b"/", name.as_bytes()].concat();
        let options = ReadOptions::new(Limits::COMMAND_LINE);
        let read_again = again.map(|text| -> ReadAgain {
            Box::new(move || ManifestReader::new(text.as_bytes(), Form::Checksums, options).ok())
        });
        let mut backslashes = Backslashes::new(read_again);
        let mut told = Vec::new();
        let translate = |name: &&str| {
            let path = || Some(within(&name.replace('\\', "/")));
            let to = backslashes.translate(name.as_bytes(), &within(name), path);
            told.extend(backslashes.take_told(7));
            to.map(|path| String::from_utf8(path).unwrap().rsplit_once("d/").unwrap().1.to_owned())
        };
        (names.iter().map(translate).collect(), told)
    }

    const TOLD: &str = "\\ is read as / in the names of files that exist only so";

    #[test]
    fn a_name_of_windows_is_translated_where_only_so_the_file_exists() {
        let (to, told) = translated(None, &["x", "d\\a", "d\\b", "d\\a"]);
        assert_eq!(to, [None, Some("a".to_owned()), None, Some("a".to_owned())]);
        assert_eq!(told, [TOLD], "it is said once");
    }

    #[test]
    fn where_a_name_has_a_slash_nothing_is_translated() {
        assert_eq!(translated(None, &["d/a", "d\\a"]), (vec![None, None], Vec::new()));
        let later = "00000000  d\\a\n00000000  d/b\n";
        assert_eq!(translated(Some(later), &["d\\a"]), (vec![None], Vec::new()), "all of a file is looked at");
        let never = "00000000  d\\a\n00000000  b\n";
        assert_eq!(translated(Some(never), &["d\\a"]), (vec![Some("a".to_owned())], vec![TOLD.to_owned()]));
    }

    #[test]
    fn in_a_stream_a_later_name_with_a_slash_ends_it_and_is_said() {
        let (to, told) = translated(None, &["d\\a", "d/a", "d\\a"]);
        assert_eq!(to, [Some("a".to_owned()), None, None]);
        assert_eq!(told, [TOLD, "line 7 has a name with /: \\ is no longer read as /"]);
    }
}
