//! The versions of an inventory: their numbers, and what stands in each.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::fault::{Faults, Spec};
use super::node::{Node, is_uri, key, known_keys, member};
use super::paths::{LOGICAL, Paths};
use crate::manifest::documents::json::Map;

const KEYS: [&str; 4] = ["created", "state", "message", "user"];

const USER_KEYS: [&str; 2] = ["name", "address"];

/// The names of the versions, from the first on.
#[derive(Debug, Default)]
pub(super) struct Versions<'n> {
    names: Vec<&'n str>,
    set: HashSet<&'n str>,
}

impl<'n> Versions<'n> {
    /// Checks the names of the versions.
    pub(super) fn read(members: &'n Map<'n, Node<'n>>, spec: Option<Spec>, faults: &mut Faults) -> Self {
        let Some(node) = member(members, "versions") else {
            let code = if spec == Some(Spec::V1_0) { "E041" } else { "E043" };
            faults.add(code, "it has no versions");
            return Self::default();
        };
        let Some(versions) = node.as_object() else {
            faults.add("E044", "versions is not an object");
            return Self::default();
        };
        if versions.0.is_empty() {
            faults.add("E008", "it has no version");
        }
        let mut by_number: HashMap<u64, &str> = HashMap::new();
        for name in versions.0.iter().map(|(name, _)| key(name)) {
            match number(name) {
                None => faults.add("E046", format!("{name:?} is not the name of a version")),
                Some(number) if by_number.insert(number, name).is_some() => {
                    faults.add("E012", format!("version {number} stands twice"));
                }
                Some(_) => {}
            }
        }
        let names = in_sequence(by_number, faults);
        check_padding(&names, faults);
        Self { set: names.iter().copied().collect(), names }
    }

    /// The name of the last one.
    pub(super) fn last(&self) -> Option<&'n str> {
        self.names.last().copied()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.set.contains(name)
    }

    pub(super) fn names(&self) -> &[&'n str] {
        &self.names
    }
}

/// The number of `v3` or `v003`.
fn number(name: &str) -> Option<u64> {
    let digits = name.strip_prefix('v').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok().filter(|&number| number > 0)
}

/// Whether a name looks like that of a version.
pub(super) fn looks_like_version(name: &str) -> bool {
    number(name).is_some()
}

/// The names, from version 1 on, up to the first gap.
fn in_sequence<'n>(by_number: HashMap<u64, &'n str>, faults: &mut Faults) -> Vec<&'n str> {
    let names: Vec<_> = (1..).map_while(|number| by_number.get(&number).copied()).collect();
    match (names.len(), by_number.len()) {
        (0, 1..) => faults.add("E009", "there is no version 1"),
        (some, all) if some < all => faults.add("E010", format!("version {} is missing", some + 1)),
        _ => {}
    }
    names
}

fn check_padding(names: &[&str], faults: &mut Faults) {
    let Some(first) = names.first() else { return };
    let is_padded = first.starts_with("v0");
    if is_padded {
        faults.add("W001", "the numbers of versions have zeros before them");
    }
    for name in names {
        match (is_padded, name.starts_with("v0")) {
            (true, false) => faults.add("E011", format!("{name} does not begin with v0 as {first} does")),
            (true, true) if name.len() != first.len() => {
                faults.add("E012", format!("{name} is not as long as {first}"))
            }
            (false, true) => faults.add("E012", format!("{name} has a zero and {first} has none")),
            (true, true) | (false, false) => {}
        }
    }
}

/// Checks every version, and returns the digests of their states in lower case. `manifest` has the digests of the
/// manifest as they are written.
pub(super) fn check_all(members: &Map<'_, Node<'_>>, manifest: &HashSet<&str>, faults: &mut Faults) -> HashSet<String> {
    let mut used = HashSet::new();
    let Some(versions) = member(members, "versions").and_then(Node::as_object) else { return used };
    for (name, version) in &versions.0 {
        match version.as_object() {
            Some(version) => check(key(name), version, &mut Context { manifest, used: &mut used, faults }),
            None => faults.add("E047", format!("version {:?} is not an object", key(name))),
        }
    }
    used
}

/// What all versions share.
struct Context<'c> {
    /// The digests of the manifest as they are written.
    manifest: &'c HashSet<&'c str>,
    /// The digests of all states, in lower case.
    used: &'c mut HashSet<String>,
    faults: &'c mut Faults,
}

