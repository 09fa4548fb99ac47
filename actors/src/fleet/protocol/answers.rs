//! What a node says of itself, and how the coordinator welcomes it: in JSON, which programs of any version can read.
//!
//! A member that is not known is ignored. Both sides say which versions of the protocol they speak, so that a program
//! that is too old or too new is refused in words and not by silence.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::names::{NodeName, is_root_name};
use super::reading::{MAX_READING, Reading};
use super::wire::{Malformed, Versions};

/// Roots of one node, at most.
pub(crate) const MAX_ROOTS: usize = 256;

/// The longest JSON of this module.
const MAX_JSON_BYTES: usize = 128 << 10;

/// What a node says of itself, again and again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Announcement {
    pub(crate) protocol: Versions,
    /// Of the program.
    pub(crate) version: String,
    pub(crate) node: NodeName,
    /// A random number of the process: of two with one name, the one that came last counts.
    pub(crate) session: u64,
    pub(crate) roots: Vec<OfferedRoot>,
    pub(crate) figures: NodeFigures,
}

/// A directory that a node offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OfferedRoot {
    pub(crate) name: String,
    /// Whether other nodes see the same files under this name.
    pub(crate) pool: bool,
    /// The kind of its file system, in words.
    pub(crate) filesystem: String,
}

/// What a node is at.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct NodeFigures {
    pub(crate) hashers: u32,
    pub(crate) hashers_busy: u32,
    pub(crate) bytes_hashed: u64,
    pub(crate) files_hashed: u64,
    /// The node's clock.
    pub(crate) at: Timestamp,
    /// It takes no more work.
    pub(crate) draining: bool,
    /// The works that it is at.
    #[serde(default)]
    pub(crate) reading: Vec<Reading>,
}

/// The coordinator's answer to a node that says what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Welcome {
    pub(crate) protocol: Versions,
    /// Why the node is not taken; none if it is.
    #[serde(default)]
    pub(crate) refused: Option<String>,
    /// Sentences about roots that are not taken.
    #[serde(default)]
    pub(crate) roots_refused: Vec<String>,
    /// How long an announcement lasts.
    pub(crate) announcement_ms: u64,
    /// How long a work may be without a sign before another node gets it.
    pub(crate) ack_wait_ms: u64,
}

impl Announcement {
    /// Reads an announcement, and checks it.
    ///
    /// # Errors
    /// Why it is none.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let read: Self = json(bytes)?;
        if read.roots.len() > MAX_ROOTS {
            return Err(Malformed::Rule("it has too many roots"));
        }
        let reading = &read.figures.reading;
        if reading.len() > MAX_READING || !reading.iter().all(Reading::is_short) {
            return Err(Malformed::Rule("it is at too many works, or names too long a directory"));
        }
        let is_good = |root: &OfferedRoot| is_root_name(&root.name) && is_short(&root.filesystem);
        if !(read.roots.iter().all(is_good) && is_short(&read.version)) {
            return Err(Malformed::Rule("a name in it is none"));
        }
        let mut names: Vec<_> = read.roots.iter().map(|root| &root.name).collect();
        names.sort_unstable();
        match names.is_sorted_by(|one, next| one < next) {
            true => Ok(read),
            false => Err(Malformed::Rule("two of its roots have one name")),
        }
    }
}

impl Welcome {
    /// Reads a welcome.
    ///
    /// # Errors
    /// Why it is none.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let read: Self = json(bytes)?;
        let hour = 1..=3_600_000;
        match hour.contains(&read.announcement_ms) && hour.contains(&read.ack_wait_ms) {
            true => Ok(read),
            false => Err(Malformed::Rule("its times are not between 1 ms and an hour")),
        }
    }
}

/// The JSON of an announcement or a welcome.
pub(crate) fn to_json(value: &impl Serialize) -> bytes::Bytes {
    serde_json::to_vec(value).expect("all keys are strings").into()
}

fn is_short(text: &str) -> bool {
    text.len() <= 64 && !text.chars().any(char::is_control)
}

fn json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Malformed> {
    if bytes.len() > MAX_JSON_BYTES {
        return Err(Malformed::TooLong);
    }
    serde_json::from_slice(bytes).map_err(|_| Malformed::Content)
}

#[cfg(test)]
mod tests {
    use super::super::names::root_id;
    use super::*;

    fn announcement(roots: &[&str]) -> Announcement {
        let root = |name: &&str| OfferedRoot { name: (*name).to_owned(), pool: false, filesystem: "xfs".to_owned() };
        Announcement {
            protocol: Versions::OURS,
            version: "0.1.0".to_owned(),
            node: "node1".parse().unwrap(),
            session: 7,
            roots: roots.iter().map(root).collect(),
            figures: NodeFigures::default(),
        }
    }

    #[test]
    fn an_announcement_comes_back_as_it_was_and_a_later_member_is_ignored() {
        let said = announcement(&["music", "photos"]);
        assert_eq!(Announcement::read(&to_json(&said)), Ok(said.clone()));
        let mut json = serde_json::to_value(&said).unwrap();
        json["later"] = true.into();
        assert_eq!(Announcement::read(json.to_string().as_bytes()), Ok(said));
    }

    #[test]
    fn an_announcement_with_names_that_are_none_is_refused() {
        for roots in [&["a@b"][..], &["a", "a"], &[""], &["x/y"]] {
            assert!(Announcement::read(&to_json(&announcement(roots))).is_err(), "{roots:?}");
        }
        let many: Vec<_> = (0..=MAX_ROOTS).map(|number| number.to_string()).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        assert!(Announcement::read(&to_json(&announcement(&many))).is_err());
        assert!(Announcement::read(&to_json(&announcement(&many[1..]))).is_ok());
        for bytes in [&b""[..], b"{}", b"[1]", b"\xff", &[b' '; MAX_JSON_BYTES + 1]] {
            assert!(Announcement::read(bytes).is_err());
        }
    }

    #[test]
    fn a_node_is_at_a_bounded_number_of_works_in_bounded_directories_and_an_earlier_one_says_none() {
        let at = |directory: &str| Reading::new([1; 16], root_id("photos", None), directory.into());
        let mut said = announcement(&["photos"]);
        said.figures.reading = vec![at("2026"); MAX_READING];
        assert_eq!(Announcement::read(&to_json(&said)), Ok(said.clone()));
        said.figures.reading.push(at("2026"));
        assert!(Announcement::read(&to_json(&said)).is_err());
        let mut json = serde_json::to_value(announcement(&["photos"])).unwrap();
        json["figures"].as_object_mut().unwrap().remove("reading");
        assert_eq!(Announcement::read(json.to_string().as_bytes()), Ok(announcement(&["photos"])));
        for path in ["../a".to_owned(), "/etc".to_owned(), vec!["x".repeat(200); 3].join("/")] {
            json["figures"]["reading"] = serde_json::json!([{ "job": vec![1; 16], "root": vec![0; 8], "path": path }]);
            assert!(Announcement::read(json.to_string().as_bytes()).is_err(), "{path}");
        }
    }

    #[test]
    fn a_welcome_with_strange_times_is_refused() {
        let welcome = |ack_wait_ms| Welcome {
            protocol: Versions::OURS,
            refused: None,
            roots_refused: Vec::new(),
            announcement_ms: 10_000,
            ack_wait_ms,
        };
        assert_eq!(Welcome::read(&to_json(&welcome(30_000))), Ok(welcome(30_000)));
        assert!(Welcome::read(&to_json(&welcome(0))).is_err());
        assert!(Welcome::read(&to_json(&welcome(u64::MAX))).is_err());
    }
}
