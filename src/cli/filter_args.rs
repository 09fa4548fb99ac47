//! `--include` and `--exclude`, shared by the commands that walk or compare trees.
//!
//! A glob that begins with `/` is anchored, as in a .gitignore, or it is an absolute path: that is decided for each
//! PATH. Below PATH it is made relative. Where it is neither below a PATH nor can be anchored in one, it would do
//! nothing, and is refused.

mod place;

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use clap::Args;
use hivesum_core::manifest::RememberedFilters;
use hivesum_core::walk::{Filters, GlobInvalid, Target};

use self::place::{Place, Tree};
use super::error::UsageError;
use super::inputs::DIRECTORIES_PER_SCAN;
use super::quote::quoted;

#[derive(Debug, Clone, Default, Args)]
pub(super) struct FilterArgs {
    /// Take only files that match this glob, or are below a directory that does. May be repeated.
    #[arg(long, value_name = "GLOB", help_heading = "Selection")]
    pub(super) include: Vec<String>,

    /// Leave out files and directories that match this glob. May be repeated.
    #[arg(long, value_name = "GLOB", help_heading = "Selection")]
    pub(super) exclude: Vec<String>,
}

/// The globs as they are for each PATH of a command line.
#[derive(Debug, Default)]
pub(super) struct PathFilters {
    /// For all of them but `own`.
    globs: FilterArgs,
    compiled: Filters,
    /// For directories for which an absolute glob was made relative, by their paths.
    own: HashMap<Vec<u8>, (FilterArgs, Filters)>,
}

impl FilterArgs {
    /// Whether no glob was given.
    pub(super) fn is_empty(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }

    /// What to say where they leave nothing. `None` without --include, where there may be nothing anyway.
    pub(super) fn told_of_nothing(&self) -> Option<String> {
        let include: Vec<String> =
            self.include.iter().map(|glob| format!("--include {}", quoted(OsStr::new(glob)))).collect();
        let left = if self.exclude.is_empty() { "" } else { " that --exclude does not leave out" };
        (!include.is_empty()).then(|| format!("no file matches {}{left}", include.join(" or ")))
    }

    /// The filters for names that are relative to no directory in particular.
    ///
    /// # Errors
    /// The first glob that is not valid or can never match.
    pub(super) fn filters(&self, command: &'static str) -> Result<Filters, UsageError> {
        self.compile().map_err(|error| UsageError::of(command, error))
    }

    /// The filters for a walk of one directory.
    ///
    /// # Errors
    /// The first glob that is not valid or can never match.
    pub(super) fn filters_below(&self, command: &'static str, dir: &OsStr) -> Result<Filters, UsageError> {
        let of_each = self.filters_of_each(command, std::slice::from_ref(&dir.to_owned()))?;
        Ok(of_each.below(dir.as_bytes()).clone())
    }

    /// The same globs, with those that begin at the root of the system made relative to the directory.
    ///
    /// # Errors
    /// The first glob that is not valid or can never match.
    pub(super) fn relative_to(&self, command: &'static str, dir: &OsStr) -> Result<Self, UsageError> {
        let of_each = self.filters_of_each(command, std::slice::from_ref(&dir.to_owned()))?;
        let own = of_each.own.get(dir.as_bytes()).map(|(own, _)| own);
        let relative =
            own.filter(|own| (&own.include, &own.exclude) != (&of_each.globs.include, &of_each.globs.exclude));
        Ok(relative.unwrap_or(self).clone())
    }

    /// The filters for each PATH that is a directory.
    ///
    /// # Errors
    /// The first glob that is not valid or can never match.
    pub(super) fn filters_of_each(&self, command: &'static str, paths: &[OsString]) -> Result<PathFilters, UsageError> {
        let compiled = self.filters(command)?;
        let globs = self.expanded().map_err(|error| UsageError::of(command, error))?;
        let is_slashed = globs.include.iter().chain(&globs.exclude).any(|glob| glob.starts_with('/'));
        let mut of_each = PathFilters { globs, compiled, own: HashMap::new() };
        if is_slashed {
            let trees: Vec<Tree> = paths.iter().filter_map(|path| Tree::at(path)).collect();
            of_each.place(&trees).map_err(|reason| UsageError::of(command, reason))?;
        }
        Ok(of_each)
    }

