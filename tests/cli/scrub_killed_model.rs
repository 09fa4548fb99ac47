//! What must come out of scrubs of a tree that nobody writes to meanwhile, whatever is killed.
//!
//! What an event is follows from what is known of a file and from what is on the disk, and the same event cannot follow
//! twice. So the model takes events in their order, each of them once, and knows from them what the store knows. It was
//! written from what the documentation says of a collection whose files should not change, and uses no code of hivesum.

use std::collections::BTreeMap;

/// A file on the disk: the number of its content, and when it was written or moved last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) content: u64,
    pub(crate) stamp: u64,
}

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) condition: &'static str,
    pub(crate) expected: Version,
    pub(crate) found: Option<Version>,
    pub(crate) is_acknowledged: bool,
}

impl Known {
    fn new(condition: &'static str, expected: Version) -> Self {
        Self { condition, expected, found: None, is_acknowledged: false }
    }

    /// Whether somebody is to look at it.
    pub(crate) fn is_open(&self) -> bool {
        self.condition != "ok" && !self.is_acknowledged
    }
}

/// A line of `hivesum collections events`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Happened {
    pub(crate) number: u64,
    pub(crate) kind: String,
    pub(crate) path: String,
    pub(crate) detail: String,
}

impl Happened {
    pub(crate) fn read(line: &str) -> Self {
        let [number, _, kind, path, detail]: [&str; 5] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let [kind, path, detail] = [kind, path, detail].map(str::to_owned);
        Self { number: number.parse().unwrap(), kind, path, detail }
    }

    /// Whether sinks are told of it.
    pub(crate) fn is_told(&self) -> bool {
        ["new", "modified", "moved", "missing"].contains(&self.kind.as_str())
    }
}

/// A tree, and what the store has to know of it.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) disk: BTreeMap<String, Version>,
    pub(crate) known: BTreeMap<String, Known>,
    pub(crate) events: Vec<Happened>,
    /// People may have spoken beside a scrub from this event on.
    said_since: usize,
}

impl Model {
    /// The first reading takes every file as it is.
    pub(crate) fn baseline(&mut self) {
        self.known = self.disk.iter().map(|(path, version)| (path.clone(), Known::new("ok", *version))).collect();
    }

    /// Takes all events of the store: those of before are as they were, and the others follow.
    ///
    /// # Panics
    /// Where an event is lost, changed, told twice, or does not follow from what is on the disk.
    pub(crate) fn take(&mut self, all: Vec<Happened>) {
        let (before, new) = all.split_at(self.events.len().min(all.len()));
        assert!(before == self.events, "an event is lost or changed");
        self.said_since = before.len();
        for event in new {
            assert_eq!(event.number, self.events.len() as u64 + 1, "numbers have no gap: {event:?}");
            self.happen(event);
            self.events.push(event.clone());
        }
    }

    fn happen(&mut self, event: &Happened) {
        let path = &event.path;
        let after = match event.kind.as_str() {
            "accepted" => self.accepted(event),
            "acknowledged" => self.acknowledged(event),
            "moved" => self.moved(event),
            kind => {
                let news = self.news(path).unwrap_or_else(|| panic!("nothing has happened: {event:?}"));
                assert_eq!(news.0, kind, "{event:?}");
                let other = match kind {
                    "new" => self.left_with(self.disk[path].content),
                    "missing" => self.come_with(self.known[path].expected.content),
                    _ => None,
                };
                assert_eq!(other, None, "it was moved: {event:?}");
                Some(news.1)
            }
        };
        match after {
            Some(after) => drop(self.known.insert(path.clone(), after)),
            None => drop(self.known.remove(path)),
        }
    }

    /// What a look at a file has to tell, and what is known from then on.
    fn news(&self, path: &str) -> Option<(&'static str, Known)> {
        let (known, now) = match (self.known.get(path), self.disk.get(path)) {
            (None, None) => return None,
            (None, Some(now)) => return Some(("new", Known::new("new", *now))),
            (Some(known), None) => {
                let missing = ("missing", Known::new("missing", known.expected));
                return (known.condition != "missing").then_some(missing);
            }
            (Some(known), Some(now)) => (known, *now),
        };
        let is_as_expected = known.expected.content == now.content;
        let touched = |before: Version, after: Known| (before.stamp != now.stamp).then_some(("touched", after));
        match (known.condition, known.found) {
            ("ok" | "new" | "moved", _) if is_as_expected => {
                touched(known.expected, Known { expected: now, ..known.clone() })
            }
            _ if is_as_expected => Some(("restored", Known::new("ok", now))),
            (_, Some(found)) if found.content == now.content => {
                touched(found, Known { found: Some(now), ..known.clone() })
            }
            ("new", _) => Some(("modified", Known::new("new", now))),
            _ => Some(("modified", Known { found: Some(now), ..Known::new("modified", known.expected) })),
        }
    }

    /// A known file that is gone and should have this content.
    fn left_with(&self, content: u64) -> Option<&String> {
        let is_left = |(path, known): &(&String, &Known)| {
            known.expected.content == content && !self.disk.contains_key(path.as_str()) && !self.is_just_accepted(path)
        };
        self.known.iter().find(is_left).map(|(path, _)| path)
    }

    /// A file that nothing is known of and has this content.
    fn come_with(&self, content: u64) -> Option<&String> {
        let has_come = |(path, now): &(&String, &Version)| {
            now.content == content && !self.known.contains_key(path.as_str()) && !self.is_just_accepted(path)
        };
        self.disk.iter().find(has_come).map(|(path, _)| path)
    }

    /// Whether somebody has accepted a file beside a scrub, which may have looked at what was known of it before.
    fn is_just_accepted(&self, path: &str) -> bool {
        self.events[self.said_since..].iter().any(|event| event.path == path && event.kind == "accepted")
    }

    fn moved(&mut self, event: &Happened) -> Option<Known> {
        let from = event.detail.strip_prefix("from ").unwrap();
        let before = self.known.remove(from).unwrap_or_else(|| panic!("nothing is known of {from}: {event:?}"));
        let now = self.disk[&event.path];
        let is_free = !self.known.contains_key(&event.path) && !self.disk.contains_key(from);
        assert!(is_free && before.expected.content == now.content, "{event:?}: {before:?}");
        Some(Known::new("moved", now))
    }

    fn accepted(&self, event: &Happened) -> Option<Known> {
        let before = &self.known[&event.path];
        assert_ne!(before.condition, "ok", "{event:?}");
        let is_kept = before.condition != "missing";
        is_kept.then(|| Known::new("ok", before.found.unwrap_or(before.expected)))
    }

    fn acknowledged(&self, event: &Happened) -> Option<Known> {
        let before = &self.known[&event.path];
        assert!(before.is_open(), "{event:?}: {before:?}");
        Some(Known { is_acknowledged: true, ..before.clone() })
    }

    /// Asserts that a whole pass has told everything.
    pub(crate) fn assert_settled(&self) {
        let untold: Vec<_> =
            self.disk.keys().chain(self.known.keys()).filter_map(|path| Some((path, self.news(path)?.0))).collect();
        assert_eq!(untold, [], "what was not told");
    }

    /// The open alerts, in byte order.
    pub(crate) fn alerts(&self) -> Vec<(String, String)> {
        let open = self.known.iter().filter(|(_, known)| known.is_open());
        open.map(|(path, known)| (path.clone(), known.condition.to_owned())).collect()
    }
}
