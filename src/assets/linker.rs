//! Joins the page's ES modules into one script: each module is a function that returns its exports, dependencies first.
//!
//! It knows the forms that our modules use and fails on every other `import` or `export`, on a name that a module does
//! not export, and on a circle; so what is joined means the same as the modules. A module keeps its lines and function
//! names, and its wrapper is named after its file, so that an error trace says where it was. It does not parse
//! JavaScript: a statement of a module begins at the first column of its line and ends with a semicolon. The build
//! script runs it too, on the sources alone, so it uses nothing but the standard library.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Write};

/// Why the modules cannot be joined: the file, its line counted from 1 (0: the whole file), and the reason.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LinkError {
    file: String,
    line: usize,
    why: String,
}

impl Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.why)
    }
}

impl std::error::Error for LinkError {}

/// Reads a module by its path below `static/`.
pub(crate) type Read<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The script of the module at `entry` and of all that it imports. Only the entry may wait at its top level.
pub(crate) fn link(entry: &str, read: Read<'_>) -> Result<String, LinkError> {
    let mut linker = Linker { read, entry, open: Vec::new(), exports: BTreeMap::new(), script: String::new() };
    linker.add(entry, &Place { file: entry, line: 0 })?;
    Ok(linker.script)
}

/// Where a statement stands, for errors.
struct Place<'a> {
    file: &'a str,
    line: usize,
}

impl Place<'_> {
    fn error(&self, why: impl Into<String>) -> LinkError {
        LinkError { file: self.file.to_owned(), line: self.line, why: why.into() }
    }
}

struct Linker<'a> {
    read: Read<'a>,
    entry: &'a str,
    /// The modules that are being read, each imported by the one before: what finds a circle.
    open: Vec<String>,
    /// The modules that are in the script, and what each exports.
    exports: BTreeMap<String, BTreeSet<String>>,
    script: String,
}

/// What is gathered of one module.
#[derive(Default)]
struct Module {
    /// What goes before the body: a declaration for each import.
    head: String,
    body: String,
    /// The properties of the object that the module returns.
    returns: Vec<String>,
    names: BTreeSet<String>,
}

impl Linker<'_> {
    fn add(&mut self, file: &str, from: &Place<'_>) -> Result<(), LinkError> {
        if self.exports.contains_key(file) {
            return Ok(());
        }
        if self.open.iter().any(|open| open == file) {
            return Err(from.error(format!("{file} imports this file, directly or through others")));
        }
        let text = (self.read)(file).ok_or_else(|| from.error(format!("there is no {file}")))?;
        self.open.push(file.to_owned());
        let module = self.read_module(file, &text)?;
        self.open.pop();
        self.write(file, &module);
        self.exports.insert(file.to_owned(), module.names);
        Ok(())
    }

    fn read_module(&mut self, file: &str, text: &str) -> Result<Module, LinkError> {
        let mut module = Module::default();
        let mut lines = text.lines().enumerate();
        while let Some((index, line)) = lines.next() {
            let place = Place { file, line: index + 1 };
            let Some(keyword) = keyword_of(line) else {
                self.check_plain(line, &place)?;
                module.body.push_str(line);
                module.body.push('\n');
                continue;
            };
            if let Some(declared) = declaration(line) {
                let name = declared_name(declared).ok_or_else(|| place.error(UNKNOWN))?;
                export(&mut module, name, name, &place)?;
                module.body.push_str(declared);
                module.body.push('\n');
                continue;
            }
            let mut statement = line.to_owned();
            module.body.push('\n');
            while !statement.trim_end().ends_with(';') {
                let (_, more) = lines.next().ok_or_else(|| place.error("the statement has no end"))?;
                statement.push_str(more);
                module.body.push('\n');
            }
            match keyword {
                Keyword::Import => self.import(&mut module, &statement, &place)?,
                Keyword::Export => self.export_list(&mut module, &statement, &place)?,
            }
        }
        Ok(module)
    }

    /// Refuses what would mean something else inside a function.
    fn check_plain(&self, line: &str, place: &Place<'_>) -> Result<(), LinkError> {
        if line.contains("import(") || line.contains("import.meta") {
            return Err(place.error("import() and import.meta are not known here: import at the top of the file"));
        }
        if keyword_of(line.trim_start()).is_some() {
            return Err(place.error("an import or export begins at the first column"));
        }
        if place.file != self.entry && line.starts_with("await ") {
            return Err(place.error("only the first module may wait at its top level"));
        }
        Ok(())
    }

    fn import(&mut self, module: &mut Module, statement: &str, place: &Place<'_>) -> Result<(), LinkError> {
        let (what, path) = parts(statement, "import").ok_or_else(|| place.error(UNKNOWN))?;
        let from = self.depend(path, place)?;
        if what.is_empty() {
            return Ok(());
        }
        if let Some(name) = what.strip_prefix("* as ") {
            let name = identifier(name).ok_or_else(|| place.error(UNKNOWN))?;
            let _ = write!(module.head, "const {name} = {};", object_of(&from));
            return Ok(());
        }
        let names = list(what).ok_or_else(|| place.error(UNKNOWN))?;
        let mut taken = Vec::new();
        for (name, alias) in names {
            self.check_exported(&from, name, place)?;
            taken.push(if name == alias { name.to_owned() } else { format!("{name}: {alias}") });
        }
        let _ = write!(module.head, "const {{ {} }} = {};", taken.join(", "), object_of(&from));
        Ok(())
    }

    /// `export * from 'x';`, `export { a, b as c } from 'x';` and `export { a };`.
    fn export_list(&mut self, module: &mut Module, statement: &str, place: &Place<'_>) -> Result<(), LinkError> {
        if let Some(own) = statement.strip_prefix("export ").and_then(|rest| list(rest.trim_end_matches(';'))) {
            return own.into_iter().try_for_each(|(name, alias)| export(module, alias, name, place));
        }
        let (what, path) = parts(statement, "export").ok_or_else(|| place.error(UNKNOWN))?;
        let from = self.depend(path, place)?;
        let all = self.exports.get(&from).cloned().unwrap_or_default();
        let names = match what {
            "*" => all.iter().map(|name| (name.as_str(), name.as_str())).collect(),
            _ => list(what).ok_or_else(|| place.error(UNKNOWN))?,
        };
        for (name, alias) in names {
            self.check_exported(&from, name, place)?;
            export(module, alias, &format!("{}.{name}", object_of(&from)), place)?;
        }
        Ok(())
    }

    /// Adds the module that `place` names by a relative path. Its path below `static/`.
    fn depend(&mut self, path: &str, place: &Place<'_>) -> Result<String, LinkError> {
        let path = resolve(place.file, path).ok_or_else(|| place.error(format!("{path} is not a relative path")))?;
        self.add(&path, place)?;
        Ok(path)
    }

    fn check_exported(&self, from: &str, name: &str, place: &Place<'_>) -> Result<(), LinkError> {
        let known = self.exports.get(from).is_some_and(|names| names.contains(name));
        if known { Ok(()) } else { Err(place.error(format!("{from} does not export {name}"))) }
    }

    fn write(&mut self, file: &str, module: &Module) {
        let (name, head, body) = (function_of(file), &module.head, &module.body);
        let _ = if file == self.entry {
            write!(self.script, "(async function {name}() {{{head} // {file}\n{body}}})();\n")
        } else {
            let (object, returns) = (object_of(file), module.returns.join(", "));
            write!(
                self.script,
                "const {object} = (function {name}() {{{head} // {file}\n{body}return {{ {returns} }};\n}})();\n"
            )
        };
    }
}

