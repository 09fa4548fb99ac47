//! How the names of a manifest become the names of files: `--strip-prefix` and `--relative-to`.
//!
//! A prefix is taken off first, where a name has it; what is left is joined to the directory. An absolute name stays
//! absolute. Nothing here looks at files, and no name is changed without an option that says so.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};

use super::quote::quoted;

// The options about names.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct NamingArgs {
    /// Take this directory off the front of the names in the manifest.
    #[arg(long, value_name = "PREFIX", value_parser = OsStringValueParser::new().try_map(Prefix::new), help_heading = "Manifest")]
    strip_prefix: Option<Prefix>,

    /// The directory that the names in the manifest are relative to, or the word manifest: the directory of the manifest
    /// [default: the current directory].
    #[arg(long, value_name = "manifest|DIR", value_parser = OsStringValueParser::new().try_map(RelativeTo::new), help_heading = "Manifest")]
    relative_to: Option<RelativeTo>,
}

/// The argument of `--strip-prefix`, without a `./` in front. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Prefix(Vec<u8>);

/// The argument of `--relative-to`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum RelativeTo {
    /// The directory of the manifest.
    Manifest,
    /// This directory. Never empty.
    Directory(Vec<u8>),
}

impl NamingArgs {
    /// The naming for the manifest at this path. That of `-` is relative to the current directory.
    pub(super) fn of_manifest(&self, path: &OsStr) -> Naming {
        let directory = match &self.relative_to {
            None => Vec::new(),
            Some(RelativeTo::Manifest) => directory_of(path.as_bytes()).to_vec(),
            Some(RelativeTo::Directory(directory)) => with_slash(directory.clone()),
        };
        Naming { prefix: self.strip_prefix.clone(), directory }
    }
}

impl NamingArgs {
    /// The directory that the names in the manifest at this path are relative to, if an option says so.
    pub(super) fn directory_of_names(&self, path: &OsStr) -> Option<OsString> {
        let directory = match self.relative_to.as_ref()? {
            RelativeTo::Manifest => directory_of(path.as_bytes()),
            RelativeTo::Directory(directory) => directory,
        };
        Some(OsStr::from_bytes(if directory.is_empty() { b"." } else { directory }).to_owned())
    }
}

/// The naming of one manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Naming {
    prefix: Option<Prefix>,
    /// Ends with `/`, or is empty.
    directory: Vec<u8>,
}

impl Naming {
    /// The same, with names relative to this directory, which ends with `/`.
    pub(super) fn within(self, directory: Vec<u8>) -> Self {
        Self { directory, ..self }
    }

    /// The name of the file that this name of the manifest means.
    pub(super) fn map<'n>(&self, name: &'n [u8]) -> Cow<'n, [u8]> {
        self.joined(self.without_prefix(name).unwrap_or(name).into())
    }

    /// The same for a name of Windows, in which `\` separates directories. `None` if it would become an absolute one.
    pub(super) fn map_backslashes(&self, name: &[u8]) -> Option<Vec<u8>> {
        let mut rest = self.without_prefix(name).unwrap_or(name).to_vec();
        rest.iter_mut().filter(|byte| **byte == b'\\').for_each(|byte| *byte = b'/');
        (!rest.starts_with(b"/")).then(|| self.joined(rest.into()).into_owned())
    }

    fn joined<'n>(&self, name: Cow<'n, [u8]>) -> Cow<'n, [u8]> {
        match self.directory.is_empty() || name.starts_with(b"/") {
            true => name,
            false => Cow::Owned([&self.directory, &*name].concat()),
        }
    }

    /// Whether a prefix is to be taken off that this name does not have.
    pub(super) fn lacks_prefix(&self, name: &[u8]) -> bool {
        self.prefix.is_some() && self.without_prefix(name).is_none()
    }

    /// What to say about names without the prefix. `None` if there are none.
    pub(super) fn told_of(&self, names_without_prefix: u64) -> Option<String> {
        let shown = quoted(OsStr::from_bytes(&self.prefix.as_ref()?.0));
        match names_without_prefix {
            0 => None,
            1 => Some(format!("1 name does not begin with {shown}: it is left as it is")),
            many => Some(format!("{many} names do not begin with {shown}: they are left as they are")),
        }
    }

    fn without_prefix<'n>(&self, name: &'n [u8]) -> Option<&'n [u8]> {
        self.prefix.as_ref()?.taken_off(name)
    }
}

impl Prefix {
    fn new(given: OsString) -> Result<Self, &'static str> {
        match without_dot(given.as_bytes()) {
            b"" => Err("must be the beginning of a name"),
            prefix => Ok(Self(prefix.to_vec())),
        }
    }

    /// The rest of the name, which begins after a separator: `a` is not a prefix of `ab/c`. Never empty or absolute.
    fn taken_off<'n>(&self, name: &'n [u8]) -> Option<&'n [u8]> {
        let rest = without_dot(name).strip_prefix(&self.0[..])?;
        let separates = |byte: &u8| *byte == b'/' || *byte == b'\\' && self.0.contains(&b'\\');
        let is_at_separator = self.0.last().is_some_and(separates) || rest.first().is_some_and(separates);
        let start = rest.iter().position(|byte| !separates(byte))?;
        is_at_separator.then_some(&rest[start..])
    }
}

