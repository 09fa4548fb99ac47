//! The same glob, seen from a directory further up: what `build` means below `trees/one` is `/trees/one/**/build`.

use super::{Filters, GlobInvalid, components};

/// The globs that match below `path` what `glob` matches relative to it. A glob with braces becomes several. Components
/// of `path` that are empty or `.` do not count.
pub(crate) fn seen_from_above(path: &[u8], glob: &str) -> Result<Vec<String>, GlobInvalid> {
    let path = literal(path);
    Ok(Filters::alternatives(glob)?.iter().map(|glob| one_seen_from_above(&path, glob)).collect())
}

/// A glob that matches this path alone.
#[must_use]
pub fn literal(path: &[u8]) -> String {
    components(path).map(|name| format!("/{}", escaped(name))).collect()
}

fn one_seen_from_above(path: &str, glob: &str) -> String {
    let components: Vec<&str> = glob.split('/').collect();
    let is_unnamed = |component: &str| matches!(component, "" | ".");
    let named: Vec<&str> = components.iter().copied().filter(|component| !is_unnamed(component)).collect();
    let end = if components.len() > 1 && components.last().is_some_and(|last| is_unnamed(last)) { "/" } else { "" };
    match named[..] {
        [name] if !glob.starts_with('/') && path.is_empty() => format!("{name}{end}"),
        [name] if !glob.starts_with('/') => format!("{path}/**/{name}{end}"),
        _ => format!("{path}/{}{end}", named.join("/")),
    }
}

fn escaped(name: &[u8]) -> String {
    if name == b".." {
        // In a glob it would be refused, and here it is part of a name.
        return "[.].".to_owned();
    }
    let mut glob = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for letter in chunk.valid().chars() {
            if r"*?[]\{},!".contains(letter) {
                glob.push('\\');
            }
            glob.push(letter);
        }
        // A glob is text. This matches any byte in the place of one that text cannot hold.
        glob.extend(chunk.invalid().iter().map(|_| '?'));
    }
    glob
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::{Inventory, Target, WalkSpec};

    #[test]
    fn a_glob_matches_below_a_path_what_it_matched_relative_to_it() {
        let paths: [&[u8]; 8] = [b".", b"d", b"./d//e/", b"/srv/a", b"../up", b"we[ir]d*{a,b}", b"caf\xe9", b"!x\\"];
        let names: [&[u8]; 8] = [b"a", b"x/a", b"x/y", b"a/x", b"b", b"src/a.rs", b"z/src/a.rs", b"x/src/b/c"];
        for glob in ["a", "a/", "/a", "./a", "x/a", "x/", "src/*.rs", "**/src", "{/b,src/b,y}", "[ax]/*", "x/**/c"] {
            let relative = Filters::new(&[], &[glob.to_owned()]).unwrap();
            for path in paths {
                let above = Filters::new(&[], &seen_from_above(path, glob).unwrap()).unwrap();
                for name in names {
                    let whole = [path, b"/", name].concat();
                    assert_eq!(above.wants_path(&whole), relative.wants_path(name), "{glob} {}", whole.escape_ascii());
                    let within = above.clone().within(path);
                    assert_eq!(within.wants_path(name), relative.wants_path(name), "{glob} {}", whole.escape_ascii());
                }
            }
        }
    }

    #[test]
    fn a_walk_that_begins_further_down_compares_whole_paths() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["build/a", "x/build/a", "x/b"] {
            std::fs::create_dir_all(dir.path().join(name).parent().unwrap()).unwrap();
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let wanted = |include: &[&str], exclude: &[&str]| {
            let owned = |globs: &[&str]| globs.iter().map(|&glob| glob.to_owned()).collect::<Vec<_>>();
            let filters = Filters::new(&owned(include), &owned(exclude)).unwrap().within(b"./tree/one/");
            let targets = vec![Target::directory(dir.path()).unwrap()];
            let found = Inventory::of_walk(WalkSpec { filters, ..WalkSpec::new(targets) });
            found.names.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(wanted(&[], &["/tree/one/build"]), ["x/b", "x/build/a"]);
        assert_eq!(wanted(&[], &["/build", "x/"]), ["build/a"]);
        assert_eq!(wanted(&["tree/*"], &["b"]), ["build/a", "x/build/a"]);
        assert_eq!(wanted(&["tree/two", "/x"], &[]), Vec::<String>::new());
    }

    #[test]
    fn a_literal_path_matches_itself_alone() {
        let only = Filters::new(&[literal(b"./we[ir]d*/a,b")], &[]).unwrap();
        assert!(only.wants_path(b"we[ir]d*/a,b") && !only.wants_path(b"weid/a,b") && !only.wants_path(b"x"));
    }
}