    fn expanded(&self) -> Result<Self, GlobInvalid> {
        let expand = |globs: &[String]| {
            let alternatives: Vec<_> =
                globs.iter().map(|glob| Filters::alternatives(glob)).collect::<Result<_, _>>()?;
            Ok(alternatives.concat())
        };
        Ok(Self { include: expand(&self.include)?, exclude: expand(&self.exclude)? })
    }

    fn compile(&self) -> Result<Filters, GlobInvalid> {
        Filters::new(&self.include, &self.exclude)
    }
}

impl PathFilters {
    /// Finds out what globs that begin with `/` are for each of the directories.
    fn place(&mut self, trees: &[Tree]) -> Result<(), String> {
        let places = |globs: &[String]| globs.iter().map(|glob| Place::of_each(glob, trees)).collect::<Result<_, _>>();
        let include: Vec<Vec<Place>> = places(&self.globs.include)?;
        let exclude: Vec<Vec<Place>> = places(&self.globs.exclude)?;
        for (index, tree) in trees.iter().enumerate() {
            let mut own = FilterArgs::default();
            for (glob, places) in self.globs.include.iter().zip(&include) {
                // Without a glob that is elsewhere, everything would be included here.
                own.include.push(places[index].glob().unwrap_or(glob).to_owned());
            }
            for (glob, places) in self.globs.exclude.iter().zip(&exclude) {
                if places[index] != Place::Elsewhere {
                    own.exclude.push(places[index].glob().unwrap_or(glob).to_owned());
                }
            }
            let filters = own.compile().map_err(|error| error.to_string())?;
            self.own.insert(tree.given.clone(), (own, filters));
        }
        Ok(())
    }

    /// The filters for a scan of these targets.
    pub(super) fn of(&self, targets: &[Target]) -> &Filters {
        let directory = targets.iter().find_map(|target| match target {
            Target::Directory { shown, .. } => Some(shown),
            Target::Names { .. } | Target::Listed { .. } | Target::File { .. } => None,
        });
        directory.map_or(&self.compiled, |shown| self.below(shown))
    }

    /// How many directories may share a scan, which has one set of filters.
    pub(super) fn directories_per_scan(&self) -> usize {
        if self.own.len() > 1 { 1 } else { DIRECTORIES_PER_SCAN }
    }

    /// What to say where they leave nothing.
    pub(super) fn told_of_nothing(&self) -> Option<String> {
        self.globs.told_of_nothing()
    }

    /// Whether there are any.
    pub(super) fn are_given(&self) -> bool {
        !self.globs.is_empty()
    }

    /// Those of one of the directories, named as it was given.
    pub(super) fn below(&self, dir: &[u8]) -> &Filters {
        self.own.get(dir).map_or(&self.compiled, |(_, filters)| filters)
    }

