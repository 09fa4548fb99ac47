//! `package-lock.json` of npm, versions 1, 2 and 3 (docs.npmjs.com, "package-lock.json"): the integrity of the tarballs
//! that were installed, not of the files in `node_modules`.
//!
//! A record's name is the tarball's file name: the last segment of `resolved`, or `NAME-VERSION.tgz`, as registries have
//! it, where npm was told to leave `resolved` out. Links, directories and entries without integrity (git, bundled) are
//! no tarballs and left out. Two packages of different scopes may have tarballs of one name: then the name is kept
//! without digests, because it does not tell which one a file is.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::json::{self, Map, has_key};
use super::{DocumentError, claims, file_name, sri};
use crate::manifest::record::Record;

/// The names of such a file.
const FILE_NAMES: [&[u8]; 3] = [b"package-lock.json", b"npm-shrinkwrap.json", b".package-lock.json"];

#[derive(Deserialize)]
struct Lock<'a> {
    #[serde(rename = "lockfileVersion")]
    _version: u32,
    /// Versions 2 and 3, by their place in the tree.
    #[serde(borrow, default)]
    packages: Option<Map<'a, Package<'a>>>,
    /// Versions 1 and 2, by their name.
    #[serde(borrow, default)]
    dependencies: Option<Map<'a, Package<'a>>>,
}

#[derive(Deserialize)]
struct Package<'a> {
    /// The real name of an alias; only in `packages`.
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    version: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    resolved: Option<Resolved<'a>>,
    #[serde(borrow, default)]
    integrity: Option<Cow<'a, str>>,
    #[serde(default)]
    link: bool,
    /// In version 1 the packages below it; in `packages` ranges of versions, which are not read.
    #[serde(borrow, default)]
    dependencies: Option<Map<'a, Nested<'a>>>,
}

/// A URL; `None` for the `false` that npm 6 writes for a bundled package.
struct Resolved<'a>(Option<Cow<'a, str>>);

/// A package; `None` for a range of versions.
struct Nested<'a>(Option<Box<Package<'a>>>);

/// By hand, because serde's untagged enums keep a copy of everything that they try.
impl<'de: 'a, 'a> Deserialize<'de> for Resolved<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Resolved(None))
    }
}

impl<'de: 'a, 'a> Visitor<'de> for Resolved<'a> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a URL")
    }

    fn visit_borrowed_str<E>(self, url: &'de str) -> Result<Self, E> {
        Ok(Self(Some(Cow::Borrowed(url))))
    }

    fn visit_str<E>(self, url: &str) -> Result<Self, E> {
        Ok(Self(Some(Cow::Owned(url.to_owned()))))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Nested<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Nested(None))
    }
}

impl<'de: 'a, 'a> Visitor<'de> for Nested<'a> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a package or a range of versions")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self, A::Error> {
        Package::deserialize(MapAccessDeserializer::new(map)).map(|package| Self(Some(Box::new(package))))
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }
}

/// Whether this is such a file.
pub(in crate::manifest) fn recognises(name: &[u8], head: &[u8]) -> bool {
    let is_object = head.trim_ascii_start().starts_with(b"{");
    is_object && (FILE_NAMES.contains(&file_name(name)) || has_key(head, "lockfileVersion"))
}

/// The tarballs.
///
/// # Errors
/// If it is not such a file.
pub(in crate::manifest) fn read(text: &[u8]) -> Result<Vec<Record>, DocumentError> {
    let lock: Lock<'_> = json::parse(text)?;
    let mut tarballs = Tarballs::default();
    match (lock.packages, lock.dependencies) {
        (Some(packages), _) => {
            for (place, package) in &packages.0 {
                let name = place.rsplit_once("node_modules/").map_or(&**place, |(_, name)| name);
                tarballs.push(package.name.as_deref().unwrap_or(name), package)?;
            }
        }
        (None, Some(dependencies)) => {
            for (name, package) in &dependencies.0 {
                tarballs.push_tree(name, package)?;
            }
        }
        (None, None) => {}
    }
    Ok(tarballs.records)
}

#[derive(Default)]
struct Tarballs {
    records: Vec<Record>,
    /// Where the record of a name is.
    by_name: HashMap<Vec<u8>, usize>,
}

impl Tarballs {
    /// Adds a package of version 1 and those below it. The depth is bounded by that of the JSON.
    fn push_tree(&mut self, name: &str, package: &Package<'_>) -> Result<(), DocumentError> {
        self.push(name, package)?;
        for (name, nested) in package.dependencies.iter().flat_map(|nested| &nested.0) {
            if let Nested(Some(package)) = nested {
                self.push_tree(name, package)?;
            }
        }
        Ok(())
    }

    fn push(&mut self, name: &str, package: &Package<'_>) -> Result<(), DocumentError> {
        let Some(integrity) = package.integrity.as_deref().filter(|_| !package.link) else { return Ok(()) };
        let Some(tarball) = package.tarball(name) else { return Ok(()) };
        let digests = sri::parse(integrity, name)?;
        self.add(Record { name: claims::file_name(&tarball)?, digests, ..Record::default() });
        Ok(())
    }

    fn add(&mut self, record: Record) {
        match self.by_name.get(&record.name) {
            Some(&at) if self.records[at].digests != record.digests => self.records[at].digests.clear(),
            Some(_) => {}
            None => {
                self.by_name.insert(record.name.clone(), self.records.len());
                self.records.push(record);
            }
        }
    }
}

impl Package<'_> {
    /// The file name of its tarball.
    fn tarball(&self, name: &str) -> Option<String> {
        if let Some(Resolved(Some(url))) = &self.resolved {
            let path = url.split(['?', '#']).next().unwrap_or_default();
            return path.rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned);
        }
        let version = self.version.as_deref()?;
        // An alias in version 1: "npm:REAL@VERSION".
        let real = version.strip_prefix("npm:").and_then(|alias| alias.rsplit_once('@'));
        let (name, version) = real.unwrap_or((name, version));
        if version.contains([':', '/']) {
            return None;
        }
        let bare = name.rsplit('/').next().unwrap_or(name);
        Some(format!("{bare}-{version}.tgz"))
    }
}

#[cfg(test)]
mod tests;
