//! Payload manifests and their algorithms (sections 2.1.3, 2.4, 3 and 6.1.3).

use super::Bagit::{Agrees, Differs};
use super::Verdict::{Invalid, Unsupported, Valid, Warning};
use super::{Bag, Case, judge};

/// A second payload file.
fn two_files(bag: &Bag) {
    bag.write("data/b", "world\n");
    bag.list("sha256", &["data/a", "data/b"]);
}

pub(super) const CASES: &[Case] = &[
    Case {
        name: "two manifests",
        paragraph: "2.1.3",
        build: |bag| bag.list("sha512", &["data/a"]),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "MD5, SHA-1, SHA-224, SHA-256, SHA-384 and SHA-512 together",
        paragraph: "2.4",
        build: |bag| ["md5", "sha1", "sha224", "sha384", "sha512"].iter().for_each(|one| bag.list(one, &["data/a"])),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "one of two manifests does not match",
        paragraph: "3",
        build: |bag| bag.write("manifest-md5.txt", format!("{}  data/a\n", "0".repeat(32))),
        verdict: Invalid(&["data/a: does not match manifest-md5.txt"]),
        bagit: Agrees,
    },
    Case {
        name: "a changed file",
        paragraph: "3",
        build: |bag| bag.write("data/a", "hallo\n"),
        verdict: Invalid(&["data/a: does not match manifest-sha256.txt"]),
        bagit: Agrees,
    },
    Case {
        name: "a missing file",
        paragraph: "3",
        build: |bag| {
            two_files(bag);
            bag.remove("data/b");
        },
        verdict: Invalid(&["data/b: is missing, but listed in manifest-sha256.txt"]),
        bagit: Agrees,
    },
    Case {
        name: "a file that is not listed",
        paragraph: "2.1.3",
        build: |bag| bag.write("data/more", "x"),
        verdict: Invalid(&["data/more: is not listed in manifest-sha256.txt"]),
        bagit: Agrees,
    },
    Case {
        name: "a file in one of two manifests",
        paragraph: "3",
        build: |bag| {
            two_files(bag);
            bag.list("md5", &["data/a"]);
        },
        verdict: Invalid(&["data/b: is not listed in manifest-md5.txt"]),
        bagit: Differs("it asks for one manifest in every version; 3 says every manifest for 1.0"),
    },
    Case {
        name: "the same line twice",
        paragraph: "2.1.3",
        build: |bag| bag.write("manifest-sha256.txt", bag.lines("sha256", &["data/a", "data/a"])),
        verdict: Invalid(&["manifest-sha256.txt: line 2 names a file that is listed already"]),
        bagit: Agrees,
    },
    Case {
        name: "a file twice with two digests",
        paragraph: "2.1.3",
        build: |bag| {
            let wrong = format!("{}  data/a\n", "0".repeat(64));
            bag.write("manifest-sha256.txt", wrong + &bag.lines("sha256", &["data/a"]));
        },
        verdict: Invalid(&[
            "data/a: does not match manifest-sha256.txt",
            "manifest-sha256.txt: line 2 names a file that is listed already",
        ]),
        bagit: Agrees,
    },
    Case {
        name: "one file by two spellings of its name",
        paragraph: "2.1.3",
        build: |bag| bag.write("manifest-sha256.txt", bag.lines("sha256", &["data/a", "./data/a"])),
        verdict: Invalid(&["manifest-sha256.txt: line 2 names a file that is listed already"]),
        bagit: Agrees,
    },
    Case {
        name: "digits in upper case",
        paragraph: "2.1.3",
        build: |bag| {
            let digest = bag.digest("sha256", "data/a").to_uppercase();
            bag.write("manifest-sha256.txt", format!("{digest}  data/a\n"));
        },
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "a tab between digest and name",
        paragraph: "2.1.3",
        build: |bag| bag.write("manifest-sha256.txt", format!("{}\tdata/a\n", bag.digest("sha256", "data/a"))),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "many blanks between digest and name",
        paragraph: "2.1.3",
        build: |bag| bag.write("manifest-sha256.txt", format!("{} \t  \tdata/a\n", bag.digest("sha256", "data/a"))),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "no blank between digest and name",
        paragraph: "2.1.3",
        build: |bag| bag.write("manifest-sha256.txt", format!("{}data/a\n", bag.digest("sha256", "data/a"))),
        verdict: Invalid(&[
            "manifest-sha256.txt: line 1 is not a manifest entry",
            "data/a: is not listed in manifest-sha256.txt",
        ]),
        bagit: Agrees,
    },
    Case {
        name: "a line that is garbage",
        paragraph: "2.1.3",
        build: |bag| bag.write("manifest-sha256.txt", bag.lines("sha256", &["data/a"]) + "garbage\n"),
        verdict: Invalid(&["manifest-sha256.txt: line 2 is not a manifest entry"]),
        bagit: Differs("it logs the line and goes on; 2.1.3 says each line"),
    },
    Case {
        name: "a comment in a manifest",
        paragraph: "2.1.3",
        build: |bag| {
            bag.write("manifest-sha256.txt", "# made by hand\n".to_owned() + &bag.lines("sha256", &["data/a"]))
        },
        verdict: Invalid(&["manifest-sha256.txt: line 1 is not a manifest entry"]),
        bagit: Differs("it skips comments; 2.1.3 has none"),
    },
    Case {
        name: "a digest of another algorithm's length",
        paragraph: "2.1.3",
        build: |bag| bag.write("manifest-sha256.txt", bag.lines("md5", &["data/a"])),
        verdict: Invalid(&[
            "manifest-sha256.txt: line 1 has a digest of another length than the algorithm's",
            "data/a: is not listed in manifest-sha256.txt",
        ]),
        bagit: Agrees,
    },
    Case {
        name: "a * before a name in a payload manifest",
        paragraph: "6.1.3",
        build: |bag| bag.write("manifest-sha256.txt", format!("{} *data/a\n", bag.digest("sha256", "data/a"))),
        verdict: Warning("manifest-sha256.txt: has a * before names, as md5sum writes it"),
        bagit: Agrees,
    },
    Case {
        name: "a backslash before a digest",
        paragraph: "6.1.3",
        build: |bag| {
            bag.write("data/b\\c", "x");
            let digest = bag.digest("sha256", "data/b\\c");
            let line = format!("\\{digest}  data/b\\\\c\n");
            bag.write("manifest-sha256.txt", bag.lines("sha256", &["data/a"]) + &line);
        },
        verdict: Invalid(&[
            "manifest-sha256.txt: line 2 begins with a backslash, as md5sum writes it before a name that has one: \
             a bag may not",
            "'data/b\\c': is not listed in manifest-sha256.txt",
        ]),
        bagit: Agrees,
    },
    Case {
        name: "a manifest that lists a directory",
        paragraph: "2.1.3",
        build: |bag| {
            bag.write("data/d/b", "x");
            let line = format!("{}  data/d\n", "0".repeat(64));
            bag.write("manifest-sha256.txt", bag.lines("sha256", &["data/a", "data/d/b"]) + &line);
        },
        verdict: Invalid(&["data/d: is a directory, but listed in manifest-sha256.txt"]),
        bagit: Agrees,
    },
    Case {
        name: "a manifest that lists a tag file",
        paragraph: "2.1.3",
        build: |bag| bag.list("sha256", &["data/a", "bagit.txt"]),
        verdict: Invalid(&["manifest-sha256.txt: line 2 names a file that is not in data/"]),
        bagit: Differs("it takes the line for one of a tag manifest; 2.1.3 says payload files alone"),
    },
    Case {
        name: "an algorithm that nobody has",
        paragraph: "2.4",
        build: |bag| bag.write("manifest-gost94.txt", "0123456789abcdef  data/a\n"),
        verdict: Unsupported("manifest-gost94.txt: cannot be checked: hivesum has no algorithm gost94"),
        bagit: Differs("it does not see manifests of algorithms that it lacks; 3 wants every checksum verified"),
    },
    Case {
        name: "an algorithm that nobody has, and a file that it does not list",
        paragraph: "3",
        build: |bag| {
            two_files(bag);
            bag.write("manifest-gost94.txt", "0123456789abcdef  data/a\n");
        },
        verdict: Invalid(&[
            "manifest-gost94.txt: cannot be checked: hivesum has no algorithm gost94",
            "data/b: is not listed in manifest-gost94.txt",
        ]),
        bagit: Differs("it does not see manifests of algorithms that it lacks; 3 wants every file in every manifest"),
    },
    Case {
        name: "nothing but an algorithm that nobody has",
        paragraph: "2.4",
        build: |bag| {
            bag.remove("manifest-sha256.txt");
            bag.write("manifest-gost94.txt", "0123456789abcdef  data/a\n");
        },
        verdict: Unsupported("manifest-gost94.txt: cannot be checked: hivesum has no algorithm gost94"),
        bagit: Agrees,
    },
    Case {
        name: "an algorithm in upper case in a name",
        paragraph: "2.4",
        build: |bag| {
            bag.write("manifest-SHA256.txt", bag.lines("sha256", &["data/a"]));
            bag.remove("manifest-sha256.txt");
        },
        verdict: Warning("manifest-SHA256.txt: the standard writes sha256 in its name"),
        bagit: Differs("it looks for names of its own spelling alone; hivesum reads every common one and warns"),
    },
    Case {
        name: "SHA3-256 with an underscore in a name",
        paragraph: "2.4",
        build: |bag| {
            bag.remove("manifest-sha256.txt");
            bag.write("manifest-sha3_256.txt", format!("{}  data/a\n", SHA3_256_OF_HELLO));
        },
        verdict: Warning("manifest-sha3_256.txt: the standard writes sha3256 in its name"),
        bagit: Agrees,
    },
    Case {
        name: "SHA3-256 as the standard spells it",
        paragraph: "2.4",
        build: |bag| {
            bag.remove("manifest-sha256.txt");
            bag.write("manifest-sha3256.txt", format!("{}  data/a\n", SHA3_256_OF_HELLO));
        },
        verdict: Valid,
        bagit: Differs("it looks for sha3_256 alone; 2.4 removes what is not a letter or digit"),
    },
];

/// Of `hello` and LF, by `openssl dgst -sha3-256`.
const SHA3_256_OF_HELLO: &str = "b314e28493eae9dab57ac4f0c6d887bddbbeb810e900d818395ace558e96516d";

#[test]
fn payload_manifests() {
    judge(CASES);
}
