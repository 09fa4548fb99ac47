//! What PowerShell's `Get-FileHash` prints: a table (`Algorithm Hash Path`), or with `Format-List` a block per file.
//!
//! A table is cut at the width of the screen: a path or a digest that ends in `...` or `…` is not read, nor is a path
//! that goes on below (`-Wrap`), because what was between cannot be told. In a list a digest may go on below. By
//! Microsoft's documentation and by output that users have published; Debian has no PowerShell.

use super::super::entry::Claimed;
use super::super::names::is_blank;
use super::super::record::Record;
use super::settle::Settle;
use super::{LineForm, LineIs, algorithm_of, lines_of, reads_all, split_word, valid_name, without_cr, words};

/// Digits of the longest digest.
const MAX_DIGITS: usize = 128;

/// Reads tables and lists in any mixture; an entry comes with the line after it.
#[derive(Debug, Default)]
pub(in crate::manifest) struct GetFileHash {
    open: Option<Entry>,
    settle: Settle,
}

/// An entry that may go on.
#[derive(Debug, Default)]
struct Entry {
    algorithm: Vec<u8>,
    digits: Vec<u8>,
    path: Vec<u8>,
    last: Part,
    is_broken: bool,
}

/// The part of an entry that was on the last line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Algorithm,
    Hash,
    Path,
}

impl Entry {
    /// A row of a table.
    fn row(line: &[u8]) -> Option<Self> {
        let (algorithm, rest) = split_word(line)?;
        let (digits, path) = split_word(rest.trim_ascii_start())?;
        let is_row = algorithm_of(algorithm).is_some() && digits.len() >= 8 && !path.trim_ascii().is_empty();
        is_row.then(|| Self {
            algorithm: algorithm.to_vec(),
            digits: digits[..digits.len().min(MAX_DIGITS + 1)].to_vec(),
            path: path.trim_ascii().to_vec(),
            last: Part::Path,
            is_broken: false,
        })
    }

    /// Adds `Key : value` of a list. False if there is such a value already.
    fn add(&mut self, (part, value): (Part, &[u8])) -> bool {
        let (field, bound) = match part {
            Part::Algorithm => (&mut self.algorithm, 32),
            Part::Hash => (&mut self.digits, MAX_DIGITS + 1),
            Part::Path => (&mut self.path, usize::MAX),
        };
        let is_first = field.is_empty();
        if is_first {
            field.extend_from_slice(&value[..value.len().min(bound)]);
            self.last = part;
        }
        is_first
    }

    /// A line that begins with a blank: the value before goes on. Only of a digest is it known what was between.
    fn go_on(&mut self, line: &[u8]) {
        let more = line.trim_ascii();
        if self.last == Part::Hash && self.digits.len() + more.len() <= MAX_DIGITS {
            self.digits.extend_from_slice(more);
        } else {
            self.is_broken = true;
        }
    }

    fn close(self, record: &mut Record) -> LineIs {
        let read = |record: &mut Record| {
            let is_cut = self.path.ends_with(b"...") || self.path.ends_with("…".as_bytes());
            record.digests.push(Claimed::tagged(algorithm_of(&self.algorithm)?, &self.digits)?);
            record.name.extend_from_slice(valid_name(&self.path).filter(|_| !is_cut && !self.is_broken)?);
            Some(())
        };
        read(record).map_or(LineIs::NotRead, |()| LineIs::Entry)
    }
}

/// Reads `Key : value` of a list.
fn list_line(line: &[u8]) -> Option<(Part, &[u8])> {
    let colon = line.iter().position(|&byte| byte == b':')?;
    let part = match line[..colon].trim_ascii_end() {
        b"Algorithm" => Part::Algorithm,
        b"Hash" => Part::Hash,
        b"Path" => Part::Path,
        _ => return None,
    };
    Some((part, line[colon + 1..].trim_ascii()))
}

/// Whether the line is one of the two that begin a table.
fn is_table_head(line: &[u8]) -> bool {
    let has_words = |expected: [&[u8]; 3]| words(line).eq(expected);
    has_words([b"Algorithm", b"Hash", b"Path"]) || has_words([b"---------", b"----", b"----"])
}

impl GetFileHash {
    fn close(&mut self, record: &mut Record) -> Option<LineIs> {
        self.open.take().map(|entry| entry.close(record))
    }
}

impl LineForm for GetFileHash {
    fn read_line(&mut self, line: &[u8], record: &mut Record) -> LineIs {
        let line = without_cr(line).trim_ascii_end();
        let value = list_line(line);
        if let (Some(open), Some(first)) = (&mut self.open, line.first()) {
            let goes_on = is_blank(*first);
            if goes_on {
                open.go_on(line);
            }
            if goes_on || value.is_some_and(|value| open.add(value)) {
                return self.settle.tell(None, LineIs::Ignored);
            }
        }
        let closed = self.close(record);
        self.open = match value {
            Some(value) => {
                let mut entry = Entry::default();
                entry.add(value);
                Some(entry)
            }
            None => Entry::row(line),
        };
        let is_known = self.open.is_some() || line.is_empty() || is_table_head(line);
        self.settle.tell(closed, if is_known { LineIs::Ignored } else { LineIs::NotRead })
    }

