//! Names in manifests: percent-encoding, paths that lead out, and Unicode (sections 2.1.3, 5.1 and 6.1.1).

use super::Bagit::{Agrees, Differs};
use super::Verdict::{Invalid, Valid, Warning};
use super::{Bag, Case, judge};

/// A line for a name that leads out, after the good one.
fn list_also(bag: &Bag, name: &str) {
    let line = format!("{}  {name}\n", "0".repeat(64));
    bag.write("manifest-sha256.txt", bag.lines("sha256", &["data/a"]) + &line);
}

/// One payload file of this name, listed by that.
fn only(bag: &Bag, on_disk: &str, written: &str) {
    bag.remove("data/a");
    bag.write(on_disk, "x");
    bag.list_as(written, on_disk);
}

const OUTSIDE: &[&str] = &["manifest-sha256.txt: line 2 names a file outside the bag"];

const NFC: &str = "data/caf\u{e9}";
const NFD: &str = "data/cafe\u{301}";

pub(super) const CASES: &[Case] = &[
    Case {
        name: "names with blanks and signs",
        paragraph: "2.1.3",
        build: |bag| {
            let names = ["data/a b", "data/ c", "data/*d", "data/é 日本", "data/~x", "data/..x", "data/\"q\" & 'r'"];
            bag.remove("data/a");
            names.iter().for_each(|name| bag.write(name, name));
            bag.list("sha256", &names);
        },
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "a name that ends with a blank",
        paragraph: "2.1.3",
        build: |bag| only(bag, "data/a ", "data/a "),
        verdict: Valid,
        bagit: Differs("it trims lines; 2.1.3 has the whole rest of the line for the name"),
    },
    Case {
        name: "an encoded LF and CR",
        paragraph: "2.1.3",
        build: |bag| only(bag, "data/a\nb\rc", "data/a%0Ab%0Dc"),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "an encoded LF in small letters",
        paragraph: "2.1.3",
        build: |bag| only(bag, "data/a\nb", "data/a%0ab"),
        verdict: Valid,
        bagit: Differs("its flag for case is taken for a count; RFC 3986 2.1 says that the digits have no case"),
    },
    Case {
        name: "three encoded LFs",
        paragraph: "2.1.3",
        build: |bag| only(bag, "data/a\nb\nc\nd", "data/a%0Ab%0Ac%0Ad"),
        verdict: Valid,
        bagit: Differs("it decodes two at most, its flag for case being taken for a count"),
    },
    Case {
        name: "an encoded percent sign",
        paragraph: "2.1.3",
        build: |bag| only(bag, "data/100%", "data/100%25"),
        verdict: Valid,
        bagit: Differs("it neither writes nor reads %25; 2.1.3 says that the percent sign is encoded"),
    },
    Case {
        name: "an encoded percent sign before 0A",
        paragraph: "2.1.3",
        build: |bag| only(bag, "data/100%0A", "data/100%250A"),
        verdict: Valid,
        bagit: Differs("it neither writes nor reads %25; 2.1.3 says that the percent sign is encoded"),
    },
    Case {
        name: "a percent sign that is not encoded",
        paragraph: "2.1.3",
        build: |bag| only(bag, "data/100%", "data/100%"),
        verdict: Warning("data/100%: its name is not percent-encoded in manifest-sha256.txt"),
        bagit: Agrees,
    },
    Case {
        name: "a name that looks encoded and is not",
        paragraph: "2.1.3",
        build: |bag| only(bag, "data/a%25b", "data/a%25b"),
        verdict: Warning("data/a%25b: its name is not percent-encoded in manifest-sha256.txt"),
        bagit: Agrees,
    },
    Case {
        name: "another letter that is encoded",
        paragraph: "2.1.3",
        build: |bag| only(bag, "data/a b", "data/a%20b"),
        verdict: Invalid(&[
            "data/a%20b: is missing, but listed in manifest-sha256.txt",
            "'data/a b': is not listed in manifest-sha256.txt",
        ]),
        bagit: Agrees,
    },
    Case {
        name: "a name that leads up",
        paragraph: "5.1",
        build: |bag| list_also(bag, "data/../../etc/passwd"),
        verdict: Invalid(OUTSIDE),
        bagit: Agrees,
    },
    Case {
        name: "a name that leads up and back",
        paragraph: "5.1",
        build: |bag| {
            bag.write("data/b", "x");
            bag.write("data/d/c", "y");
            let lines = bag.lines("sha256", &["data/a", "data/d/../b", "data/d/c"]);
            bag.write("manifest-sha256.txt", lines);
        },
        verdict: Invalid(&[OUTSIDE[0], "data/b: is not listed in manifest-sha256.txt"]),
        bagit: Differs("it resolves the name; hivesum takes no .. at all (5.1)"),
    },
    Case {
        name: "an absolute name",
        paragraph: "5.1",
        build: |bag| list_also(bag, "/etc/passwd"),
        verdict: Invalid(OUTSIDE),
        bagit: Agrees,
    },
    Case {
        name: "a home directory",
        paragraph: "5.1",
        build: |bag| list_also(bag, "~/x"),
        verdict: Invalid(OUTSIDE),
        bagit: Agrees,
    },
    Case {
        name: "the home directory of a user in a tag manifest",
        paragraph: "5.1",
        build: |bag| {
            let line = format!("{}  ~root/.profile\n", "0".repeat(64));
            bag.write("tagmanifest-sha256.txt", bag.lines("sha256", &["manifest-sha256.txt"]) + &line);
        },
        verdict: Invalid(&["tagmanifest-sha256.txt: line 2 names a file outside the bag"]),
        bagit: Agrees,
    },
    Case {
        name: "a tag manifest that leads up",
        paragraph: "5.1",
        build: |bag| {
            bag.dir.write("outside.txt", "x");
            bag.list_tags("sha256", &["manifest-sha256.txt", "../outside.txt"]);
        },
        verdict: Invalid(&["tagmanifest-sha256.txt: line 2 names a file outside the bag"]),
        bagit: Agrees,
    },
    Case {
        name: "a drive and backslashes",
        paragraph: "5.1",
        build: |bag| list_also(bag, "C:\\Windows\\win.ini"),
        verdict: Invalid(&["manifest-sha256.txt: line 2 names a file that is not in data/"]),
        bagit: Agrees,
    },
    Case {
        name: "backslashes between directories",
        paragraph: "2.1.3",
        build: |bag| only(bag, "data/d/b", "data\\d\\b"),
        verdict: Invalid(&[
            "manifest-sha256.txt: line 1 names a file that is not in data/",
            "data/d/b: is not listed in manifest-sha256.txt",
        ]),
        bagit: Agrees,
    },
    Case {
        name: "./ before a name",
        paragraph: "2.1.3",
        build: |bag| only(bag, "data/b", "./data/b"),
        verdict: Warning("manifest-sha256.txt: has names with ./ or // in them"),
        bagit: Agrees,
    },
    Case {
        name: "a doubled slash",
        paragraph: "2.1.3",
        build: |bag| only(bag, "data/d/b", "data/d//b"),
        verdict: Warning("manifest-sha256.txt: has names with ./ or // in them"),
        bagit: Agrees,
    },
    Case {
        name: "decomposed in the manifest, composed on disk",
        paragraph: "6.1.1.3",
        build: |bag| only(bag, NFC, NFD),
        verdict: Warning("in its Unicode normalisation form alone: bagit.py 1.9 calls the bag invalid"),
        bagit: Differs("it compares the names in NFC but opens what the manifest has; 6.1.1.3 says to tolerate it"),
    },
    Case {
        name: "composed in the manifest, decomposed on disk",
        paragraph: "6.1.1.3",
        build: |bag| only(bag, NFD, NFC),
        verdict: Warning("in its Unicode normalisation form alone: some tools call the bag invalid"),
        bagit: Agrees,
    },
    Case {
        name: "a tag file that is decomposed on disk",
        paragraph: "6.1.1.3",
        build: |bag| {
            bag.write("notes/cafe\u{301}.xml", "x");
            let digest = bag.digest("sha256", "notes/cafe\u{301}.xml");
            let line = format!("{digest}  notes/caf\u{e9}.xml\n");
            bag.write("tagmanifest-sha256.txt", bag.lines("sha256", &["manifest-sha256.txt"]) + &line);
        },
        verdict: Warning("in its Unicode normalisation form alone: some tools call the bag invalid"),
        bagit: Differs("it compares payload names alone in NFC; 6.1.1.3 speaks of all names"),
    },
    Case {
        name: "two files whose names differ only in their form",
        paragraph: "6.1.1.3",
        build: |bag| {
            bag.remove("data/a");
            bag.write(NFC, "x");
            bag.write(NFD, "y");
            bag.list("sha256", &[NFC, NFD]);
        },
        verdict: Warning("differs from another file in its Unicode normalisation form alone"),
        bagit: Agrees,
    },
    Case {
        name: "one file listed in both forms",
        paragraph: "2.1.3",
        build: |bag| {
            bag.remove("data/a");
            bag.write(NFC, "x");
            let digest = bag.digest("sha256", NFC);
            bag.write("manifest-sha256.txt", format!("{digest}  {NFC}\n{digest}  {NFD}\n"));
        },
        verdict: Invalid(&["manifest-sha256.txt: line 2 names a file that is listed already"]),
        bagit: Agrees,
    },
    Case {
        name: "two files whose names differ only in case",
        paragraph: "6.1.1.1",
        build: |bag| {
            bag.write("data/A", "x");
            bag.list("sha256", &["data/a", "data/A"]);
        },
        verdict: Valid,
        bagit: Agrees,
    },
];

#[test]
fn names_in_manifests() {
    judge(CASES);
}
