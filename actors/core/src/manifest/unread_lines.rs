//! [`LinesNotRead`] as JSON: in reports, in answers, and kept with a job.
//!
//! `{"count": 11, "first": [{"line": 1, "why": "not an entry"}], "unsupported": ["GOST R 34.11-94"], "signed": true}`.
//! Unlike the account itself, it can be read back.

use serde::{Deserialize, Serialize};

use super::not_read::LinesNotRead;

/// The lines of one manifest that were not read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadLines {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub first: Vec<UnreadLine>,
    /// The algorithms that hivesum lacks and that lines name.
    pub unsupported: Vec<String>,
    /// Whether some of them are a signature, which is not verified.
    pub signed: bool,
    /// How many of them are of that signature. `None` without one, and of jobs that older releases
    /// have kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature_lines: Option<u64>,
}

/// A line that was not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadLine {
    /// Its number, from 1.
    pub line: u64,
    /// Why it was not read, in words.
    pub why: String,
}

impl UnreadLines {
    /// The same in JSON; `None` if every line was read. `left_out` are algorithms that hivesum lacks and that entries
    /// have digests of beside others.
    #[must_use]
    pub fn of(lines: &LinesNotRead, left_out: &[String]) -> Option<Self> {
        let first = lines.first().iter().map(|(line, why)| UnreadLine { line: *line, why: why.to_string() });
        let unsupported = lines.unsupported().iter().map(|&name| name.to_owned());
        (lines.count() > 0 || !left_out.is_empty()).then(|| Self {
            count: lines.count(),
            first: first.collect(),
            unsupported: unsupported.chain(left_out.iter().cloned()).collect(),
            signed: lines.is_signed(),
            signature_lines: lines.is_signed().then(|| lines.of_signature()),
        })
    }

    /// How many of them may be entries: all but those of a signature.
    #[must_use]
    pub fn may_be_entries(&self) -> u64 {
        self.count.saturating_sub(self.signature_lines.unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::manifest::NotRead;

    #[test]
    fn lines_are_shown_in_json_and_read_back() {
        let mut lines = LinesNotRead::default();
        assert_eq!(UnreadLines::of(&lines, &[]), None);
        assert_eq!(UnreadLines::of(&lines, &["snefru".to_owned()]).unwrap().unsupported, ["snefru"]);
        lines.add(3, NotRead::Malformed);
        let plain = UnreadLines::of(&lines, &[]).unwrap();
        let first = json!([{ "line": 3, "why": "not an entry" }]);
        let shown = json!({ "count": 1, "first": first, "unsupported": [], "signed": false });
        assert_eq!(serde_json::to_value(&plain).unwrap(), shown);
        assert_eq!(serde_json::from_value::<UnreadLines>(shown).unwrap(), plain);
        lines.add(4, NotRead::Signature);
        lines.add(5, NotRead::Unsupported("Snefru"));
        let all = UnreadLines::of(&lines, &[]).unwrap();
        assert_eq!((plain.may_be_entries(), all.signature_lines, all.may_be_entries()), (1, Some(1), 2));
        assert_eq!((all.count, all.unsupported.as_slice(), all.signed), (3, &["Snefru".to_owned()][..], true));
        assert_eq!(serde_json::from_str::<UnreadLines>(&serde_json::to_string(&all).unwrap()).unwrap(), all);
    }
}