    fn end(&mut self, record: &mut Record) -> LineIs {
        let closed = self.close(record);
        self.settle.tell(closed, LineIs::Ignored)
    }
}

/// Whether the text has the head of such a table, or is a list.
pub(in crate::manifest) fn recognises(_name: &[u8], head: &[u8]) -> bool {
    let first = lines_of(head).map(|line| line.trim_ascii_end()).find(|line| !line.is_empty()).unwrap_or_default();
    let is_list = || list_line(first).is_some_and(|(part, _)| part == Part::Algorithm);
    is_table_head(first) || (is_list() && reads_all(GetFileHash::default(), head))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Outcomes, outcomes, read_all, show};
    use super::*;

    /// As in Microsoft's documentation of Get-FileHash, with the digests of `hello`.
    const TABLE: &str = "\r
Algorithm       Hash                                                                   Path\r
---------       ----                                                                   ----\r
SHA256          5891B5B522D5DF086D0FF0B110FBD9D21BB4FC7163AF34D08286A2E846F6BE03       C:\\t\\a b.txt\r
MD5             B1946AC92492D2347C6235B4D2611184                                       C:\\t\\c\r
\r
";

    const LIST: &str = "\r
\r
Algorithm : SHA512\r
Hash      : E7C22B994C59D9CF2B48E549B1E24666636045930D3DA7C1ACB299D1C3B7F931F94AAE41E\r
            DDA2C2B207A36E10F8BCB8D45223E54878F5B316E7CE3B6BC019629\r
Path      : C:\\t\\a : b.txt\r
\r
Algorithm : SHA1\r
Hash      : F572D396FAE9206628714FB2CE00F72E94F2258F\r
Path      : C:\\t\\c\r
\r
";

    #[test]
    fn tables_and_lists_are_read() {
        assert_eq!(
            show(&read_all(GetFileHash::default(), TABLE)),
            ["C:\\t\\a b.txt ? sha256:5891b5b5", "C:\\t\\c ? md5:b1946ac9"]
        );
        assert_eq!(
            show(&read_all(GetFileHash::default(), LIST)),
            ["C:\\t\\a : b.txt ? sha512:e7c22b99", "C:\\t\\c ? sha1:f572d396"]
        );
        for text in [TABLE, LIST] {
            assert!(recognises(b"", text.as_bytes()));
            assert_eq!(outcomes(GetFileHash::default(), text).not_read, 0);
        }
    }

    #[test]
    fn what_was_cut_or_goes_on_is_not_read_and_not_guessed() {
        for path in ["C:\\t\\a...", "C:\\t\\a…", "C:\\t\\a\r\n                 and more", "C:\\t\\a\n\tb"] {
            for text in [TABLE.replace("C:\\t\\c", path), LIST.replace("C:\\t\\c", path)] {
                let outcomes = outcomes(GetFileHash::default(), &text);
                assert_eq!((outcomes.entries, outcomes.not_read), (1, 1), "{text}");
            }
        }
        let cut = "Algorithm Hash Path\n--------- ---- ----\nSHA512 E7C22B994C59D9CF2B48E549B1E24666... C:\\t\\a\n";
        assert_eq!(outcomes(GetFileHash::default(), cut), Outcomes { entries: 0, not_read: 1 });
        assert!(recognises(b"", cut.as_bytes()), "it is a table, of which nothing can be read");
    }

    #[test]
    fn incomplete_blocks_and_foreign_lines_are_not_read() {
        let text =
            format!("{TABLE}prose\nAlgorithm : SHA1\nHash : 00\nPath : a\n\nAlgorithm : SHA1\nPS C:\\> x\n{LIST}");
        assert_eq!(outcomes(GetFileHash::default(), &text), Outcomes { entries: 4, not_read: 4 });
        let endless = format!("Algorithm : SHA512\nHash : E7\n{}Path : a\n", "  E7C22B99\n".repeat(100));
        assert_eq!(outcomes(GetFileHash::default(), &endless), Outcomes { entries: 0, not_read: 1 });
    }

    #[test]
    fn other_texts_are_not_taken() {
        for text in [
            "b1946ac92492d2347c6235b4d2611184  a\n",
            "MD5 b1946ac92492d2347c6235b4d2611184 a\n",
            "Algorithm : SHA1\n",
            "Hash : b1946ac92492d2347c6235b4d2611184\nPath : a\n",
            "",
        ] {
            assert!(!recognises(b"", text.as_bytes()), "{text}");
        }
    }
}
