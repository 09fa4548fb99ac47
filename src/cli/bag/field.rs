//! Metadata that is given on the command line: `--bag-info KEY=VALUE`, one element of `bag-info.txt` (RFC 8493 section
//! 2.2.2).
//!
//! A field is refused unless every reader gets back what was given: a value is one line, since readers do not agree on
//! the blanks of a line that is folded, and long values are not folded either. Reserved labels are written as the
//! standard spells them. What hivesum computes cannot be given.

use crate::cli::error::UsageError;

/// The labels that RFC 8493 reserves, and those of BagIt profiles, that a user may give.
const RESERVED: [&str; 14] = [
    "Source-Organization",
    "Organization-Address",
    "Contact-Name",
    "Contact-Phone",
    "Contact-Email",
    "External-Description",
    "External-Identifier",
    "Bag-Size",
    "Bag-Group-Identifier",
    "Bag-Count",
    "Internal-Sender-Identifier",
    "Internal-Sender-Description",
    "BagIt-Profile-Identifier",
    "BagIt-Profile-Version",
];

/// The labels of RFC 8493 that should not be repeated.
const ONCE: [&str; 3] = ["Bag-Size", "Bag-Group-Identifier", "Bag-Count"];

/// The number of bytes and files of the payload, which hivesum computes.
pub(super) const OXUM: &str = "Payload-Oxum";
/// The day when the payload was last put together, which hivesum writes.
pub(super) const DATE: &str = "Bagging-Date";
/// The program that wrote the bag.
pub(super) const AGENT: &str = "Bag-Software-Agent";

/// The longest field in bytes: shorter than the longest line that `bag check` reads.
const MAX_FIELD_BYTES: usize = 64 << 10;

/// One element that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InfoField {
    pub(super) label: String,
    /// Empty if the element is to be taken away.
    pub(super) value: String,
}

impl InfoField {
    /// Parses `KEY=VALUE`. The error says what is wrong with it.
    pub(super) fn parse(word: &str) -> Result<Self, String> {
        match Self::parse_change(word)? {
            field if field.value.is_empty() => Err("VALUE is empty".to_owned()),
            field => Ok(field),
        }
    }

    /// Parses `KEY=VALUE`, or `KEY=`, which takes the element away. The error says what is wrong with it.
    pub(super) fn parse_change(word: &str) -> Result<Self, String> {
        let (label, value) = word.split_once('=').ok_or("must be KEY=VALUE")?;
        if word.len() > MAX_FIELD_BYTES {
            return Err("is longer than 64 KiB".to_owned());
        }
        check_text("KEY", label)?;
        if !value.is_empty() {
            check_text("VALUE", value)?;
        }
        if label.contains(':') {
            return Err("KEY has a colon: it would end there".to_owned());
        }
        if let Some(computed) = [OXUM, DATE, AGENT].into_iter().find(|own| own.eq_ignore_ascii_case(label)) {
            return Err(format!("{computed} is written by hivesum"));
        }
        let label = RESERVED.into_iter().find(|reserved| reserved.eq_ignore_ascii_case(label)).unwrap_or(label);
        Ok(Self { label: label.to_owned(), value: value.to_owned() })
    }
}

/// Refuses what readers would drop, change or take for the end of a line: bagit.py 1.9 ends lines as Python's
/// `splitlines` does, and strips blanks of any script.
fn check_text(what: &str, text: &str) -> Result<(), String> {
    let breaks = |letter: char| (letter.is_control() && letter != '\t') || matches!(letter, '\u{2028}' | '\u{2029}');
    if text.is_empty() {
        return Err(format!("{what} is empty"));
    }
    if text.contains(breaks) {
        return Err(format!("{what} has a line break or another control character: a field is one line"));
    }
    if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
        return Err(format!("{what} begins or ends with a blank, which readers drop"));
    }
    if text.starts_with('\u{feff}') {
        return Err(format!("{what} begins with a byte order mark, which readers drop"));
    }
    Ok(())
}

/// Refuses a second value of an element that RFC 8493 wants once.
pub(super) fn refuse_repeated(fields: &[InfoField]) -> Result<(), UsageError> {
    for label in ONCE {
        if fields.iter().filter(|field| field.label == label).count() > 1 {
            return Err(UsageError::of("bag", format!("{label} can be given only once")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_labels_are_spelt_as_the_standard_does_and_others_as_they_are_given() {
        for (word, label, value) in [
            ("contact-NAME=Ada", "Contact-Name", "Ada"),
            ("bagit-profile-identifier=https://e.org/p?a=b", "BagIt-Profile-Identifier", "https://e.org/p?a=b"),
            ("my Own label=a: b\tc=d", "my Own label", "a: b\tc=d"),
            ("Über=日本\u{a0}語", "Über", "日本\u{a0}語"),
        ] {
            assert_eq!(InfoField::parse(word), Ok(InfoField { label: label.into(), value: value.into() }), "{word}");
        }
    }

    #[test]
    fn a_field_that_would_not_be_read_back_is_refused() {
        for (word, why) in [
            ("Contact-Name", "must be KEY=VALUE"),
            ("=x", "KEY is empty"),
            ("A=", "VALUE is empty"),
            ("A:b=x", "KEY has a colon"),
            ("A=x\ny", "VALUE has a line break"),
            ("A=x\r", "VALUE has a line break"),
            ("A=x\u{2028}y", "VALUE has a line break"),
            ("A=x\u{85}y", "VALUE has a line break"),
            ("A\n=y", "KEY has a line break"),
            ("A =y", "KEY begins or ends with a blank"),
            ("A= y", "VALUE begins or ends with a blank"),
            ("A=y\u{3000}", "VALUE begins or ends with a blank"),
            ("\u{feff}A=y", "KEY begins with a byte order mark"),
            ("payload-oxum=1.1", "Payload-Oxum is written by hivesum"),
            ("Bagging-Date=2020-01-01", "Bagging-Date is written by hivesum"),
            ("BAG-SOFTWARE-AGENT=x", "Bag-Software-Agent is written by hivesum"),
            (&format!("A={}", "x".repeat(MAX_FIELD_BYTES)), "is longer than 64 KiB"),
        ] {
            let refused = InfoField::parse(word).unwrap_err();
            assert!(refused.starts_with(why), "{word:?}: {refused}");
        }
        assert!(InfoField::parse(&format!("A={}", "x".repeat(MAX_FIELD_BYTES - 2))).is_ok());
    }

    #[test]
    fn an_element_that_the_standard_wants_once_cannot_be_given_twice() {
        let fields = |words: &[&str]| words.iter().map(|word| InfoField::parse(word).unwrap()).collect::<Vec<_>>();
        assert!(refuse_repeated(&fields(&["Contact-Name=A", "Contact-Name=B", "Bag-Count=1 of 2"])).is_ok());
        let refused = refuse_repeated(&fields(&["Bag-Count=1 of 2", "bag-count=2 of 2"])).unwrap_err();
        assert_eq!(refused.message, "Bag-Count can be given only once");
    }
}
