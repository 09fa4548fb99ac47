//! How mtree writes names: the escapes of vis(3).
//!
//! NetBSD's mtree writes `\^A`, `\M-C`, `\M^?`, `\s` and C's `\n`; FreeBSD's and libarchive write `\ooo`. All are read.
//! Written is `\ooo` alone, for every byte that is not a plain character, because it is the only form that all of them
//! read: libarchive 3.6 takes `\M-C` and `\#` for the characters themselves.

/// The name. `None` if an escape is not valid.
pub(super) fn decode(written: &[u8]) -> Option<Vec<u8>> {
    let mut name = Vec::with_capacity(written.len());
    let mut rest = written;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            name.push(byte);
            continue;
        }
        let (decoded, used) = decode_escape(rest)?;
        name.extend(decoded);
        rest = &rest[used..];
    }
    Some(name)
}

/// Reads what follows a backslash: the byte, if it stands for one, and how many bytes were used.
fn decode_escape(rest: &[u8]) -> Option<(Option<u8>, usize)> {
    let one = |byte| Some((Some(byte), 1));
    match *rest.first()? {
        b'a' => one(0x07),
        b'b' => one(0x08),
        b't' => one(b'\t'),
        b'n' => one(b'\n'),
        b'v' => one(0x0b),
        b'f' => one(0x0c),
        b'r' => one(b'\r'),
        b's' => one(b' '),
        b'E' => one(0x1b),
        b'0'..=b'7' => decode_octal(rest),
        b'^' => Some((Some(control(*rest.get(1)?)?), 2)),
        b'M' => match (rest.get(1)?, *rest.get(2)?) {
            (b'-', byte) if byte.is_ascii_graphic() => Some((Some(byte | 0x80), 3)),
            (b'^', byte) => Some((Some(control(byte)? | 0x80), 3)),
            _ => None,
        },
        // A line end that is only on the paper.
        b'$' => Some((None, 1)),
        byte if byte.is_ascii_punctuation() => one(byte),
        _ => None,
    }
}

/// One to three octal digits.
fn decode_octal(rest: &[u8]) -> Option<(Option<u8>, usize)> {
    let digits = rest.iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    let value = rest[..digits].iter().fold(0_u32, |value, byte| 8 * value + u32::from(byte - b'0'));
    Some((Some(u8::try_from(value).ok()?), digits))
}

/// The control character that is written as `^` and this one.
const fn control(byte: u8) -> Option<u8> {
    match byte {
        b'?' => Some(0x7f),
        b'@'..=b'_' => Some(byte & 0x1f),
        _ => None,
    }
}

/// Whether the last byte is a backslash that is not part of an escape, as `\\`, `\^\` and `\M-\` are.
pub(super) fn ends_with_backslash(line: &[u8]) -> bool {
    let mut rest = line;
    while let Some(at) = rest.iter().position(|&byte| byte == b'\\') {
        let used = match rest[at + 1..] {
            [] => return true,
            [b'M', b'-' | b'^', _, ..] => 4,
            [b'^', _, ..] => 3,
            [_, ..] => 2,
        };
        rest = &rest[at + used..];
    }
    false
}

