//! Include and exclude globs of a scan, read as `.gitignore` reads its lines.
//!
//! A glob without `/`, or with one at its end alone, matches a name at any depth; any other one matches the path
//! relative to the start of the scan. `*`, `?` and `[...]` do not match a `/`, `**` does. A `/` at the end matches
//! directories only. A glob that matches a directory covers everything below it. Exclude takes precedence, and an
//! excluded directory is not entered. Include selects files: other directories are entered to find them.
//!
//! Two differences: there is no negation, and `{a,b}` is two alternatives.

pub(crate) mod below;
mod braces;
mod class;
#[cfg(test)]
mod like_git;
mod pattern;

use regex::bytes::{Regex, RegexBuilder};

use self::pattern::{Pattern, Scope};
use crate::result::directories_above;

/// A glob that is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the glob {glob:?} is not valid: {reason}")]
#[non_exhaustive]
pub struct GlobInvalid {
    /// The glob as it was given.
    pub glob: String,
    /// What is wrong with it.
    pub reason: String,
}

/// How many globs of each kind one scan may have: each one needs memory.
pub(crate) const MAX_GLOBS: usize = 1000;

/// Which entries of a tree are wanted. The default wants all.
///
/// ```
/// use hivesum_core::walk::survey;
/// use hivesum_core::{Filters, Target, WalkSpec};
///
/// # let dir = tempfile::tempdir()?;
/// # let tree = dir.path();
/// std::fs::create_dir(tree.join("target"))?;
/// for name in ["a.rs", "a.txt", "target/b.rs"] {
///     std::fs::write(tree.join(name), "1234")?;
/// }
/// let filters = Filters::new(&["*.rs".to_owned()], &["/target/".to_owned()])?;
/// assert!(filters.wants_path(b"a.rs") && !filters.wants_path(b"target/b.rs"));
/// let spec = WalkSpec { filters, ..WalkSpec::new(vec![Target::directory(tree)?]) };
/// let totals = survey(spec, &|| false).expect("the survey is not cancelled");
/// assert_eq!((totals.files, totals.bytes), (1, 4));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Filters {
    include: Option<Globs>,
    exclude: Option<Globs>,
    /// What globs see before every path: empty, or a path with a `/` at its end.
    base: Vec<u8>,
}

/// What a name in a tree stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Node {
    File,
    Directory,
}

/// The globs of one kind.
#[derive(Debug, Clone)]
struct Globs {
    of_files: Matcher,
    /// Those, and the ones for directories only.
    of_directories: Matcher,
}

#[derive(Debug, Clone)]
struct Matcher {
    names: Option<Regex>,
    paths: Option<Regex>,
}

impl Filters {
    /// Compiles the globs. Without an include glob, every file is included.
    ///
    /// # Errors
    /// The first glob that is not valid or can never match, and why.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, GlobInvalid> {
        Ok(Self { include: Globs::new(include)?, exclude: Globs::new(exclude)?, base: Vec::new() })
    }

    /// The same globs for a walk that begins further down: they are relative to a directory above, from which this path
    /// leads to the start of the walk. Components that are empty or `.` do not count.
    #[must_use]
    pub fn within(self, path: &[u8]) -> Self {
        let base = components(path).flat_map(|name| [name, b"/"]).flatten().copied().collect();
        Self { base, ..self }
    }

    /// The globs that a glob with alternatives in braces stands for; of every other one, itself.
    ///
    /// # Errors
    /// If they are too many.
    pub fn alternatives(glob: &str) -> Result<Vec<String>, GlobInvalid> {
        let mut globs = Vec::new();
        match braces::expand(glob, MAX_GLOBS, &mut globs) {
            Ok(()) => Ok(globs),
            Err(reason) => Err(GlobInvalid { glob: glob.to_owned(), reason }),
        }
    }

    /// Whether a walk would have reached the file at this path, relative to the start of the walk, and wanted it.
    /// Components that are empty or `.` do not count.
    #[must_use]
    pub fn wants_path(&self, path: &[u8]) -> bool {
        let mut walked = Vec::with_capacity(self.base.len() + path.len());
        let mut components = components(&self.base).chain(components(path)).peekable();
        let mut is_included = self.include.is_none();
        while let Some(name) = components.next() {
            if !walked.is_empty() {
                walked.push(b'/');
            }
            walked.extend_from_slice(name);
            let node = if components.peek().is_some() { Node::Directory } else { Node::File };
            if self.excludes(name, &walked, node) {
                return false;
            }
            is_included = is_included || self.includes(name, &walked, node);
        }
        is_included
    }

    /// What globs see before the paths of a walk.
    pub(crate) fn base(&self) -> &[u8] {
        &self.base
    }

    /// Whether everything in the directory where the walk begins is included.
    pub(crate) fn includes_base(&self) -> bool {
        directories_above(&self.base).any(|path| {
            let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
            self.includes(name, path, Node::Directory)
        })
    }

    /// Whether this file, or this directory with all its content, is excluded.
    pub(crate) fn excludes(&self, name: &[u8], path: &[u8], node: Node) -> bool {
        self.exclude.as_ref().is_some_and(|globs| globs.match_either(name, path, node))
    }

    /// Whether this file, or this directory with all its content, is included unless it is excluded.
    pub(crate) fn includes(&self, name: &[u8], path: &[u8], node: Node) -> bool {
        self.include.as_ref().is_none_or(|globs| globs.match_either(name, path, node))
    }
}

