//! XML documents element by element: each with where it stands, its attributes and its own text.
//!
//! A document type declaration is refused, so there are no entities besides the five of XML and character references.
//! Elements are told by their place, so that free-form parts of a document (`metadata`) are never taken for entries.

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::errors::Error;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::DocumentError;

/// How deep elements may stand in each other: the forms that are read need 6.
const MAX_DEPTH: usize = 32;

/// An element, at its end. Comments and instructions are left out.
#[derive(Debug)]
pub(super) struct Element<'a> {
    /// The names from the root to it, joined with `/`, without prefixes.
    pub(super) path: &'a str,
    /// Its attributes, in their order, without prefixes.
    pub(super) attributes: &'a [(String, String)],
    /// Its text without that of the elements in it.
    pub(super) text: &'a str,
    /// The line on which it ends.
    line: Lines<'a>,
}

#[derive(Debug, Clone, Copy)]
struct Lines<'a> {
    text: &'a str,
    position: usize,
}

impl Lines<'_> {
    fn number(self) -> u64 {
        let before = self.text.as_bytes().get(..self.position).unwrap_or(self.text.as_bytes());
        before.iter().filter(|&&byte| byte == b'\n').count() as u64 + 1
    }
}

impl Element<'_> {
    /// The value of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    /// An error at its end.
    pub(super) fn error(&self, why: impl Into<String>) -> DocumentError {
        DocumentError::new(why).or_at(self.line.number())
    }
}

/// One element that is open.
#[derive(Default)]
struct Open {
    attributes: Vec<(String, String)>,
    text: String,
    /// The length of the path without it.
    path_before: usize,
}

/// Calls `visit` with every element, when it ends: those in it first.
///
/// # Errors
/// If it is not well-formed, too deep or has a document type declaration, or what `visit` returns.
pub(super) fn walk(
    text: &[u8],
    mut visit: impl FnMut(Element<'_>) -> Result<(), DocumentError>,
) -> Result<(), DocumentError> {
    let text = str::from_utf8(text).map_err(|_| DocumentError::new("it is not UTF-8"))?;
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut walk = Walk::default();
    loop {
        let event = reader.read_event();
        let lines = Lines { text, position: reader.buffer_position() as usize };
        let step = event.map_err(not_well_formed).and_then(|event| walk.step(event, lines, &mut visit));
        if step.map_err(|error| error.or_at(lines.number()))? {
            return Ok(());
        }
    }
}

fn not_well_formed(error: impl Into<Error>) -> DocumentError {
    DocumentError::new(error.into().to_string())
}

#[derive(Default)]
struct Walk {
    path: String,
    open: Vec<Open>,
    has_root: bool,
}

impl Walk {
    /// One event. Whether the document has ended.
    fn step(
        &mut self,
        event: Event<'_>,
        lines: Lines<'_>,
        visit: &mut impl FnMut(Element<'_>) -> Result<(), DocumentError>,
    ) -> Result<bool, DocumentError> {
        match event {
            Event::Start(start) => self.start(&start)?,
            Event::End(_) => self.end(lines, visit)?,
            Event::Text(text) => self.push(&text.xml10_content())?,
            Event::CData(text) => self.push(&text.xml10_content())?,
            Event::GeneralRef(reference) => self.reference(&reference)?,
            Event::DocType(_) => return Err(DocumentError::new("a document type declaration is not read")),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof if self.open.is_empty() && self.has_root => return Ok(true),
            Event::Eof => return Err(DocumentError::new("the document is truncated")),
            Event::Empty(_) => return Err(DocumentError::new("an empty element was not expanded")),
        }
        Ok(false)
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), DocumentError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(DocumentError::new(format!("more than {MAX_DEPTH} elements stand in each other")));
        }
        if self.open.is_empty() && std::mem::replace(&mut self.has_root, true) {
            return Err(DocumentError::new("it has a second root"));
        }
        let mut open = Open { path_before: self.path.len(), ..Open::default() };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(not_well_formed)?;
            let value = attribute.normalized_value(XmlVersion::Explicit1_0).map_err(not_well_formed)?;
            open.attributes.push((attribute.key.local_name().as_ref().to_owned(), value.into_owned()));
        }
        if !self.path.is_empty() {
            self.path.push('/');
        }
        self.path.push_str(start.local_name().as_ref());
        self.open.push(open);
        Ok(())
    }

    fn end(
        &mut self,
        line: Lines<'_>,
        visit: &mut impl FnMut(Element<'_>) -> Result<(), DocumentError>,
    ) -> Result<(), DocumentError> {
        let Some(open) = self.open.pop() else { return Err(DocumentError::new("an element ends that was not open")) };
        visit(Element { path: &self.path, attributes: &open.attributes, text: &open.text, line })?;
        self.path.truncate(open.path_before);
        Ok(())
    }

    fn push(&mut self, text: &str) -> Result<(), DocumentError> {
        match self.open.last_mut() {
            Some(open) => open.text.push_str(text),
            None if text.trim_ascii().trim_start_matches('\u{feff}').is_empty() => {}
            None => return Err(DocumentError::new("there is text outside of the root")),
        }
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), DocumentError> {
        if let Some(character) = reference.resolve_char_ref().map_err(not_well_formed)? {
            return self.push(character.encode_utf8(&mut [0; 4]));
        }
        match resolve_predefined_entity(reference) {
            Some(text) => self.push(text),
            None => Err(DocumentError::new(format!("the entity {:?} is not known", &**reference))),
        }
    }
}

