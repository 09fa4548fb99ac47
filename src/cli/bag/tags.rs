//! The tag files of a bag: how they are written and read.

use std::fmt::Write;

/// The declaration, RFC 8493 section 2.1.1: exactly two lines.
pub(super) const DECLARATION: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

/// The number of bytes and files of the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Oxum {
    pub(super) octets: u64,
    pub(super) files: u64,
}

/// The text of `bag-info.txt`.
pub(super) fn info(oxum: Oxum, date: &str) -> String {
    let mut text = String::new();
    let version = env!("CARGO_PKG_VERSION");
    // Writing into a string never fails.
    let _ = writeln!(text, "Bag-Software-Agent: hivesum {version}");
    let _ = writeln!(text, "Bagging-Date: {date}");
    let _ = writeln!(text, "Payload-Oxum: {}.{}", oxum.octets, oxum.files);
    text
}

/// What is wrong with a declaration; `None` if it is valid and its version is known.
pub(super) fn fault_of_declaration(text: &[u8]) -> Option<&'static str> {
    let Ok(text) = std::str::from_utf8(text) else { return Some("is not UTF-8") };
    let lines: Vec<&str> = text.lines().collect();
    let [version, encoding] = lines[..] else { return Some("does not have exactly two lines") };
    let Some(version) = version.strip_prefix("BagIt-Version: ") else { return Some("does not begin with its version") };
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match version.split_once('.') {
        Some((major, minor)) if is_number(major) && is_number(minor) => {}
        _ => return Some("has no version of the form M.N"),
    }
    if !matches!(version, "0.93" | "0.94" | "0.95" | "0.96" | "0.97" | "1.0") {
        return Some("has an unknown version");
    }
    match encoding.strip_prefix("Tag-File-Character-Encoding: ") {
        Some(name) if name.eq_ignore_ascii_case("utf-8") => None,
        Some(_) => Some("names an encoding other than UTF-8"),
        None => Some("does not name an encoding"),
    }
}

/// The `Payload-Oxum` of `bag-info.txt`: `None` if there is none, an error if it is invalid.
pub(super) fn oxum_of(info: &[u8]) -> Result<Option<Oxum>, ()> {
    let text = String::from_utf8_lossy(info);
    let Some(value) = text.lines().find_map(|line| line.strip_prefix("Payload-Oxum:")) else { return Ok(None) };
    let (octets, files) = value.trim().split_once('.').ok_or(())?;
    Ok(Some(Oxum { octets: octets.parse().map_err(drop)?, files: files.parse().map_err(drop)? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_is_two_lines_of_a_known_version_in_utf8() {
        assert_eq!(fault_of_declaration(DECLARATION.as_bytes()), None);
        assert_eq!(fault_of_declaration(b"BagIt-Version: 0.97\r\nTag-File-Character-Encoding: utf-8\r\n"), None);
        for text in [
            "",
            "BagIt-Version: 1.0\n",
            "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n\nmore\n",
            "BagIt-Version: 9.9\nTag-File-Character-Encoding: UTF-8\n",
            "BagIt-Version: 1\nTag-File-Character-Encoding: UTF-8\n",
            "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-16\n",
            "Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
            "BagIt-Version: 1.0\nEncoding: UTF-8\n",
        ] {
            assert!(fault_of_declaration(text.as_bytes()).is_some(), "{text:?}");
        }
    }

    #[test]
    fn an_oxum_that_was_written_is_read_back() {
        let oxum = Oxum { octets: 12, files: 3 };
        assert_eq!(oxum_of(info(oxum, "2024-01-02").as_bytes()), Ok(Some(oxum)));
        assert_eq!(oxum_of(b"Contact-Name: x\n"), Ok(None));
        for wrong in ["Payload-Oxum: 12\n", "Payload-Oxum: a.b\n", "Payload-Oxum: -1.2\n"] {
            assert_eq!(oxum_of(wrong.as_bytes()), Err(()));
        }
    }
}
