//! Include and exclude globs of a scan.
//!
//! A glob without `/` matches a name at any depth. A glob with `/` matches the path relative to the start of the scan;
//! a leading `/` has no other meaning. `*` and `?` do not match a `/`, `**` does. Exclude takes precedence, and an
//! excluded directory is not entered. Include applies to files only: other directories are always entered.

use globset::{Candidate, Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

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
const MAX_GLOBS: usize = 1000;

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
/// let filters = Filters::new(&["*.rs".to_owned()], &["/target".to_owned()])?;
/// let spec = WalkSpec { filters, ..WalkSpec::new(vec![Target::directory(tree)?]) };
/// let totals = survey(spec, &|| false).expect("the survey is not cancelled");
/// assert_eq!((totals.files, totals.bytes), (1, 4));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Filters {
    include: Option<Globs>,
    exclude: Option<Globs>,
}

#[derive(Debug, Clone)]
struct Globs {
    names: GlobSet,
    paths: GlobSet,
}

impl Filters {
    /// Compiles the globs. Without an include glob, every file is included.
    ///
    /// # Errors
    /// The first glob that is not valid, and why.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, GlobInvalid> {
        Ok(Self { include: Globs::new(include)?, exclude: Globs::new(exclude)? })
    }

    /// Whether this file, or this directory with all its content, is excluded.
    pub(crate) fn excludes(&self, name: &[u8], path: &[u8]) -> bool {
        self.exclude.as_ref().is_some_and(|globs| globs.match_either(name, path))
    }

    /// Whether this file is included, unless it is excluded.
    pub(crate) fn includes(&self, name: &[u8], path: &[u8]) -> bool {
        self.include.as_ref().is_none_or(|globs| globs.match_either(name, path))
    }
}

impl Globs {
    fn new(globs: &[String]) -> Result<Option<Self>, GlobInvalid> {
        if globs.is_empty() {
            return Ok(None);
        }
        if globs.len() > MAX_GLOBS {
            return Err(invalid(&globs[MAX_GLOBS], "there are more than 1,000 globs".to_owned()));
        }
        let (mut names, mut paths) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for glob in globs {
            let compiled = compile(glob)?;
            match glob.contains('/') {
                true => paths.add(compiled),
                false => names.add(compiled),
            };
        }
        let build =
            |builder: GlobSetBuilder| builder.build().map_err(|error| invalid(&globs[0], error.kind().to_string()));
        Ok(Some(Self { names: build(names)?, paths: build(paths)? }))
    }

    fn match_either(&self, name: &[u8], path: &[u8]) -> bool {
        let matches = |set: &GlobSet, bytes| !set.is_empty() && set.is_match_candidate(&candidate(bytes));
        matches(&self.names, name) || matches(&self.paths, path)
    }
}

fn candidate(bytes: &[u8]) -> Candidate<'_> {
    Candidate::new(OsStr::from_bytes(bytes))
}

fn compile(glob: &str) -> Result<Glob, GlobInvalid> {
    if glob.is_empty() {
        return Err(invalid(glob, "it is empty".to_owned()));
    }
    let relative = glob.strip_prefix('/').unwrap_or(glob);
    GlobBuilder::new(relative)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map_err(|error| invalid(glob, error.kind().to_string()))
}

fn invalid(glob: &str, reason: String) -> GlobInvalid {
    GlobInvalid { glob: glob.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(include: &[&str], exclude: &[&str]) -> Filters {
        let owned = |globs: &[&str]| globs.iter().map(|&glob| glob.to_owned()).collect::<Vec<_>>();
        Filters::new(&owned(include), &owned(exclude)).unwrap()
    }

    #[test]
    fn a_glob_without_slash_matches_a_name_at_any_depth() {
        let filters = filters(&["*.rs"], &[]);
        assert!(filters.includes(b"a.rs", b"x/y/a.rs"));
        assert!(!filters.includes(b"a.rs.bak", b"a.rs.bak"));
    }

    #[test]
    fn a_glob_with_slash_matches_the_relative_path_and_a_star_stays_in_its_component() {
        let filters = filters(&["src/*.rs", "/top"], &["a/**/z"]);
        assert!(filters.includes(b"a.rs", b"src/a.rs"));
        assert!(!filters.includes(b"a.rs", b"src/x/a.rs"));
        assert!(filters.includes(b"top", b"top"));
        assert!(!filters.includes(b"top", b"x/top"));
        assert!(filters.excludes(b"z", b"a/b/c/z"));
    }

    #[test]
    fn names_that_are_not_utf8_are_matched_as_bytes() {
        assert!(filters(&["*.t?t"], &[]).includes(b"\xff.t\xfet", b"\xff.t\xfet"));
    }

    #[test]
    fn the_error_names_the_invalid_glob() {
        let error = Filters::new(&["a[".to_owned()], &[]).unwrap_err();
        assert!(error.to_string().contains("a["), "{error}");
        assert!(Filters::new(&[], &[String::new()]).is_err());
        let many = vec!["a".to_owned(); 1001];
        assert!(Filters::new(&many, &[]).is_err());
    }
}
