//! One JSON document: `{algorithms, items, summary}`, with one item of the API per line.
//!
//! It is read item by item, whatever its layout: a small scanner finds the end of each value, and serde_json parses it.
//! Only one value of bounded length is in memory. A truncated document is an error.

use std::io::{BufRead, Read};

use serde::de::{DeserializeOwned, IgnoredAny};

use super::error::ManifestError;
use super::filters::RememberedFilters;
use super::item_json::{ItemRead, write_value};
use super::lines::{Limits, LinesError};
use super::record::Record;
use crate::digest::Algorithms;
use crate::result::{ItemRef, Summary};

/// Whether an item is the first one of its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// Nothing is before it.
    First,
    /// It needs a comma before it.
    Later,
}

/// Appends everything before the first item.
pub fn write_start(out: &mut Vec<u8>, algorithms: &Algorithms, filters: &RememberedFilters) {
    out.extend_from_slice(br#"{"algorithms":"#);
    write_value(out, algorithms);
    if !filters.is_empty() {
        out.extend_from_slice(br#","filters":"#);
        write_value(out, filters);
    }
    out.extend_from_slice(br#","items":["#);
}

/// Appends one item.
pub fn write_item(out: &mut Vec<u8>, item: &ItemRef<'_>, position: Position) {
    write_element(out, item, position);
}

/// Appends one item of any shape.
pub(super) fn write_element(out: &mut Vec<u8>, item: &impl serde::Serialize, position: Position) {
    match position {
        Position::First => out.push(b'\n'),
        Position::Later => out.extend_from_slice(b",\n"),
    }
    write_value(out, item);
}

/// Appends everything after the last item.
pub fn write_end(out: &mut Vec<u8>, summary: &Summary) {
    out.extend_from_slice(b"\n],\"summary\":");
    write_value(out, summary);
    out.extend_from_slice(b"}\n");
}

/// The items of a document.
pub(super) struct Document<R> {
    reader: R,
    limits: Limits,
    line: u64,
    bytes: u64,
    items: u64,
    stage: Stage,
    value: Vec<u8>,
    filters: Option<RememberedFilters>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing was read yet.
    Before,
    /// Within the list of items; `first` before the first one.
    Items { first: bool },
    /// After the last item.
    Ended,
}

/// A member of the document.
enum Key {
    Items,
    Filters,
    Other,
}

impl<R: BufRead> Document<R> {
    pub(super) fn new(reader: R, limits: Limits) -> Self {
        let (stage, value, filters) = (Stage::Before, Vec::new(), None);
        Self { reader, limits, line: 1, bytes: 0, items: 0, stage, value, filters }
    }

    /// The globs that the document was made with. They stand before its items.
    pub(super) fn filters(&self) -> Option<&RememberedFilters> {
        self.filters.as_ref()
    }

    /// Reads the next item into the record. Returns the number of the line on which it begins and whether it is valid,
    /// or `None` at the end of a complete document.
    pub(super) fn next_item(&mut self, record: &mut Record) -> Result<Option<(u64, bool)>, ManifestError> {
        if self.stage == Stage::Before {
            self.begin()?;
        }
        let Stage::Items { first } = self.stage else { return Ok(None) };
        let byte = self.next_token()?;
        match (byte, first) {
            (b']', _) => {
                self.finish()?;
                return Ok(None);
            }
            (b',', false) => {}
            (b'{', true) => self.value.push(b'{'),
            _ => return Err(self.not_json()),
        }
        self.stage = Stage::Items { first: false };
        self.items += 1;
        if self.items > self.limits.lines {
            return Err(LinesError::TooManyLines(self.limits.lines).into());
        }
        if self.value.is_empty() {
            let byte = self.next_token()?;
            self.value.push(byte);
        }
        let line = self.line;
        self.read_rest_of_value()?;
        let item = serde_json::from_slice::<ItemRead<'_>>(&self.value).ok();
        let is_item = item.and_then(|item| item.fill(record)).is_some();
        self.value.clear();
        Ok(Some((line, is_item)))
    }

    /// Reads up to and including the `[` of the items.
    fn begin(&mut self) -> Result<(), ManifestError> {
        self.expect(b'{')?;
        loop {
            match self.key()? {
                Key::Items => {
                    self.expect(b'[')?;
                    self.stage = Stage::Items { first: true };
                    return Ok(());
                }
                Key::Filters => self.filters = RememberedFilters::of_json(self.read_value()?),
                Key::Other => drop(self.read_value::<IgnoredAny>()?),
            }
            self.expect(b',')?;
        }
    }

    /// Reads from after the `]` of the items to the end.
    fn finish(&mut self) -> Result<(), ManifestError> {
        self.stage = Stage::Ended;
        loop {
            match self.next_token()? {
                b'}' => break,
                b',' => {}
                _ => return Err(self.not_json()),
            }
            match self.key()? {
                Key::Items => return Err(self.not_json()),
                Key::Filters => self.filters = RememberedFilters::of_json(self.read_value()?),
                Key::Other => drop(self.read_value::<IgnoredAny>()?),
            }
        }
        loop {
            match self.next_byte()? {
                None => return Ok(()),
                Some(byte) if byte.is_ascii_whitespace() => {}
                Some(_) => return Err(self.not_json()),
            }
        }
    }

    /// Reads `"key":`.
    fn key(&mut self) -> Result<Key, ManifestError> {
        let byte = self.next_token()?;
        self.value.push(byte);
        self.read_rest_of_value()?;
        let key: String = serde_json::from_slice(&self.value).map_err(|_| self.not_json())?;
        self.value.clear();
        self.expect(b':')?;
        Ok(match key.as_str() {
            "items" => Key::Items,
            "filters" => Key::Filters,
            _ => Key::Other,
        })
    }

    fn read_value<T: DeserializeOwned>(&mut self) -> Result<T, ManifestError> {
        let byte = self.next_token()?;
        self.value.push(byte);
        self.read_rest_of_value()?;
        let value = serde_json::from_slice(&self.value).map_err(|_| self.not_json())?;
        self.value.clear();
        Ok(value)
    }

    /// Reads the rest of a value; its first byte was read already. Numbers and literals end before the byte that
    /// follows them.
    fn read_rest_of_value(&mut self) -> Result<(), ManifestError> {
        let (mut depth, mut in_string) = (0_usize, false);
        match self.value.first() {
            Some(b'{' | b'[') => depth = 1,
            Some(b'"') => in_string = true,
            _ => return self.read_rest_of_literal(),
        }
        let mut escaped = false;
        while depth > 0 || in_string {
            let byte = self.next_byte()?.ok_or(ManifestError::Cut)?;
            self.keep(byte)?;
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_string => escaped = true,
                b'"' => in_string = !in_string,
                b'{' | b'[' if !in_string => depth += 1,
                b'}' | b']' if !in_string => depth -= 1,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_rest_of_literal(&mut self) -> Result<(), ManifestError> {
        loop {
            match self.peek()? {
                Some(byte) if !byte.is_ascii_whitespace() && !matches!(byte, b',' | b'}' | b']') => {
                    self.next_byte()?;
                    self.keep(byte)?;
                }
                _ => return Ok(()),
            }
        }
    }

    fn keep(&mut self, byte: u8) -> Result<(), ManifestError> {
        if self.value.len() >= self.limits.line_bytes {
            return Err(ManifestError::ValueTooLong { line: self.line });
        }
        self.value.push(byte);
        Ok(())
    }

    fn expect(&mut self, wanted: u8) -> Result<(), ManifestError> {
        if self.next_token()? == wanted { Ok(()) } else { Err(self.not_json()) }
    }

    /// The next byte that is not white space.
    fn next_token(&mut self) -> Result<u8, ManifestError> {
        loop {
            let byte = self.next_byte()?.ok_or(ManifestError::Cut)?;
            if !byte.is_ascii_whitespace() {
                return Ok(byte);
            }
        }
    }

    fn next_byte(&mut self) -> Result<Option<u8>, ManifestError> {
        let Some(byte) = self.peek()? else { return Ok(None) };
        self.reader.consume(1);
        self.bytes += 1;
        if self.bytes > self.limits.bytes {
            return Err(LinesError::TooManyBytes(self.limits.bytes).into());
        }
        self.line += u64::from(byte == b'\n');
        Ok(Some(byte))
    }

    fn peek(&mut self) -> Result<Option<u8>, ManifestError> {
        let buffer = self.reader.fill_buf().map_err(LinesError::from)?;
        Ok(buffer.first().copied())
    }

    fn not_json(&self) -> ManifestError {
        ManifestError::NotJson { line: self.line }
    }
}

/// Whether a file with these first bytes is one document, and not one object per line.
pub(super) fn is_document(head: &[u8]) -> bool {
    let first = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let mut words = Vec::new();
    let _ = first.take(64).read_to_end(&mut words);
    let whole = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(first);
    match whole {
        Ok(object) => object.contains_key("items"),
        Err(_) => !(has_key(&words, b"\"path\"") || has_key(&words, b"\"path_b64\"")),
    }
}

/// Whether the text has this key. The same word may also be a glob.
fn has_key(text: &[u8], key: &[u8]) -> bool {
    let followers =
        text.windows(key.len()).enumerate().filter(|(_, window)| *window == key).map(|(at, _)| at + key.len());
    followers.into_iter().any(|after| text[after..].trim_ascii_start().first().is_none_or(|&byte| byte == b':'))
}

#[cfg(test)]
mod tests;