/// The text with what XML needs escaped, and what would not survive a reader: line ends and tabs.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            other => out.push(other),
        }
    }
    out
}

/// Whether XML 1.0 can carry a character at all (production 2, `Char`).
pub(super) const fn has_character(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Whether a text may begin with this root, and has this word near: the namespace or version.
pub(super) fn has_root(head: &[u8], root: &str, word: &str) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    if !head.starts_with(b"<") {
        return false;
    }
    let mut tags = head.split(|&byte| byte == b'<').map(|tag| tag.split(|&byte| byte == b'>').next().unwrap_or(tag));
    let first = tags.find(|tag| tag.first().is_some_and(|&byte| byte.is_ascii_alphabetic()));
    let Some(first) = first.and_then(|tag| str::from_utf8(tag).ok()) else { return false };
    let name = first.split_ascii_whitespace().next().unwrap_or_default();
    name.rsplit(':').next() == Some(root) && first.contains(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Result<Vec<(String, String)>, DocumentError> {
        let mut seen = Vec::new();
        walk(text.as_bytes(), |element| {
            seen.push((element.path.to_owned(), element.text.to_owned()));
            Ok(())
        })?;
        Ok(seen)
    }

    #[test]
    fn elements_come_with_their_place_and_their_own_text() {
        let text = "\u{feff}<?xml version=\"1.0\"?><!-- c --><x:a><b>1</b>t<c/><![CDATA[<&]]></x:a>\n";
        let seen = seen(text).unwrap();
        let seen: Vec<_> = seen.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        assert_eq!(seen, [("a/b", "1"), ("a/c", ""), ("a", "t<&")]);
    }

    #[test]
    fn references_and_line_ends_are_read_as_xml_has_them() {
        let seen = seen("<a>&amp;&lt;&gt;&quot;&apos;&#13;&#x263a;\r\n</a>").unwrap();
        assert_eq!(seen[0].1, "&<>\"'\r\u{263a}\n");
        walk(b"<a x='1&quot;' p:y='2\n'></a>", |element| {
            assert_eq!((element.attribute("x"), element.attribute("y")), (Some("1\""), Some("2 ")));
            assert_eq!(element.attribute("z"), None);
            assert_eq!(element.error("e").line, Some(2));
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn entities_of_a_document_are_not_expanded() {
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;\">]>\n<a>&c;</a>";
        assert!(seen(bomb).unwrap_err().why.contains("document type"));
        assert_eq!(seen("<a>&b;</a>").unwrap_err().to_string(), "line 1: the entity \"b\" is not known");
    }

    #[test]
    fn the_depth_is_bounded() {
        let nested = |depth| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert_eq!(seen(&nested(MAX_DEPTH)).unwrap().len(), MAX_DEPTH);
        assert!(seen(&nested(MAX_DEPTH + 1)).unwrap_err().why.contains("more than 32"));
    }

    #[test]
    fn what_is_not_well_formed_is_refused_with_its_line() {
        for text in
            ["", "x", "<a>", "<a>\n</b>", "<a/><b/>", "<a/>x", "</a>", "<a x='1' x='2'/>", "<a x=1/>", "<a>&", "<a"]
        {
            assert!(seen(text).is_err(), "{text}");
        }
        assert!(walk(b"<a>\xff</a>", |_| Ok(())).is_err());
        assert_eq!(seen("<a>\n</b>").unwrap_err().line, Some(2));
    }

    #[test]
    fn a_root_is_known_by_its_name_and_a_word_in_its_tag() {
        let text = b"\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!-- c -->\n<m:hashlist version=\"2.0\">\n<x y=\"3.0\">";
        assert!(has_root(text, "hashlist", "2.0"));
        assert!(!has_root(text, "hashlist", "3.0") && !has_root(text, "hash", "2.0"));
        assert!(!has_root(b"hashlist 2.0", "hashlist", "2.0") && !has_root(b"", "a", ""));
    }
}
