//! What Windows' `certutil -hashfile FILE ALGORITHM` prints: a line with algorithm and name, the digest, a last line.
//!
//! The first line is in the language of the system. Its English, German, French and Chinese forms are known; of another
//! language it cannot be said where the name begins, so it is not read. `SHA256 hash of file a:` is of Windows 7 if the
//! bytes of the digest are apart, and of a file `file a` if they are not. By Microsoft's documentation and by output
//! that users have published; there is no certutil for other systems.

use super::super::entry::Claimed;
use super::super::record::Record;
use super::{LineForm, LineIs, algorithm_of, reads_all, valid_name, without_cr};

/// What stands before the algorithm, between it and the name, and after the name.
const HEADERS: [[&[u8]; 3]; 4] = [
    [b"", b" hash of ", b":"],
    [b"", b"-Hash von ", b":"],
    [b"Hachage ", b" de ", b" :"],
    [b"", " 的 ".as_bytes(), " 哈希:".as_bytes()],
];

/// What stands before the name in Windows 7.
const OLD: &[u8] = b"file ";

/// The start of the last line, in every language.
const LAST: &[u8] = b"CertUtil: -hashfile";

/// Digits of the longest digest, and the blanks between its bytes.
const MAX_DIGEST_LINE: usize = 3 * 64;

/// Reads the output of any number of calls.
#[derive(Debug, Default)]
pub(in crate::manifest) struct Certutil {
    open: Option<Header>,
}

/// The first line of an output.
#[derive(Debug)]
struct Header {
    algorithm: Vec<u8>,
    name: Vec<u8>,
}

impl Header {
    fn of(line: &[u8]) -> Option<Self> {
        HEADERS.iter().find_map(|[before, between, after]| {
            let line = line.strip_prefix(*before)?.strip_suffix(*after)?;
            let at = line.windows(between.len()).position(|window| window == *between)?;
            let algorithm = &line[..at];
            let is_word = algorithm.iter().all(u8::is_ascii_alphanumeric) && (2..=16).contains(&at);
            let name = valid_name(&line[at + between.len()..])?.to_vec();
            is_word.then(|| Self { algorithm: algorithm.to_vec(), name })
        })
    }

    /// Reads the digest below.
    fn close(&self, line: &[u8], record: &mut Record) -> Option<()> {
        if line.len() > MAX_DIGEST_LINE {
            return None;
        }
        let is_old = line.contains(&b' ');
        if is_old && !line.split(|&byte| byte == b' ').all(|byte| byte.len() == 2) {
            return None;
        }
        let digits: Vec<u8> = line.iter().copied().filter(|&byte| byte != b' ').collect();
        record.digests.push(Claimed::tagged(algorithm_of(&self.algorithm)?, &digits)?);
        let name = if is_old { self.name.strip_prefix(OLD).unwrap_or(&self.name) } else { &self.name };
        record.name.extend_from_slice(valid_name(name)?);
        Some(())
    }
}

impl LineForm for Certutil {
    fn read_line(&mut self, line: &[u8], record: &mut Record) -> LineIs {
        let line = without_cr(line).trim_ascii_end();
        if let Some(open) = self.open.take() {
            self.open = Header::of(line);
            return open.close(line, record).map_or(LineIs::NotRead, |()| LineIs::Entry);
        }
        self.open = Header::of(line);
        let is_last = line.starts_with(LAST) && !line.windows(6).any(|word| word == b"FAILED");
        if self.open.is_some() || line.is_empty() || is_last { LineIs::Ignored } else { LineIs::NotRead }
    }

    fn end(&mut self, _record: &mut Record) -> LineIs {
        if self.open.take().is_some() { LineIs::NotRead } else { LineIs::Ignored }
    }
}

/// Whether the text is such an output.
pub(in crate::manifest) fn recognises(_name: &[u8], head: &[u8]) -> bool {
    reads_all(Certutil::default(), head)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{outcomes, read_all, show};
    use super::*;

    const SHA256: &str = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

    /// As users have published it, of Windows 7, 10 and 11; with the digests of `hello`.
    const SAMPLE: &str = "SHA256 hash of a.txt:\r
5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\r
CertUtil: -hashfile command completed successfully.\r
MD5 hash of file C:\\t\\b c.txt:\r
b1 94 6a c9 24 92 d2 34 7c 62 35 b4 d2 61 11 84\r
CertUtil: -hashfile command completed successfully.\r
\r
Hachage SHA256 de .\\d.jar :\r
5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\r
CertUtil: -hashfile La commande s’est terminée correctement.\r
MD5 的 .\\e.deb 哈希:\r
b1946ac92492d2347c6235b4d2611184\r
CertUtil: -hashfile 命令成功完成。\r
SHA1-Hash von f:\r
F572D396FAE9206628714FB2CE00F72E94F2258F\r
CertUtil: -hashfile-Befehl wurde erfolgreich ausgeführt.\r
";

    #[test]
    fn every_known_language_and_both_forms_of_digests_are_read() {
        assert_eq!(
            show(&read_all(Certutil::default(), SAMPLE)),
            [
                "a.txt ? sha256:5891b5b5",
                "C:\\t\\b c.txt ? md5:b1946ac9",
                ".\\d.jar ? sha256:5891b5b5",
                ".\\e.deb ? md5:b1946ac9",
                "f ? sha1:f572d396",
            ]
        );
        assert_eq!(outcomes(Certutil::default(), SAMPLE).not_read, 0);
        assert!(recognises(b"", SAMPLE.as_bytes()));
    }

    #[test]
    fn a_name_may_begin_with_the_word_file_and_hold_the_words_of_the_line() {
        let names: Vec<_> = ["file x", "a hash of b:", "of : hash of "]
            .iter()
            .flat_map(|name| read_all(Certutil::default(), format!("SHA256 hash of {name}:\n{SHA256}\n")))
            .map(|record| String::from_utf8(record.name).unwrap())
            .collect();
        assert_eq!(names, ["file x", "a hash of b:", "of : hash of "]);
    }

    #[test]
    fn a_language_or_an_algorithm_that_is_not_known_is_not_read() {
        for text in [
            format!("Algo {SHA256} de a:\n{SHA256}\n"),
            format!("Hash SHA256 dla a:\n{SHA256}\n"),
            format!("MD2 hash of a:\n{}\n", &SHA256[..32]),
            format!("SHA256 hash of a:\n{}\n", &SHA256[2..]),
            "SHA256 hash of a:\n58 91 b5b5\n".to_owned(),
            "SHA256 hash of a:\n".to_owned(),
            format!("SHA256 hash of :\n{SHA256}\n"),
            "CertUtil: -hashfile command FAILED: 0x80070002 (WIN32: 2 ERROR_FILE_NOT_FOUND)\n".to_owned(),
        ] {
            let outcomes = outcomes(Certutil::default(), &text);
            assert!(outcomes.entries == 0 && outcomes.not_read > 0, "{text}");
            assert!(!recognises(b"", text.as_bytes()));
        }
    }

    #[test]
    fn an_ordinary_checksum_file_is_not_taken() {
        for text in [format!("{SHA256}  SHA256 hash of a:\n"), format!("SHA256 (a) = {SHA256}\n"), String::new()] {
            assert!(!recognises(b"", text.as_bytes()), "{text}");
        }
    }
}