impl RelativeTo {
    fn new(given: OsString) -> Result<Self, &'static str> {
        match given.as_bytes() {
            b"" => Err("must be a directory, or the word manifest"),
            b"manifest" => Ok(Self::Manifest),
            _ => Ok(Self::Directory(given.into_vec())),
        }
    }
}

fn without_dot(mut name: &[u8]) -> &[u8] {
    while let Some(rest) = name.strip_prefix(b"./") {
        name = rest;
    }
    name
}

/// The directory part of a path with its `/`; empty for the current directory.
fn directory_of(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|&byte| byte == b'/').map_or(0, |at| at + 1);
    &path[..end]
}

fn with_slash(mut directory: Vec<u8>) -> Vec<u8> {
    if !directory.ends_with(b"/") {
        directory.push(b'/');
    }
    directory
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naming(prefix: Option<&str>, relative_to: Option<&str>, manifest: &str) -> Naming {
        let args = NamingArgs {
            strip_prefix: prefix.map(|prefix| Prefix::new(prefix.into()).unwrap()),
            relative_to: relative_to.map(|directory| RelativeTo::new(directory.into()).unwrap()),
        };
        args.of_manifest(manifest.as_ref())
    }

    fn mapped(naming: &Naming, name: &str) -> String {
        String::from_utf8(naming.map(name.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn a_prefix_is_taken_off_where_a_name_has_it() {
        for (prefix, name, expected) in [
            ("rotmnt", "rotmnt/a/b", "a/b"),
            ("rotmnt/", "rotmnt/a", "a"),
            ("./rotmnt", "rotmnt/a", "a"),
            ("rotmnt", "./rotmnt//a", "a"),
            ("/srv/data", "/srv/data/a", "a"),
            ("/", "/etc/a", "etc/a"),
            ("C:\\data", "C:\\data\\a", "a"),
            ("data\\", "data\\a\\b", "a\\b"),
        ] {
            let naming = naming(Some(prefix), None, "sums");
            assert_eq!(mapped(&naming, name), expected, "{prefix} of {name}");
            assert!(!naming.lacks_prefix(name.as_bytes()));
        }
        for (prefix, name) in [("rotmnt", "rotmnt2/a"), ("rotmnt", "rotmnt"), ("rotmnt/", "rotmnt/"), ("a", "a\\b")] {
            let naming = naming(Some(prefix), None, "sums");
            assert_eq!(mapped(&naming, name), name, "{prefix} of {name}");
            assert!(naming.lacks_prefix(name.as_bytes()));
        }
    }

    #[test]
    fn names_are_joined_to_the_directory() {
        for (relative_to, manifest, expected) in [
            (None, "sums/x", "a"),
            (Some("manifest"), "sums/x", "sums/a"),
            (Some("manifest"), "/x", "/a"),
            (Some("manifest"), "x", "a"),
            (Some("manifest"), "-", "a"),
            (Some("./manifest"), "sums/x", "./manifest/a"),
            (Some("/srv/"), "sums/x", "/srv/a"),
        ] {
            assert_eq!(mapped(&naming(None, relative_to, manifest), "a"), expected, "{relative_to:?}");
        }
        assert_eq!(mapped(&naming(None, Some("/srv"), "x"), "/etc/a"), "/etc/a");
        assert_eq!(mapped(&naming(Some("old"), Some("new"), "x"), "old/a"), "new/a");
    }

    #[test]
    fn names_of_windows_become_paths_and_never_absolute_ones() {
        let naming = naming(Some("C:\\old"), Some("new\\"), "x");
        assert_eq!(naming.map_backslashes(b"C:\\old\\d\\a").unwrap(), b"new\\/d/a");
        assert_eq!(naming.map_backslashes(b"\\d\\a"), None);
    }

    #[test]
    fn names_without_the_prefix_are_told() {
        let naming = naming(Some("old/"), None, "x");
        assert_eq!(naming.told_of(0), None);
        assert_eq!(naming.told_of(1).unwrap(), "1 name does not begin with old/: it is left as it is");
        assert_eq!(naming.told_of(2).unwrap(), "2 names do not begin with old/: they are left as they are");
        assert_eq!(Naming::default().told_of(2), None);
    }

    #[test]
    fn an_empty_prefix_or_directory_is_refused() {
        assert!(Prefix::new("".into()).is_err());
        assert!(Prefix::new("./".into()).is_err());
        assert!(RelativeTo::new("".into()).is_err());
    }
}
