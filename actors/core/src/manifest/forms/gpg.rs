//! What `gpg --print-md` and `gpg --print-mds` print (GnuPG 2.2).
//!
//! `NAME: ` is followed by the digest in groups of two, four or eight upper-case digits, over as many lines as it
//! takes; `--print-mds` puts `ALGORITHM = ` before it, `--print-md` does not say the algorithm. A name may hold colons
//! and blanks: it ends at the last colon. gpg writes a LF in a name as it is, so the first lines of such a name are not
//! read and its last line is all that can be told of it.

use super::super::entry::Claimed;
use super::super::record::Record;
use super::settle::Settle;
use super::{LineForm, LineIs, algorithm_of, reads_all, valid_name, without_cr, words};

/// Digits of the shortest and of the longest digest that gpg makes: MD5 and SHA-512.
const DIGITS: std::ops::RangeInclusive<usize> = 32..=128;

/// Reads the blocks; an entry comes with the line after its block.
#[derive(Debug, Default)]
pub(in crate::manifest) struct Gpg {
    open: Option<Block>,
    settle: Settle,
}

/// What is known of a digest whose lines may go on.
#[derive(Debug, Default)]
struct Block {
    name: Vec<u8>,
    digest: Part,
}

/// A digest, or the part of it that stands on one line.
#[derive(Debug, Default)]
struct Part {
    algorithm: Vec<u8>,
    digits: Vec<u8>,
}

impl Part {
    /// Reads `[ALGORITHM =] GROUP GROUP ...`, of which each may be lacking.
    fn of(text: &[u8]) -> Option<Self> {
        let (algorithm, groups) = match text.iter().position(|&byte| byte == b'=') {
            Some(at) => (text[..at].trim_ascii(), &text[at + 1..]),
            None => (&b""[..], text),
        };
        let is_word = algorithm.iter().all(u8::is_ascii_alphanumeric) && algorithm.len() <= 16;
        let mut digits = Vec::new();
        for group in words(groups) {
            let is_group = matches!(group.len(), 2 | 4 | 8) && group.iter().all(|byte| is_upper_hex(*byte));
            if !is_group || digits.len() >= *DIGITS.end() {
                return None;
            }
            digits.extend_from_slice(group);
        }
        is_word.then(|| Self { algorithm: algorithm.to_vec(), digits })
    }

    /// Adds a later part. False if it does not fit.
    fn add(&mut self, later: &Self) -> bool {
        let fits = self.digits.len() + later.digits.len() <= *DIGITS.end();
        let is_named_once = later.algorithm.is_empty() || (self.algorithm.is_empty() && self.digits.is_empty());
        if fits && is_named_once {
            self.algorithm.extend_from_slice(&later.algorithm);
            self.digits.extend_from_slice(&later.digits);
        }
        fits && is_named_once
    }

    fn claimed(&self) -> Option<Claimed> {
        if !DIGITS.contains(&self.digits.len()) {
            return None;
        }
        match &self.algorithm[..] {
            b"" => Claimed::untagged(&self.digits, None),
            word => Claimed::tagged(algorithm_of(word)?, &self.digits),
        }
    }
}

const fn is_upper_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'A'..=b'F')
}

impl Block {
    /// The block that this line begins.
    fn begun_by(line: &[u8]) -> Option<Self> {
        let colon = line.iter().rposition(|&byte| byte == b':')?;
        let rest = line[colon + 1..].strip_prefix(b" ")?;
        Some(Self { name: valid_name(&line[..colon])?.to_vec(), digest: Part::of(rest)? })
    }

    fn close(self, record: &mut Record) -> LineIs {
        let Some(digest) = self.digest.claimed() else { return LineIs::NotRead };
        record.name = self.name;
        record.digests.push(digest);
        LineIs::Entry
    }
}

impl LineForm for Gpg {
    fn read_line(&mut self, line: &[u8], record: &mut Record) -> LineIs {
        let line = without_cr(line);
        let is_blank = line.trim_ascii().is_empty();
        if let Some(open) = &mut self.open
            && !is_blank
            && Part::of(line).is_some_and(|part| open.digest.add(&part))
        {
            return self.settle.tell(None, LineIs::Ignored);
        }
        let closed = self.open.take().map(|block| block.close(record));
        self.open = Block::begun_by(line);
        let is_foreign = !is_blank && self.open.is_none();
        self.settle.tell(closed, if is_foreign { LineIs::NotRead } else { LineIs::Ignored })
    }

    fn end(&mut self, record: &mut Record) -> LineIs {
        let closed = self.open.take().map(|block| block.close(record));
        self.settle.tell(closed, LineIs::Ignored)
    }
}

