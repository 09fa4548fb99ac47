//! `bag-info.txt` as it is written (RFC 8493 section 2.2.2): its elements in their order.
//!
//! The fields that a user gives come first, then those that hivesum computes. [`info`](super::info) checks such a file
//! when it is read.

use super::field::{AGENT, DATE, InfoField, OXUM};
use super::payload::Oxum;

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
    /// Sets fields that were given. Those of one label take the place of all elements of this label.
    pub(super) fn set_all(&mut self, fields: &[InfoField]) {
        for (index, InfoField { label, .. }) in fields.iter().enumerate() {
            let is_it = |field: &&InfoField| field.label.eq_ignore_ascii_case(label);
            if fields[..index].iter().any(|field| is_it(&field)) {
                continue;
            }
            let values: Vec<&str> = fields.iter().filter(is_it).map(|field| field.value.as_str()).collect();
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

    #[test]
    fn fields_of_one_label_stand_together_and_before_what_is_computed() {
        let fields = ["Contact-Name=D", "Y=2", "contact-name=E"].map(|word| InfoField::parse(word).unwrap());
        let mut file = InfoFile::default();
        file.set_all(&fields);
        file.set_computed(Oxum { octets: 12, files: 3 }, "2024-01-02");
        let version = env!("CARGO_PKG_VERSION");
        let given = "Contact-Name: D\nContact-Name: E\nY: 2\n";
        let computed = format!("Bag-Software-Agent: hivesum {version}\nBagging-Date: 2024-01-02\nPayload-Oxum: 12.3\n");
        assert_eq!(file.text(), format!("{given}{computed}"));
    }
}
