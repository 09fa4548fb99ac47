//! `fetch.txt` (RFC 8493 section 2.2.3): payload files that are not in the bag yet, and where they are. Nothing is
//! fetched; a file that was not is missing.

use hivesum_core::manifest::bagit;

use super::declaration::Version;
use super::manifest::Reading;
use super::names::PlainName;
use super::report::Report;
use super::text::{TextError, TextLines};

/// The name of the file.
pub(super) const FETCH_FILE: &str = "fetch.txt";

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ToFetch {
    pub(super) line: u64,
    pub(super) url: String,
    /// `None` where the line has `-`.
    pub(super) length: Option<u64>,
    /// The name, not percent-decoded.
    pub(super) written: Vec<u8>,
}

impl ToFetch {
    /// The error says what is wrong with the line.
    fn of(line: u64, text: &str) -> Result<Self, &'static str> {
        const BLANKS: [char; 2] = [' ', '\t'];
        let not_an_entry = "is not of the form URL LENGTH NAME";
        let (url, rest) = text.split_once(BLANKS).ok_or(not_an_entry)?;
        let (length, name) = rest.trim_start_matches(BLANKS).split_once(BLANKS).ok_or(not_an_entry)?;
        let name = name.trim_start_matches(BLANKS);
        if name.is_empty() || name.contains('\0') {
            return Err(not_an_entry);
        }
        if !is_absolute_uri(url) {
            return Err("does not begin with an absolute URL");
        }
        let is_number = length.bytes().all(|byte| byte.is_ascii_digit());
        let length = match length {
            "-" => None,
            digits if is_number => Some(digits.parse().map_err(|_| "has a length that no file can have")?),
            _ => return Err("has a length that is neither a number nor -"),
        };
        let name = PlainName::of(name.as_bytes())?;
        if !name.written.starts_with(bagit::PAYLOAD) {
            return Err("names a file that is not in data/");
        }
        Ok(Self { line, url: url.to_owned(), length, written: name.written })
    }
}

/// RFC 3986 section 4.3: with a scheme, without a fragment.
fn is_absolute_uri(url: &str) -> bool {
    let has_content = url.split_once(':').is_some_and(|(_, rest)| !rest.is_empty());
    has_content && fluent_uri::Uri::parse(url).is_ok_and(|uri| !uri.has_fragment())
}

impl Reading<'_> {
    /// The entries of `fetch.txt`; none if there is no such file.
    pub(super) fn fetch(self, report: &mut Report) -> Vec<ToFetch> {
        let mut entries = Vec::new();
        let read = match self.bag.open_lines(FETCH_FILE) {
            Ok(None) => return entries,
            Ok(Some(reader)) => TextLines::new(reader, self.encoding).and_then(|mut lines| {
                read_lines(&mut lines, &mut entries, report)?;
                lines.tell_oddities(|text| report.warning(FETCH_FILE.as_bytes(), text));
                Ok(())
            }),
            Err(why) => {
                report.fault(FETCH_FILE.as_bytes(), why);
                return entries;
            }
        };
        if let Err(error) = read {
            report.fault(FETCH_FILE.as_bytes(), error.to_string());
        }
        entries
    }
}

fn read_lines(
    lines: &mut TextLines<impl std::io::BufRead>,
    entries: &mut Vec<ToFetch>,
    report: &mut Report,
) -> Result<(), TextError> {
    while let Some(line) = lines.next_line()? {
        let entry = match line.text.as_deref() {
            None => Err("is not in the encoding that bagit.txt names"),
            Some(text) => ToFetch::of(line.number, text),
        };
        match entry {
            Ok(entry) => entries.push(entry),
            Err(what) => report.fault(FETCH_FILE.as_bytes(), format!("line {} {what}", line.number)),
        }
    }
    Ok(())
}

/// What the lists of manifests must have, in words, where a file of `fetch.txt` is not in them.
pub(super) fn fault_of_unlisted(version: Version) -> &'static str {
    match version {
        Version::V1 => "names a file that not every payload manifest lists",
        Version::Draft(_) => "names a file that no payload manifest lists",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_url_a_length_and_a_name() {
        let wanted = |length| ToFetch { line: 1, url: "http://h/a%20b".into(), length, written: b"data/a b".to_vec() };
        for (text, length) in [
            ("http://h/a%20b 12 data/a b", Some(12)),
            ("http://h/a%20b\t\t- \t./data/a b", None),
            ("http://h/a%20b 0 data/a b", Some(0)),
        ] {
            assert_eq!(ToFetch::of(1, text), Ok(wanted(length)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_reason() {
        let form = "is not of the form URL LENGTH NAME";
        let outside = "names a file outside the bag";
        for (text, why) in [
            ("", form),
            ("garbage", form),
            ("http://h/a data/a", form),
            ("http://h/a 12 ", form),
            (" http://h/a 12 data/a", "does not begin with an absolute URL"),
            ("h/a 12 data/a", "does not begin with an absolute URL"),
            ("http: 12 data/a", "does not begin with an absolute URL"),
            ("http://h/é 12 data/a", "does not begin with an absolute URL"),
            ("http://h/a#b 12 data/a", "does not begin with an absolute URL"),
            ("http://h/a twelve data/a", "has a length that is neither a number nor -"),
            ("http://h/a -1 data/a", "has a length that is neither a number nor -"),
            ("http://h/a 99999999999999999999 data/a", "has a length that no file can have"),
            ("http://h/a 12 data/../../a", outside),
            ("http://h/a 12 /data/a", outside),
            ("http://h/a 12 ~/a", outside),
            ("http://h/a 12 bagit.txt", "names a file that is not in data/"),
            ("http://h/a 12 data/", "names a directory"),
        ] {
            assert_eq!(ToFetch::of(1, text), Err(why), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_read_or_refused(url in ".{0,12}", rest in "[ \t]?[0-9-]{0,3}[ \t]?(data/)?[./~a-c]{0,8}") {
            if let Ok(one) = ToFetch::of(7, &format!("{url}{rest}")) {
                let leads_up = one.written.split(|&byte| byte == b'/').any(|part| part == b"..");
                proptest::prop_assert!(one.written.starts_with(b"data/") && !leads_up);
            }
        }
    }
}
