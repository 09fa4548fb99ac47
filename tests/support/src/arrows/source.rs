//! Source files as the arrow test sees them: the paths they name, without comments, strings and test modules.

use std::path::Path;

/// One source file.
#[derive(Debug)]
pub(super) struct File {
    /// Relative to the sources' directory, with `/`.
    pub(super) path: String,
    /// The module it is, below the crate: `["store", "pages"]`.
    pub(super) module: Vec<String>,
    /// Paths that it names, from the crate's root on.
    pub(super) named: Vec<Vec<String>>,
    /// What it shows of its own modules: the name, and the path behind it.
    pub(super) shown: Vec<(String, Vec<String>)>,
}

impl File {
    pub(super) fn parse(path: &str, text: &str) -> Self {
        let module = module_of(path);
        let text = without_tests(&without_comments_and_strings(text));
        let (mut named, mut shown) = (Vec::new(), Vec::new());
        let mut rest = String::new();
        for statement in text.split_inclusive(';') {
            let Some((before, public, tree)) = use_of(statement) else {
                rest.push_str(statement);
                continue;
            };
            rest.push_str(before);
            for leaf in leaves(tree) {
                let Some(leaf) = from_crate(&leaf, &module) else { continue };
                match (public, leaf.starts_with(&module), leaf.last()) {
                    (true, true, Some(name)) => shown.push((name.clone(), leaf.clone())),
                    _ => named.push(leaf),
                }
            }
        }
        named.extend(inline_paths(&rest, &module));
        Self { path: path.to_owned(), module, named, shown }
    }
}

/// Every file below a directory that is not a test.
pub(super) fn read(root: &Path) -> Vec<File> {
    let mut files = Vec::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            if ["tests", "testing", "laws"].contains(&&*name) {
                continue;
            }
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let relative = path.strip_prefix(root).unwrap().to_str().unwrap();
                files.push(File::parse(relative, &std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

fn module_of(path: &str) -> Vec<String> {
    let mut module: Vec<String> = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| ["mod", "lib", "main"].contains(&&**last)) {
        module.pop();
    }
    module
}

/// A raw string counts as a string without escapes; a quote in it would end it early, and sources have none such.
fn without_comments_and_strings(text: &str) -> String {
    let mut kept = String::new();
    for line in text.lines() {
        let mut in_string = false;
        let mut chars = line.chars().peekable();
        while let Some(char) = chars.next() {
            match char {
                '\\' if in_string => drop(chars.next()),
                '"' => in_string = !in_string,
                '/' if !in_string && chars.peek() == Some(&'/') => break,
                _ if in_string => {}
                char => kept.push(char),
            }
        }
        kept.push('\n');
    }
    kept
}

/// Cut before the first module, function or import that only tests have at the top level.
fn without_tests(text: &str) -> String {
    let kept = text.lines().take_while(|line| *line != "#[cfg(test)]");
    let rest = text.lines().skip_while(|line| *line != "#[cfg(test)]");
    // `#[cfg(test)]` before `mod x;` or a `use` belongs to that line alone; before a block it opens the tests.
    let mut rest = rest.skip(1);
    let alone = rest.next().is_some_and(|line| line.trim_end().ends_with(';'));
    let mut text: String = kept.flat_map(|line| [line, "\n"]).collect();
    if alone {
        let after: String = rest.flat_map(|line| [line, "\n"]).collect();
        text.push_str(&without_tests(&after));
    }
    text
}

/// The parts of a statement that ends with a `use`: what stands before it, whether it is public, and its tree.
fn use_of(statement: &str) -> Option<(&str, bool, &str)> {
    let at = statement.match_indices("use ").map(|(at, _)| at).filter(|&at| {
        let before = statement[..at].trim_end_matches([' ', '\t']);
        before.is_empty()
            || before.ends_with(['\n', '}', ')', ';'])
            || before.ends_with("pub")
            || before.ends_with("pub(crate)")
            || before.ends_with("pub(super)")
    });
    let at = at.last()?;
    let before = &statement[..at];
    let line = before.rsplit('\n').next().unwrap_or_default();
    let public = line.trim_start().starts_with("pub");
    let tree = statement[at + 4..].trim().trim_end_matches(';');
    Some((&before[..before.len() - line.len()], public, tree))
}

/// `a::{b, c::{d, e}}` as `a::b`, `a::c::d`, `a::c::e`.
fn leaves(tree: &str) -> Vec<Vec<String>> {
    let tree = tree.split(" as ").next().filter(|_| !tree.contains('{')).unwrap_or(tree).trim();
    let Some((head, inner)) = tree.split_once('{') else {
        return vec![tree.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()];
    };
    let head: Vec<_> = head.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect();
    let inner = inner.trim_end().trim_end_matches('}');
    let of_part = |part: &str| leaves(part).into_iter().map(|leaf| head.iter().cloned().chain(leaf).collect());
    parts(inner).into_iter().filter(|part| !part.trim().is_empty()).flat_map(of_part).collect()
}

/// Split at the commas outside of braces.
fn parts(inner: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, char) in inner.char_indices() {
        match char {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    parts
}

/// The path from the crate's root on, where it is one of this crate.
fn from_crate(path: &[String], module: &[String]) -> Option<Vec<String>> {
    match path.first().map(String::as_str)? {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some(module.iter().chain(&path[1..]).cloned().collect()),
        "super" => {
            let ups = path.iter().take_while(|part| *part == "super").count();
            let parent = module.get(..module.len().checked_sub(ups)?)?;
            Some(parent.iter().chain(&path[ups..]).cloned().collect())
        }
        // `mod x; pub use x::Y;`: relative to the module itself, or of another crate.
        _ => Some(module.iter().chain(path).cloned().collect()),
    }
}

/// Paths outside of `use` that begin with `crate::` or `super::`.
fn inline_paths(text: &str, module: &[String]) -> Vec<Vec<String>> {
    // `pub(in crate::room)` is no import.
    let text = text.replace("(in crate::", "(in ");
    let is_part = |char: char| char.is_alphanumeric() || char == '_' || char == ':';
    let words = text.split(|char| !is_part(char)).filter(|word| word.contains("::"));
    let paths = words.map(|word| word.split("::").map(str::to_owned).collect::<Vec<_>>());
    let own = paths.filter(|path| ["crate", "super"].contains(&&*path[0]));
    own.filter_map(|path| from_crate(&path, module)).collect()
}