const UNKNOWN: &str = "this form of import or export is not known to the linker";

enum Keyword {
    Import,
    Export,
}

fn keyword_of(line: &str) -> Option<Keyword> {
    let is = |word: &str| line.strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', '{', '*', '\'', '"']));
    match () {
        () if is("import") => Some(Keyword::Import),
        () if is("export") => Some(Keyword::Export),
        () => None,
    }
}

/// The declaration after `export`, where there is one: no list, and no `from`.
fn declaration(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("export ")?;
    (!rest.starts_with(['{', '*'])).then_some(rest)
}

/// The name that a declaration binds for good: a `let` could change after it was handed out.
fn declared_name(declared: &str) -> Option<&str> {
    let rest = ["const ", "function* ", "function ", "async function* ", "async function ", "class "]
        .iter()
        .find_map(|kind| declared.strip_prefix(kind))?;
    let end = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
    identifier(&rest[..end])
}

fn export(module: &mut Module, name: &str, value: &str, place: &Place<'_>) -> Result<(), LinkError> {
    if !module.names.insert(name.to_owned()) {
        return Err(place.error(format!("{name} is exported twice")));
    }
    module.returns.push(if name == value { name.to_owned() } else { format!("{name}: {value}") });
    Ok(())
}

/// What is imported or exported, and the path: `* as x` and `./y.js` of `import * as x from './y.js';`.
fn parts<'a>(statement: &'a str, keyword: &str) -> Option<(&'a str, &'a str)> {
    let rest = statement.strip_prefix(keyword)?.trim().strip_suffix("';")?;
    let (before, path) = rest.split_once('\'')?;
    let before = before.trim();
    let what = if before.is_empty() { before } else { before.strip_suffix("from")?.trim_end() };
    (!path.contains('\'')).then_some((what, path))
}

/// The names of `{ a, b as c }`, each with its name on the other side.
fn list(text: &str) -> Option<Vec<(&str, &str)>> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let inner = inner.trim().trim_end_matches(',');
    inner
        .split(',')
        .map(|item| {
            let (name, alias) = item.split_once(" as ").unwrap_or((item, item));
            Some((identifier(name.trim())?, identifier(alias.trim())?))
        })
        .collect()
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn identifier(text: &str) -> Option<&str> {
    let plain = text.chars().all(is_part) && text.starts_with(|c: char| !c.is_ascii_digit());
    (plain && text != "default").then_some(text)
}

/// `../kernel.js`, as `views/hash.js` names it, is `kernel.js`.
fn resolve(file: &str, path: &str) -> Option<String> {
    if !path.starts_with("./") && !path.starts_with("../") {
        return None;
    }
    let mut components: Vec<&str> = file.split('/').collect();
    components.pop();
    for component in path.split('/') {
        match component {
            "." => {}
            ".." => drop(components.pop()?),
            name => components.push(name),
        }
    }
    Some(components.join("/"))
}

/// `views/hash-rows.js` is the function `views_hash_rows`.
fn function_of(file: &str) -> String {
    file.trim_end_matches(".js").chars().map(|c| if is_part(c) { c } else { '_' }).collect()
}

/// The variable with a module's exports. No name in our modules begins with a dollar sign.
fn object_of(file: &str) -> String {
    format!("${}", function_of(file))
}