/// The names that a path consists of.
fn components(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|&byte| byte == b'/').filter(|name| !matches!(name, [] | [b'.']))
}

impl Globs {
    fn new(globs: &[String]) -> Result<Option<Self>, GlobInvalid> {
        let Some(first) = globs.first() else { return Ok(None) };
        let (mut alternatives, mut patterns) = (Vec::new(), Vec::new());
        for glob in globs {
            let refuse = |reason| GlobInvalid { glob: glob.clone(), reason };
            braces::expand(glob, MAX_GLOBS, &mut alternatives).map_err(refuse)?;
            for alternative in &alternatives[patterns.len()..] {
                patterns.push(Pattern::parse(alternative).map_err(refuse)?);
            }
        }
        let of_files = Matcher::of(patterns.iter().filter(|pattern| !pattern.directories_only));
        let of_directories = Matcher::of(patterns.iter());
        let too_large = |error: regex::Error| GlobInvalid { glob: first.clone(), reason: error.to_string() };
        Ok(Some(Self { of_files: of_files.map_err(too_large)?, of_directories: of_directories.map_err(too_large)? }))
    }

    fn match_either(&self, name: &[u8], path: &[u8], node: Node) -> bool {
        let Matcher { names, paths } = match node {
            Node::File => &self.of_files,
            Node::Directory => &self.of_directories,
        };
        let matches = |regex: &Option<Regex>, bytes| regex.as_ref().is_some_and(|regex| regex.is_match(bytes));
        matches(names, name) || matches(paths, path)
    }
}

impl Matcher {
    fn of<'a>(patterns: impl Iterator<Item = &'a Pattern> + Clone) -> Result<Self, regex::Error> {
        let any_of = |scope| any_of(patterns.clone().filter(move |pattern| pattern.scope == scope));
        Ok(Self { names: any_of(Scope::Name)?, paths: any_of(Scope::Path)? })
    }
}

/// A regular expression that matches what one of the patterns matches; `None` without a pattern.
fn any_of<'a>(patterns: impl Iterator<Item = &'a Pattern>) -> Result<Option<Regex>, regex::Error> {
    let alternatives: Vec<&str> = patterns.map(|pattern| pattern.regex.as_str()).collect();
    if alternatives.is_empty() {
        return Ok(None);
    }
    // Bytes and not characters: a name may have any. Without `m`, ^ and $ are the ends of the name, line feeds or not.
    RegexBuilder::new(&format!("^(?:{})$", alternatives.join("|")))
        .unicode(false)
        .dot_matches_new_line(true)
        .build()
        .map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(include: &[&str], exclude: &[&str]) -> Filters {
        let owned = |globs: &[&str]| globs.iter().map(|&glob| glob.to_owned()).collect::<Vec<_>>();
        Filters::new(&owned(include), &owned(exclude)).unwrap()
    }

    #[test]
    fn an_excluded_directory_takes_with_it_what_is_below() {
        for glob in [".git", ".git/", "./.git", "/.git", "**/.git/", ".git/**", "{.git,x}"] {
            let filters = filters(&[], &[glob]);
            assert!(!filters.wants_path(b".git/objects/ab/cd"), "{glob}");
            assert!(filters.wants_path(b"src/git") && filters.wants_path(b".gitignore"), "{glob}");
        }
        assert!(filters(&[], &["target/"]).wants_path(b"target"), "a file of this name is not a directory");
        assert!(filters(&[], &["/target"]).wants_path(b"a/target/x"));
    }

    #[test]
    fn an_included_directory_brings_what_is_below() {
        for glob in ["src", "src/", "./src/", "/src/", "src/**", "src/*"] {
            let filters = filters(&[glob], &["*.bak"]);
            assert!(filters.wants_path(b"src/deep/a.rs"), "{glob}");
            assert!(!filters.wants_path(b"src/deep/a.bak") && !filters.wants_path(b"other/a.rs"), "{glob}");
        }
        assert!(!filters(&["src/*.rs"], &[]).wants_path(b"src/x/a.rs"));
    }

    #[test]
    fn names_are_matched_as_bytes_and_a_path_may_be_spelled_with_dots() {
        let filters = filters(&["*.t?t"], &["a/b"]);
        assert!(filters.wants_path(b"\xff.t\xfet") && filters.wants_path(b"new\nline.t\nt"));
        assert!(!filters.wants_path(b"a/b/x.txt") && !filters.wants_path(b"./a/.//b/x.txt"));
        assert!(Filters::default().wants_path(b"") && Filters::default().wants_path(b"/a"));
    }

    #[test]
    fn the_error_names_the_invalid_glob() {
        let error = Filters::new(&["ok".to_owned(), "{b,a[}".to_owned()], &[]).unwrap_err();
        assert!(error.to_string().contains("{b,a[}"), "{error}");
        assert!(Filters::new(&[], &[String::new()]).is_err());
        let globs = |number| vec!["a".to_owned(); number];
        assert!(Filters::new(&globs(1000), &globs(1000)).is_ok());
        assert!(Filters::new(&globs(1001), &[]).unwrap_err().reason.contains("1000"));
    }

    #[test]
    fn as_many_globs_as_are_allowed_fit_into_memory() {
        let globs: Vec<_> = (0..1000).map(|number| format!("*{number}*/[!a]?{number}**")).collect();
        let filters = Filters::new(&globs, &[]).unwrap();
        assert!(filters.wants_path(b"x999y/bz999") && !filters.wants_path(b"x999y/az999"));
    }
}
