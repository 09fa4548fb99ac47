//! The lines of `b3sum`: 64 lower-case digits, two spaces, a name in UTF-8 with the escapes of GNU lines.
//!
//! Written lines are read by `b3sum --check` 1.8 and by every reader of GNU lines. They are read as GNU lines here;
//! tests read them as strictly as `b3sum --check` does.

#[cfg(test)]
pub(super) use self::tests::parse_line;
use super::names::{LineEnd, NotRepresentable};
use super::{Format, gnu};

/// Appends one line.
///
/// # Errors
/// [`NotRepresentable`] for a name that is not UTF-8; nothing is written then.
pub fn write_line(out: &mut Vec<u8>, name: &[u8], digest: &[u8]) -> Result<(), NotRepresentable> {
    if std::str::from_utf8(name).is_err() {
        return Err(NotRepresentable { format: Format::B3sum, why: "is not UTF-8" });
    }
    gnu::write_line(out, name, digest, LineEnd::Newline);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::bsd;
    use super::super::entry::{Claimed, Digits, Entry};
    use super::super::hint::Hint;
    use super::super::names::Escaping;
    use super::*;
    use crate::digest::Algorithm;

    /// Reads one line without its end, plain or tagged. `None` where `b3sum --check` would refuse it: no comments, no
    /// empty lines, no other blanks.
    pub(in crate::manifest) fn parse_line(line: &[u8]) -> Option<Entry<'_>> {
        if std::str::from_utf8(line).is_err() || line.contains(&0) {
            return None;
        }
        let (escaping, line) = Escaping::strip(line, LineEnd::Newline);
        if let Some(rest) = line.strip_prefix(b"BLAKE3 (") {
            let digits = rest.len().checked_sub(2 * Algorithm::Blake3.digest_bytes())?;
            let rest_is_exact = rest[..digits].ends_with(b") = ") && is_lower_hex(&rest[digits..]);
            return bsd::parse(Algorithm::of_tag(b"BLAKE3")?, rest, escaping, Digits::Hex).filter(|_| rest_is_exact);
        }
        let digits = line.get(..2 * Algorithm::Blake3.digest_bytes()).filter(|digits| is_lower_hex(digits))?;
        let name = line[digits.len()..].strip_prefix(b"  ").filter(|name| !name.is_empty())?;
        Some(Entry {
            name: escaping.name(name)?,
            digest: Claimed::untagged(digits, Some(Hint::Algorithm(Algorithm::Blake3)))?,
        })
    }

    fn is_lower_hex(digits: &[u8]) -> bool {
        digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    }

    #[test]
    fn a_name_that_is_not_utf8_is_refused_and_nothing_is_written() {
        let mut out = b"kept".to_vec();
        let refused = write_line(&mut out, b"caf\xe9", &[0; 32]).unwrap_err();
        assert_eq!(refused.to_string(), "the b3sum format cannot carry a name that is not UTF-8");
        assert_eq!(out, b"kept");
    }

    #[test]
    fn only_exact_lines_are_accepted() {
        let digits = "0123456789abcdef".repeat(4);
        assert_eq!(&*parse_line(format!("{digits}  a b").as_bytes()).unwrap().name, b"a b");
        assert_eq!(&*parse_line(format!("BLAKE3 (a) b) = {digits}").as_bytes()).unwrap().name, b"a) b");
        let upper = digits.to_uppercase();
        for line in [
            String::new(),
            "# comment".to_owned(),
            format!("{digits} a"),
            format!("{digits}  "),
            format!("{digits} *a"),
            format!("{upper}  a"),
            format!(" {digits}  a"),
            format!("\\{digits}  a\\t"),
            format!("BLAKE3 (a) = {upper}"),
            format!("BLAKE3 (a)  = {digits}"),
            format!("SHA256 (a) = {digits}"),
        ] {
            assert!(parse_line(line.as_bytes()).is_none(), "{line} was accepted");
        }
    }
}