/// Whether the text consists of such blocks.
pub(in crate::manifest) fn recognises(_name: &[u8], head: &[u8]) -> bool {
    reads_all(Gpg::default(), head)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Outcomes, outcomes, read_all, show};
    use super::*;

    /// Made by `gpg --print-md` of GnuPG 2.2.40, with SHA256, MD5, SHA512 and SHA1.
    const PRINT_MD: &str = "\
a: 5891B5B5 22D5DF08 6D0FF0B1 10FBD9D2 1BB4FC71 63AF34D0 8286A2E8 46F6BE03
b c: B1 94 6A C9 24 92 D2 34  7C 62 35 B4 D2 61 11 84
a: E7C22B99 4C59D9CF 2B48E549 B1E24666 63604593 0D3DA7C1 ACB299D1 C3B7F931
   F94AAE41 EDDA2C2B 207A36E1 0F8BCB8D 45223E54 878F5B31 6E7CE3B6 BC019629
x: y: SHA256 = 1: F572 D396 FAE9 2066 2871  4FB2 CE00 F72E 94F2 258F
";

    /// The same program, of a name that is longer than a line, and `--print-mds`.
    const LONG: &str = "\
averyveryveryveryveryveryverylongnamethatgoesoverthewidthofaterminallineofeightycolumns: 
E7C22B99 4C59D9CF 2B48E549 B1E24666 63604593 0D3DA7C1 ACB299D1 C3B7F931 F94AAE41
 EDDA2C2B 207A36E1 0F8BCB8D 45223E54 878F5B31 6E7CE3B6 BC019629
averyveryveryveryveryveryverylongnamethatgoesoverthewidthofaterminallineofeightycolumns: 
   MD5 = B1 94 6A C9 24 92 D2 34  7C 62 35 B4 D2 61 11 84
";

    const PRINT_MDS: &str = "\
b c:    MD5 = 9D D4 E4 61 26 8C 80 34  F5 C8 56 4E 15 5C 67 A6
b c:   SHA1 = 11F6 AD8E C52A 2984 ABAA  FD7C 3B51 6503 785C 2072
b c: SHA224 = 54A2F7F9 2A5F975D 8096AF77 A126EDDA 7DA60C5A A872EF1B 871701AE
b c: SHA256 = 2D711642 B726B044 01627CA9 FBAC32F5 C8530FB1 903CC4DB 02258717
              921A4881
";

    #[test]
    fn a_digest_without_an_algorithm_is_read_over_its_lines() {
        assert_eq!(
            show(&read_all(Gpg::default(), PRINT_MD)),
            ["a ? ?:5891b5b5", "b c ? ?:b1946ac9", "a ? ?:e7c22b99", "x: y: SHA256 = 1 ? ?:f572d396"]
        );
        let lengths: Vec<_> =
            read_all(Gpg::default(), PRINT_MD).iter().map(|record| record.digests[0].as_bytes().len()).collect();
        assert_eq!(lengths, [32, 16, 64, 20]);
        assert!(recognises(b"", PRINT_MD.as_bytes()));
    }

    #[test]
    fn a_digest_with_its_algorithm_is_tagged() {
        let expected = ["b c ? md5:9dd4e461", "b c ? sha1:11f6ad8e", "b c ? sha224:54a2f7f9", "b c ? sha256:2d711642"];
        assert_eq!(show(&read_all(Gpg::default(), PRINT_MDS)), expected);
        assert!(recognises(b"", PRINT_MDS.as_bytes()));
    }

    #[test]
    fn a_digest_that_begins_below_a_long_name_is_read() {
        let records = read_all(Gpg::default(), LONG);
        assert_eq!(records.len(), 2);
        assert!(records.iter().all(|record| record.name.starts_with(b"avery") && record.name.ends_with(b"columns")));
        assert_eq!(
            (records[0].digests[0].as_bytes().len(), records[1].digest_of(crate::Algorithm::Md5).is_some()),
            (64, true)
        );
        assert!(recognises(b"", LONG.as_bytes()));
    }

    #[test]
    fn an_algorithm_that_is_not_known_is_not_read() {
        let text = "a: FOO = B1 94 6A C9 24 92 D2 34  7C 62 35 B4 D2 61 11 84\n";
        assert_eq!(outcomes(Gpg::default(), text), Outcomes { entries: 0, not_read: 1 });
    }

    #[test]
    fn foreign_lines_and_cut_digests_are_not_read_and_none_is_lost() {
        let text = format!("prose\n{PRINT_MD}more prose\n\nDate: 20251128\nb: B1 94\n{PRINT_MDS}and the end");
        assert_eq!(outcomes(Gpg::default(), &text), Outcomes { entries: 8, not_read: 5 });
        let endless = format!("a: {}", "5891B5B5 22D5DF08\n".repeat(40));
        assert_eq!(outcomes(Gpg::default(), &endless).entries, 1, "128 digits are the longest digest");
        assert!(outcomes(Gpg::default(), &endless).not_read > 20);
    }

    #[test]
    fn other_texts_are_not_taken() {
        for text in [
            "a: b1946ac92492d2347c6235b4d2611184\n",
            "b1946ac92492d2347c6235b4d2611184  a: b\n",
            "Date: 20251128\n",
            "MD5 (a: b) = b1946ac92492d2347c6235b4d2611184\n",
            "Fingerprint: B1 94\n",
            "Files:\n",
            "",
        ] {
            assert!(!recognises(b"", text.as_bytes()), "{text}");
        }
    }
}