fn check(name: &str, version: &Map<'_, Node<'_>>, context: &mut Context<'_>) {
    let faults = &mut *context.faults;
    known_keys(version, &KEYS, &format!("version {name:?}"), faults);
    match member(version, "created").map(Node::as_str) {
        None => faults.add("E048", format!("version {name:?} has no created")),
        Some(created) if !created.is_some_and(is_rfc3339) => {
            faults.add("E049", format!("created of version {name:?} is not a time with seconds and zone"));
        }
        Some(_) => {}
    }
    match member(version, "message").map(Node::as_str) {
        None => faults.add("W007", format!("version {name:?} has no message")),
        Some(None) => faults.add("E094", format!("the message of version {name:?} is not a string")),
        Some(Some(_)) => {}
    }
    check_user(name, version, faults);
    match member(version, "state").map(Node::as_object) {
        None => context.faults.add("E048", format!("version {name:?} has no state")),
        Some(None) => context.faults.add("E050", format!("the state of version {name:?} is not an object")),
        Some(Some(state)) => check_state(name, state, context),
    }
}

fn check_user(name: &str, version: &Map<'_, Node<'_>>, faults: &mut Faults) {
    let Some(user) = member(version, "user") else {
        return faults.add("W007", format!("version {name:?} has no user"));
    };
    let Some(user) = user.as_object() else {
        return faults.add("E054", format!("the user of version {name:?} is not an object"));
    };
    known_keys(user, &USER_KEYS, &format!("the user of version {name:?}"), faults);
    if member(user, "name").and_then(Node::as_str).is_none_or(str::is_empty) {
        faults.add("E054", format!("the user of version {name:?} has no name"));
    }
    match member(user, "address").map(Node::as_str) {
        None => faults.add("W008", format!("the user of version {name:?} has no address")),
        Some(address) if !address.is_some_and(is_uri) => {
            faults.add("W009", format!("the address of the user of version {name:?} is not a URI"));
        }
        Some(_) => {}
    }
}

fn check_state(name: &str, state: &Map<'_, Node<'_>>, context: &mut Context<'_>) {
    let Context { manifest, used, faults } = context;
    let (mut paths, mut seen) = (Paths::default(), HashSet::new());
    for (digest, files) in state.0.iter().map(|(digest, files)| (key(digest), files)) {
        if !manifest.contains(digest) {
            faults.add("E050", format!("the digest {digest} of version {name:?} is not in the manifest"));
        }
        if !seen.insert(digest) {
            faults.add("E050", format!("the digest {digest} stands twice in version {name:?}"));
        }
        used.insert(digest.to_ascii_lowercase());
        let Some(files) = files.as_list() else {
            faults.add("E050", format!("the files of the digest {digest} of version {name:?} are not a list"));
            continue;
        };
        for file in files {
            match file.as_str() {
                Some(path) => paths.add(path, &LOGICAL, faults),
                None => faults.add(LOGICAL.type_of, format!("a file of the digest {digest} is not a string")),
            }
        }
    }
    paths.check_conflicts(&LOGICAL, faults);
}

/// Whether this is a time as in RFC 3339: with seconds, and `Z` or an offset of hours and minutes.
fn is_rfc3339(text: &str) -> bool {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00";
    let Some((stamp, rest)) = text.as_bytes().split_at_checked(SHAPE.len()) else { return false };
    let fits = |(byte, shape): (&u8, &u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        b'T' => matches!(byte, b'T' | b't'),
        shape => byte == shape,
    };
    let fraction =
        rest.strip_prefix(b".").map_or(0, |digits| digits.iter().take_while(|byte| byte.is_ascii_digit()).count() + 1);
    let zone = &rest[fraction..];
    let is_offset = |zone: &[u8]| matches!(zone, [b'+' | b'-', hour @ .., b':', m, n] if hour.len() == 2 && hour.iter().chain([m, n]).all(u8::is_ascii_digit));
    stamp.iter().zip(SHAPE).all(fits)
        && fraction != 1
        && (matches!(zone, b"Z" | b"z") || is_offset(zone))
        && text.parse::<Timestamp>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_date_seconds_and_a_zone() {
        for time in ["2018-10-02T12:00:00Z", "2018-10-02t12:00:00.123456789z", "2016-12-31T23:59:60+01:00"] {
            assert!(is_rfc3339(time), "{time}");
        }
        for text in [
            "",
            "2018-10-02",
            "2018-10-02T12:00Z",
            "2018-10-02T12:00:00",
            "2018-10-02 12:00:00Z",
            "2018-13-02T12:00:00Z",
            "2018-10-02T12:00:00.Z",
            "2018-10-02T12:00:00+0100",
            "2018-10-02T12:00:00+01",
            "2018-10-02T12:00:00ZZ",
            "2018-10-02T12:00:0é",
            "+2018-10-02T12:00:00Z",
        ] {
            assert!(!is_rfc3339(text), "{text}");
        }
    }

    #[test]
    fn a_version_is_v_and_a_number_above_0() {
        assert_eq!((number("v1"), number("v0010")), (Some(1), Some(10)));
        for name in ["v0", "v", "1", "V1", "v1a", "v-1", "v+1", "v99999999999999999999"] {
            assert_eq!(number(name), None, "{name}");
        }
    }
}
