//! `bag-info.txt` as it is written (RFC 8493 section 2.2.2): its elements in their order, and changes of them.
//!
//! An element that is not changed keeps its text and the lines that continue it. Line ends become LF, and blank lines
//! are left out, because strict readers refuse them. [`info`](super::info) checks such a file; here a line that is no
//! element is an error, because it could not be written back.

use super::encoding::Encoding;
use super::field::{AGENT, DATE, InfoField, OXUM};
use super::payload::Oxum;
use super::text::TextLines;

const BLANKS: [char; 2] = [' ', '\t'];

/// The elements, in their order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct InfoFile {
    elements: Vec<Element>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Element {
    label: String,
    /// What follows the colon and a blank, with the lines that continue it.
    text: String,
}

impl InfoFile {
    /// Reads the text of a file in UTF-8. The error says which line is no element.
    pub(super) fn read(text: &[u8]) -> Result<Self, String> {
        let mut this = Self::default();
        let mut lines = TextLines::new(text, Encoding::Utf8).map_err(|error| error.to_string())?;
        while let Some(line) = lines.next_line().map_err(|error| error.to_string())? {
            let number = line.number;
            let text = line.text.ok_or_else(|| format!("line {number} is not UTF-8"))?;
            this.read_line(&text).map_err(|what| format!("line {number} {what}"))?;
        }
        Ok(this)
    }

    fn read_line(&mut self, line: &str) -> Result<(), &'static str> {
        if line.trim_matches(BLANKS).is_empty() {
            return Ok(());
        }
        if line.starts_with(BLANKS) {
            let last = self.elements.last_mut().ok_or("continues no element: it begins with a blank")?;
            last.text.push('\n');
            last.text.push_str(line.trim_end_matches(BLANKS));
            return Ok(());
        }
        let (label, text) = line.split_once(':').ok_or("has no colon")?;
        let label = label.trim_end_matches(BLANKS);
        if label.is_empty() {
            return Err("has no label before its colon");
        }
        self.elements.push(Element { label: label.to_owned(), text: text.trim_matches(BLANKS).to_owned() });
        Ok(())
    }

    /// Sets fields that were given. Those of one label take the place of all elements of this label; an empty value leaves
    /// none.
    pub(super) fn set_all(&mut self, fields: &[InfoField]) {
        for (index, InfoField { label, .. }) in fields.iter().enumerate() {
            let is_it = |field: &&InfoField| field.label.eq_ignore_ascii_case(label);
            if fields[..index].iter().any(|field| is_it(&field)) {
                continue;
            }
            let values = fields.iter().filter(is_it).map(|field| field.value.as_str());
            let values: Vec<&str> = values.filter(|value| !value.is_empty()).collect();
            self.set(label, &values);
        }
    }

    /// Sets what hivesum computes of a payload that was put together on this day (`YYYY-MM-DD`).
    pub(super) fn set_computed(&mut self, oxum: Oxum, date: &str) {
        self.set(AGENT, &[concat!("hivesum ", env!("CARGO_PKG_VERSION"))]);
        self.set(DATE, &[date]);
        self.set(OXUM, &[&format!("{}.{}", oxum.octets, oxum.files)]);
    }

    /// The values stand where the first element of this label was, else at the end.
    fn set(&mut self, label: &str, values: &[&str]) {
        let is_it = |element: &Element| element.label.eq_ignore_ascii_case(label);
        let place = self.elements.iter().position(is_it).unwrap_or(self.elements.len());
        self.elements.retain(|element| !is_it(element));
        let elements = values.iter().map(|value| Element { label: label.to_owned(), text: (*value).to_owned() });
        self.elements.splice(place..place, elements);
    }

    /// Whether there is an element of this label.
    pub(super) fn has(&self, label: &str) -> bool {
        self.elements.iter().any(|element| element.label.eq_ignore_ascii_case(label))
    }

    /// Whether every `Payload-Oxum` here is this one.
    pub(super) fn agrees_with(&self, oxum: Oxum) -> bool {
        let mut oxums = self.elements.iter().filter(|element| element.label.eq_ignore_ascii_case(OXUM));
        oxums.all(|element| Oxum::of(&element.text) == Some(oxum))
    }

    /// The text of the file.
    pub(super) fn text(&self) -> String {
        self.elements.iter().map(|Element { label, text }| format!("{label}: {text}\n")).collect()
    }
}

/// Today's date in UTC, as `Bagging-Date` has it.
pub(super) fn today() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(text: &str, words: &[&str]) -> String {
        let mut file = InfoFile::read(text.as_bytes()).unwrap();
        let fields: Vec<_> = words.iter().map(|word| InfoField::parse_change(word).unwrap()).collect();
        file.set_all(&fields);
        file.text()
    }

    #[test]
    fn a_file_is_written_back_as_it_was_read() {
        let text = "B: 1\nA: a: b\n  c: d\n\te\nB: 2\nEmpty: \nÜ b: ä\n";
        assert_eq!(changed(text, &[]), text);
        assert_eq!(changed("A: 1\r\n\r\nB:2\r  c\r", &[]), "A: 1\nB: 2\n  c\n");
    }

    #[test]
    fn fields_take_the_place_of_all_elements_of_their_label() {
        let text = "Contact-Name: A\n  of B\nX: 1\ncontact-name: C\n";
        assert_eq!(
            changed(text, &["contact-name=D", "Y=2", "Contact-Name=E"]),
            concat!("Contact-Name: D\nContact-Name: E\nX: 1\n", "Y: 2\n")
        );
        assert_eq!(changed(text, &["contact-name=", "Nothing="]), "X: 1\n");
        let mut file = InfoFile::read(b"payload-oxum: 1.1\nPayload-Oxum: 2.2\nX: 1\n").unwrap();
        file.set_computed(Oxum { octets: 12, files: 3 }, "2024-01-02");
        let version = env!("CARGO_PKG_VERSION");
        let computed =
            format!("Payload-Oxum: 12.3\nX: 1\nBag-Software-Agent: hivesum {version}\nBagging-Date: 2024-01-02\n");
        assert_eq!(file.text(), computed);
    }

    #[test]
    fn what_could_not_be_written_back_is_an_error() {
        for (text, why) in [
            (&b"no colon\n"[..], "line 1 has no colon"),
            (b"A: b\n: x\n", "line 2 has no label before its colon"),
            (b"\n  x\n", "line 2 continues no element: it begins with a blank"),
            (b"A: \xff\n", "line 1 is not UTF-8"),
        ] {
            assert_eq!(InfoFile::read(text), Err(why.to_owned()));
        }
    }
}