    /// What a manifest of these paths remembers of the globs.
    ///
    /// # Errors
    /// If they are too many, because they are written for each path.
    pub(super) fn remembered(&self, paths: &[OsString]) -> Result<RememberedFilters, GlobInvalid> {
        let mut remembered = RememberedFilters::default();
        if self.globs.is_empty() {
            return Ok(remembered);
        }
        let here = [OsString::from("-")];
        let (trees, files): (Vec<&OsString>, Vec<&OsString>) =
            if paths.is_empty() { &here } else { paths }.iter().partition(|path| Path::new(path).is_dir());
        for tree in trees {
            let globs = self.own.get(tree.as_bytes()).map_or(&self.globs, |(globs, _)| globs);
            remembered.add_tree(tree.as_bytes(), &globs.include, &globs.exclude)?;
        }
        for file in files {
            remembered.add_file(file.as_bytes())?;
        }
        Ok(remembered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(include: &[&str], exclude: &[&str]) -> FilterArgs {
        let owned = |globs: &[&str]| globs.iter().map(|&glob| glob.to_owned()).collect();
        FilterArgs { include: owned(include), exclude: owned(exclude) }
    }

    fn two_trees() -> (tempfile::TempDir, [OsString; 2]) {
        let dir = tempfile::tempdir().unwrap();
        let trees = ["one[1]", "two"].map(|name| dir.path().join(name).into_os_string());
        trees.iter().for_each(|tree| std::fs::create_dir_all(Path::new(tree).join("top/sub")).unwrap());
        (dir, trees)
    }

    #[test]
    fn an_absolute_glob_is_relative_to_the_directory_that_it_is_below() {
        let (dir, trees) = two_trees();
        let below = |glob: &str| format!("{}/{glob}", trees[0].to_str().unwrap());
        for glob in [below("top/sub/"), below("/./top/*b"), below("top/sub").replace('[', "\\["), below("{top/sub,x}")]
        {
            let filters = args(&[], &[&glob]).filters_of_each("hash", &trees).unwrap();
            assert_eq!(filters.directories_per_scan(), 1);
            assert!(!filters.below(trees[0].as_bytes()).wants_path(b"top/sub/f"), "{glob}");
            assert!(filters.below(trees[1].as_bytes()).wants_path(b"top/sub/f"), "{glob}");
        }
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&trees[0], &link).unwrap();
        let through_link = args(&[&below("top")], &[]).filters_below("audit", link.as_os_str()).unwrap();
        assert!(through_link.wants_path(b"top/f") && !through_link.wants_path(b"f"));
        let relative = args(&[&below("top")], &["*.{a,b}"]).relative_to("scrub", &trees[0]).unwrap();
        assert_eq!((relative.include, relative.exclude), (vec!["/top".to_owned()], vec!["*.a".into(), "*.b".into()]));
        let as_given = args(&["/top/{a,b}"], &["*.{a,b}"]).relative_to("scrub", &trees[0]).unwrap();
        assert_eq!((as_given.include, as_given.exclude), (vec!["/top/{a,b}".to_owned()], vec!["*.{a,b}".to_owned()]));
        let included = args(&[&below("top")], &[]).filters_of_each("hash", &trees).unwrap();
        assert!(!included.below(trees[1].as_bytes()).wants_path(b"top/f"), "the glob is not about this directory");
    }

    #[test]
    fn other_globs_with_a_slash_at_their_beginning_are_anchored_in_each_directory() {
        let (_dir, trees) = two_trees();
        for glob in ["/top", "/top/", "/no-such-name-anywhere", "/t*", "/{top,y}"] {
            let filters = args(&[], &[glob]).filters_of_each("hash", &trees).unwrap();
            for tree in &trees {
                assert_eq!(filters.below(tree.as_bytes()).wants_path(b"top/f"), glob.starts_with("/no"), "{glob}");
                assert!(filters.below(tree.as_bytes()).wants_path(b"x/top"), "{glob}");
            }
        }
        assert!(args(&[], &["top"]).filters_of_each("hash", &trees).unwrap().directories_per_scan() > 1);
    }

    #[test]
    fn a_glob_that_can_do_nothing_is_refused() {
        let (dir, trees) = two_trees();
        let parent = dir.path().to_str().unwrap();
        for glob in [parent, "/usr/share/doc", "/usr", "/proc/*", "..", "/", "./", "", trees[0].to_str().unwrap()] {
            let refused = args(&[], &[glob]).filters_of_each("hash", &trees).unwrap_err();
            assert!(refused.message.contains(&format!("{glob:?}")), "{}", refused.message);
        }
        let whole = args(&[], &["/usr"]).filters_below("audit", OsStr::new("/")).unwrap();
        assert!(!whole.wants_path(b"usr/x"));
    }

    #[test]
    fn a_manifest_remembers_the_globs_for_the_names_that_it_has() {
        let (dir, trees) = two_trees();
        let absolute = format!("{}/top", trees[1].to_str().unwrap());
        let filters = args(&["*.rs"], &["build/", &absolute]).filters_of_each("hash", &trees[1..]).unwrap();
        let file = dir.path().join("named");
        let remembered = filters.remembered(&[trees[1].clone(), file.clone().into_os_string()]).unwrap();
        let (two, named) = (trees[1].to_str().unwrap(), file.to_str().unwrap());
        assert_eq!(remembered.include, [format!("{two}/**/*.rs"), named.to_owned()]);
        assert_eq!(remembered.exclude, [format!("{two}/**/build/"), absolute]);
        assert!(FilterArgs::default().filters_of_each("hash", &trees).unwrap().remembered(&trees).unwrap().is_empty());
    }
}
