//! The declaration, the payload directory, and what a bag must have (sections 2, 2.1.1, 2.1.2 and 3).

use super::Bagit::{Agrees, Differs};
use super::Verdict::{Invalid, Unsupported, Valid, Warning};
use super::{Case, judge};

const LF_UTF8: &str = "\nTag-File-Character-Encoding: UTF-8\n";

pub(super) const CASES: &[Case] = &[
    Case { name: "the smallest bag", paragraph: "3", build: |_| {}, verdict: Valid, bagit: Agrees },
    Case {
        name: "an empty payload with an empty manifest",
        paragraph: "2.1.2",
        build: |bag| {
            bag.remove("data/a");
            bag.write("manifest-sha256.txt", "");
        },
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "tag files and tag directories of any name",
        paragraph: "2.2.4",
        build: |bag| {
            bag.write("notes/deep/read me.xml", "<x/>");
            bag.write("manifest-sha256.txt.bak", "junk");
            bag.write("my-manifest-sha256.txt", "junk");
            bag.write("tagmanifest.txt", "junk");
        },
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "no bagit.txt",
        paragraph: "2.1.1",
        build: |bag| bag.remove("bagit.txt"),
        verdict: Invalid(&["bagit.txt: No such file or directory"]),
        bagit: Agrees,
    },
    Case {
        name: "an empty bagit.txt",
        paragraph: "2.1.1",
        build: |bag| bag.write("bagit.txt", ""),
        verdict: Invalid(&["bagit.txt: does not have exactly two lines", "bagit.txt: does not begin with its version"]),
        bagit: Agrees,
    },
    Case {
        name: "a bagit.txt of one line",
        paragraph: "2.1.1",
        build: |bag| bag.write("bagit.txt", "BagIt-Version: 1.0\n"),
        verdict: Invalid(&["bagit.txt: does not have exactly two lines"]),
        bagit: Agrees,
    },
    Case {
        name: "a bagit.txt of three lines",
        paragraph: "2.1.1",
        build: |bag| bag.write("bagit.txt", format!("BagIt-Version: 1.0{LF_UTF8}Contact-Name: x\n")),
        verdict: Invalid(&["bagit.txt: does not have exactly two lines"]),
        bagit: Differs("it reads any number of elements; 2.1.1 says exactly two lines"),
    },
    Case {
        name: "a bagit.txt with a blank line after it",
        paragraph: "2.1.1",
        build: |bag| bag.write("bagit.txt", format!("BagIt-Version: 1.0{LF_UTF8}\n")),
        verdict: Invalid(&["bagit.txt: does not have exactly two lines"]),
        bagit: Differs("it skips blank lines; 2.1.1 says exactly two lines"),
    },
    Case {
        name: "a bagit.txt with its lines in the other order",
        paragraph: "2.1.1",
        build: |bag| bag.write("bagit.txt", "Tag-File-Character-Encoding: UTF-8\nBagIt-Version: 1.0\n"),
        verdict: Invalid(&["bagit.txt: does not begin with its version", "bagit.txt: does not name an encoding"]),
        bagit: Differs("it does not look at the order; 2.1.1 says in this order"),
    },
    Case {
        name: "a bagit.txt with CRLF",
        paragraph: "2.3",
        build: |bag| bag.write("bagit.txt", "BagIt-Version: 1.0\r\nTag-File-Character-Encoding: UTF-8\r\n"),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "a bagit.txt with CR",
        paragraph: "2.3",
        build: |bag| bag.write("bagit.txt", "BagIt-Version: 1.0\rTag-File-Character-Encoding: UTF-8\r"),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "a bagit.txt without a last line end",
        paragraph: "7.1",
        build: |bag| bag.write("bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8"),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "a bagit.txt with a byte order mark",
        paragraph: "2.1.1",
        build: |bag| bag.write("bagit.txt", format!("\u{feff}BagIt-Version: 1.0{LF_UTF8}")),
        verdict: Invalid(&["bagit.txt: begins with a byte order mark"]),
        bagit: Agrees,
    },
    Case {
        name: "a bagit.txt that is not UTF-8",
        paragraph: "2.1.1",
        build: |bag| bag.write("bagit.txt", b"BagIt-Version: 1.0\nTag-File-Character-Encoding: \xff\n"),
        verdict: Invalid(&["bagit.txt: is not UTF-8"]),
        bagit: Agrees,
    },
    Case {
        name: "a blank before the colon in bagit.txt",
        paragraph: "2.1.1",
        build: |bag| bag.write("bagit.txt", format!("BagIt-Version : 1.0{LF_UTF8}")),
        verdict: Invalid(&["bagit.txt: does not begin with its version"]),
        bagit: Differs("it trims labels; 2.1.1 gives the line letter by letter"),
    },
    Case {
        name: "two blanks after the colon in bagit.txt",
        paragraph: "2.1.1",
        build: |bag| bag.write("bagit.txt", format!("BagIt-Version:  1.0{LF_UTF8}")),
        verdict: Invalid(&["bagit.txt: has no version of the form M.N"]),
        bagit: Differs("it trims values; 2.1.1 gives the line letter by letter"),
    },
    Case {
        name: "a label in lower case in bagit.txt",
        paragraph: "2.1.1",
        build: |bag| bag.write("bagit.txt", format!("bagit-version: 1.0{LF_UTF8}")),
        verdict: Invalid(&["bagit.txt: does not begin with its version"]),
        bagit: Agrees,
    },
    Case {
        name: "a version that is no number",
        paragraph: "2.1.1",
        build: |bag| bag.declare("one.zero", "UTF-8"),
        verdict: Invalid(&["bagit.txt: has no version of the form M.N"]),
        bagit: Agrees,
    },
    Case {
        name: "a version without a minor number",
        paragraph: "2.1.1",
        build: |bag| bag.declare("1", "UTF-8"),
        verdict: Invalid(&["bagit.txt: has no version of the form M.N"]),
        bagit: Differs("it compares (1,) with (2,); 2.1.1 says M.N"),
    },
    Case {
        name: "a version of the future",
        paragraph: "2.1.1",
        build: |bag| bag.declare("2.0", "UTF-8"),
        verdict: Unsupported("bagit.txt: cannot be checked: hivesum knows versions 0.93 to 0.97 and 1.0, not 2.0"),
        bagit: Agrees,
    },
    Case {
        name: "a minor version of the future",
        paragraph: "2.1.1",
        build: |bag| bag.declare("1.1", "UTF-8"),
        verdict: Unsupported("bagit.txt: cannot be checked: hivesum knows versions 0.93 to 0.97 and 1.0, not 1.1"),
        bagit: Differs("it takes 1.1 for 1.0; its rules are not written yet"),
    },
    Case {
        name: "no payload directory",
        paragraph: "2.1.2",
        build: |bag| {
            bag.remove("data/a");
            std::fs::remove_dir(bag.dir.path("bag/data")).unwrap();
            bag.write("manifest-sha256.txt", "");
        },
        verdict: Invalid(&["data: No such file or directory"]),
        bagit: Agrees,
    },
    Case {
        name: "a file in place of the payload directory",
        paragraph: "2.1.2",
        build: |bag| {
            bag.remove("data/a");
            std::fs::remove_dir(bag.dir.path("bag/data")).unwrap();
            bag.write("data", "x");
            bag.write("manifest-sha256.txt", "");
        },
        verdict: Invalid(&["data: Not a directory"]),
        bagit: Agrees,
    },
    Case {
        name: "no payload manifest",
        paragraph: "2.1.3",
        build: |bag| bag.remove("manifest-sha256.txt"),
        verdict: Invalid(&["bag: has no payload manifest"]),
        bagit: Agrees,
    },
    Case {
        name: "an empty directory in the payload",
        paragraph: "2.1.3",
        build: |bag| std::fs::create_dir(bag.dir.path("bag/data/empty")).unwrap(),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "a hidden file in the payload",
        paragraph: "2.1.3",
        build: |bag| {
            bag.write("data/.keep", "");
            bag.list("sha256", &["data/a", "data/.keep"]);
        },
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "blank lines in a manifest",
        paragraph: "2.1.3",
        build: |bag| bag.write("manifest-sha256.txt", bag.lines("sha256", &["data/a"]) + "\n \t\n"),
        verdict: Warning("manifest-sha256.txt: has blank lines: it will fail strict validation"),
        bagit: Agrees,
    },
];

#[test]
fn the_structure_of_a_bag() {
    judge(CASES);
}
