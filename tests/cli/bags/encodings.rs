//! The format of text tag files: line ends, encodings and byte order marks (section 2.3).

use super::Bagit::{Agrees, Differs};
use super::Verdict::{Invalid, Unsupported, Valid, Warning};
use super::{Bag, Case, judge};

/// One payload file whose name is not ASCII, and its manifest and metadata in this encoding.
fn encoded(bag: &Bag, label: &str, encode: impl Fn(&str) -> Vec<u8>) {
    bag.declare("1.0", label);
    bag.remove("data/a");
    bag.write("data/café", "x");
    bag.write("manifest-sha256.txt", encode(&bag.lines("sha256", &["data/café"])));
    bag.write("bag-info.txt", encode("Contact-Name: René\nPayload-Oxum: 1.1\n"));
}

fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect()
}

fn utf16(text: &str, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes_of).collect()
}

fn utf16_be_marked(text: &str) -> Vec<u8> {
    utf16(&format!("\u{feff}{text}"), u16::to_be_bytes)
}

pub(super) const CASES: &[Case] = &[
    Case {
        name: "CRLF in a manifest",
        paragraph: "2.3",
        build: |bag| bag.write("manifest-sha256.txt", bag.lines("sha256", &["data/a"]).replace('\n', "\r\n")),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "CR in a manifest of two files",
        paragraph: "2.3",
        build: |bag| {
            bag.write("data/b", "x");
            bag.write("manifest-sha256.txt", bag.lines("sha256", &["data/a", "data/b"]).replace('\n', "\r"));
        },
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "CR in a tag manifest and in fetch.txt",
        paragraph: "2.3",
        build: |bag| {
            bag.write("fetch.txt", "https://example.org/a 6 data/a\r");
            let lines = bag.lines("sha256", &["manifest-sha256.txt", "fetch.txt"]);
            bag.write("tagmanifest-sha256.txt", lines.replace('\n', "\r"));
        },
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "a manifest without a last line end",
        paragraph: "2.3",
        build: |bag| bag.write("manifest-sha256.txt", bag.lines("sha256", &["data/a"]).trim_end()),
        verdict: Warning("manifest-sha256.txt: does not end with a line end"),
        bagit: Agrees,
    },
    Case {
        name: "a byte order mark before a UTF-8 manifest",
        paragraph: "2.3",
        build: |bag| bag.write("manifest-sha256.txt", "\u{feff}".to_owned() + &bag.lines("sha256", &["data/a"])),
        verdict: Warning("manifest-sha256.txt: begins with a byte order mark, which UTF-8 must not have here"),
        bagit: Agrees,
    },
    Case {
        name: "a byte order mark before bag-info.txt in UTF-8",
        paragraph: "2.3",
        build: |bag| bag.write("bag-info.txt", "\u{feff}Payload-Oxum: 6.1\n"),
        verdict: Warning("bag-info.txt: begins with a byte order mark, which UTF-8 must not have here"),
        bagit: Agrees,
    },
    Case {
        name: "a false oxum behind a byte order mark",
        paragraph: "2.2.2",
        build: |bag| bag.write("bag-info.txt", "\u{feff}Payload-Oxum: 7.1\n"),
        verdict: Invalid(&["bag-info.txt: says that the payload is 7.1, but it is 6.1"]),
        bagit: Differs("it takes the mark for a part of the label"),
    },
    Case {
        name: "the encoding in small letters",
        paragraph: "2.1.1",
        build: |bag| bag.declare("1.0", "utf-8"),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "ISO-8859-1",
        paragraph: "2.3",
        build: |bag| encoded(bag, "ISO-8859-1", latin1),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "ISO-8859-1 with a letter that Windows-1252 has another for",
        paragraph: "2.3",
        build: |bag| {
            bag.declare("1.0", "ISO-8859-1");
            bag.write("data/\u{80}", "x");
            bag.write("manifest-sha256.txt", latin1(&bag.lines("sha256", &["data/a", "data/\u{80}"])));
        },
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "ISO-8859-1 where UTF-8 was meant",
        paragraph: "2.3",
        build: |bag| encoded(bag, "ISO-8859-1", |text| text.as_bytes().to_vec()),
        verdict: Invalid(&[
            "data/cafÃ©: is missing, but listed in manifest-sha256.txt",
            "data/café: is not listed in manifest-sha256.txt",
        ]),
        bagit: Agrees,
    },
    Case {
        name: "UTF-8 where ISO-8859-1 was meant",
        paragraph: "2.3",
        build: |bag| encoded(bag, "UTF-8", latin1),
        verdict: Invalid(&[
            "manifest-sha256.txt: line 1 is not in the encoding that bagit.txt names",
            "bag-info.txt: line 1 is not in the encoding that bagit.txt names",
            "data/café: is not listed in manifest-sha256.txt",
        ]),
        bagit: Agrees,
    },
    Case {
        name: "US-ASCII with a letter that it lacks",
        paragraph: "2.3",
        build: |bag| {
            bag.declare("1.0", "US-ASCII");
            bag.write("bag-info.txt", "Contact-Name: René\n");
        },
        verdict: Invalid(&["bag-info.txt: line 1 is not in the encoding that bagit.txt names"]),
        bagit: Agrees,
    },
    Case {
        name: "UTF-16, the high byte first",
        paragraph: "2.3",
        build: |bag| encoded(bag, "UTF-16", utf16_be_marked),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "UTF-16, the low byte first",
        paragraph: "2.3",
        build: |bag| encoded(bag, "UTF-16", |text| utf16(&format!("\u{feff}{text}"), u16::to_le_bytes)),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "UTF-16 without a byte order mark",
        paragraph: "2.3",
        build: |bag| {
            bag.declare("1.0", "UTF-16");
            bag.write("manifest-sha256.txt", utf16(&bag.lines("sha256", &["data/a"]), u16::to_be_bytes));
        },
        verdict: Warning("manifest-sha256.txt: has no byte order mark, which UTF-16 needs"),
        bagit: Differs("Python takes the machine's own order; here the first letter tells it"),
    },
    Case {
        name: "UTF-16 of which half a letter is left",
        paragraph: "2.3",
        build: |bag| {
            encoded(bag, "UTF-16", utf16_be_marked);
            bag.write("bag-info.txt", [utf16_be_marked("A: b\n"), vec![0]].concat());
        },
        verdict: Invalid(&["bag-info.txt: line 2 is not in the encoding that bagit.txt names"]),
        bagit: Differs("Python drops the rest of a stream"),
    },
    Case {
        name: "an old encoding of Japanese",
        paragraph: "2.1.1",
        build: |bag| {
            bag.declare("0.97", "Shift_JIS");
            bag.write("bag-info.txt", b"Contact-Name: \x93\xfa\x96\x7b\n");
        },
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "an encoding that hivesum lacks",
        paragraph: "2.1.1",
        build: |bag| {
            let text = bag.lines("sha256", &["data/a"]);
            let utf32 =
                format!("\u{feff}{text}").chars().flat_map(|one| u32::from(one).to_le_bytes()).collect::<Vec<_>>();
            bag.declare("1.0", "UTF-32");
            bag.write("manifest-sha256.txt", utf32);
        },
        verdict: Unsupported("bagit.txt: cannot be checked: hivesum does not read the encoding \"UTF-32\""),
        bagit: Differs("Python has UTF-32; hivesum says that it has not"),
    },
    Case {
        name: "an encoding that nobody has",
        paragraph: "2.1.1",
        build: |bag| bag.declare("1.0", "Klingon"),
        verdict: Unsupported("bagit.txt: cannot be checked: hivesum does not read the encoding \"Klingon\""),
        bagit: Agrees,
    },
    Case {
        name: "a NUL in a manifest",
        paragraph: "2.1.3",
        build: |bag| {
            let line = format!("{}  data/b\0c\n", "0".repeat(64));
            bag.write("manifest-sha256.txt", bag.lines("sha256", &["data/a"]) + &line);
        },
        verdict: Invalid(&["manifest-sha256.txt: line 2 is not a manifest entry"]),
        bagit: Agrees,
    },
];

#[test]
fn text_tag_files() {
    judge(CASES);
}