/// Appends the name. A `*`, `?` or `[` is escaped too, because mtree reads names as patterns, and so is `=`.
pub(super) fn encode(out: &mut Vec<u8>, name: &[u8]) {
    for &byte in name {
        if byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#' | b'=' | b'*' | b'?' | b'[') {
            out.push(byte);
        } else {
            out.extend_from_slice(&[b'\\', b'0' + (byte >> 6), b'0' + (byte >> 3 & 7), b'0' + (byte & 7)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How `mtree -c` of mtree-netbsd 20180822 writes each byte but NUL and `/`, in order, between blanks.
    const NETBSD: &str = r##"\^A \^B \^C \^D \^E \^F \a \b \t \n \v \f \r \^N \^O \^P \^Q \^R \^S \^T \^U \^V \^W \^X \^Y \^Z \^[ \^\ \^] \^^ \^_ \s ! " \# $ % & ' ( ) * + , - . 0 1 2 3 4 5 6 7 8 9 : ; < = > ? @ A B C D E F G H I J K L M N O P Q R S T U V W X Y Z [ \\ ] ^ _ ` a b c d e f g h i j k l m n o p q r s t u v w x y z { | } ~ \^? \M^@ \M^A \M^B \M^C \M^D \M^E \M^F \M^G \M^H \M^I \M^J \M^K \M^L \M^M \M^N \M^O \M^P \M^Q \M^R \M^S \M^T \M^U \M^V \M^W \M^X \M^Y \M^Z \M^[ \M^\ \M^] \M^^ \M^_ \240 \M-! \M-" \M-# \M-$ \M-% \M-& \M-' \M-( \M-) \M-* \M-+ \M-, \M-- \M-. \M-/ \M-0 \M-1 \M-2 \M-3 \M-4 \M-5 \M-6 \M-7 \M-8 \M-9 \M-: \M-; \M-< \M-= \M-> \M-? \M-@ \M-A \M-B \M-C \M-D \M-E \M-F \M-G \M-H \M-I \M-J \M-K \M-L \M-M \M-N \M-O \M-P \M-Q \M-R \M-S \M-T \M-U \M-V \M-W \M-X \M-Y \M-Z \M-[ \M-\ \M-] \M-^ \M-_ \M-` \M-a \M-b \M-c \M-d \M-e \M-f \M-g \M-h \M-i \M-j \M-k \M-l \M-m \M-n \M-o \M-p \M-q \M-r \M-s \M-t \M-u \M-v \M-w \M-x \M-y \M-z \M-{ \M-| \M-} \M-~ \M^?"##;

    #[test]
    fn every_byte_as_netbsd_writes_it_is_read() {
        let bytes: Vec<u8> = (1..=255).filter(|&byte| byte != b'/').collect();
        let written: Vec<&str> = NETBSD.split(' ').collect();
        assert_eq!(written.len(), bytes.len());
        for (byte, written) in bytes.iter().zip(written) {
            let decoded = decode(format!("x{written}7").as_bytes());
            assert_eq!(decoded, Some(vec![b'x', *byte, b'7']), "{written}");
        }
    }

    #[test]
    fn every_byte_as_libarchive_writes_it_is_read_and_written() {
        // Made by `bsdtar --format=mtree` of libarchive 3.6.2.
        assert_eq!(decode(br"l\351\240\001x\0407").as_deref(), Some(&b"l\xe9\xa0\x01x 7"[..]));
        let mut out = Vec::new();
        encode(&mut out, b"l\xe9\xa0\x01x 7\\#=");
        assert_eq!(out, br"l\351\240\001x\0407\134\043\075");
        for byte in 0..=255 {
            out.clear();
            encode(&mut out, &[byte, b'7']);
            assert_eq!(decode(&out), Some(vec![byte, b'7']), "{byte}");
        }
    }

    #[test]
    fn only_a_backslash_of_its_own_ends_a_line() {
        for (line, ends) in
            [(r"a \", true), (r"a\\", false), (r"\^\", false), (r"\^\\", true), (r"\M-\", false), (r"\M^\ \", true)]
        {
            assert_eq!(ends_with_backslash(line.as_bytes()), ends, "{line}");
        }
        assert!(!ends_with_backslash(b"") && !ends_with_backslash(b"a"));
    }

    #[test]
    fn an_invalid_escape_is_refused() {
        for written in [r"a\", r"\q", r"\M", r"\M-", r"\Mx", r"\M- ", r"\^", r"\^a", r"\400", r"\8", r"\M^a", r"\ "] {
            assert_eq!(decode(written.as_bytes()), None, "{written}");
        }
        assert_eq!(decode(br"\1\12\$a").as_deref(), Some(&b"\x01\na"[..]));
    }
}
