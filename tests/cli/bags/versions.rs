//! The drafts 0.93 to 0.97, whose rules RFC 8493 tells where they differ (sections 2.2.2 and 3).

use super::Bagit::{Agrees, Differs};
use super::Verdict::{Invalid, Valid, Warning};
use super::{Bag, Case, judge};

/// A second payload file that only one of two manifests lists.
fn in_one_of_two(bag: &Bag, version: &str) {
    bag.declare(version, "UTF-8");
    bag.write("data/b", "x");
    bag.list("sha256", &["data/a"]);
    bag.list("md5", &["data/b"]);
}

pub(super) const CASES: &[Case] = &[
    Case {
        name: "version 0.93",
        paragraph: "3",
        build: |bag| in_one_of_two(bag, "0.93"),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "version 0.94",
        paragraph: "3",
        build: |bag| in_one_of_two(bag, "0.94"),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "version 0.95",
        paragraph: "3",
        build: |bag| in_one_of_two(bag, "0.95"),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "version 0.96",
        paragraph: "3",
        build: |bag| in_one_of_two(bag, "0.96"),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "version 0.97",
        paragraph: "3",
        build: |bag| in_one_of_two(bag, "0.97"),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "a file in none of two manifests before 1.0",
        paragraph: "3",
        build: |bag| {
            in_one_of_two(bag, "0.97");
            bag.write("data/c", "y");
        },
        verdict: Invalid(&["data/c: is not listed in any manifest"]),
        bagit: Agrees,
    },
    Case {
        name: "a changed file before 1.0",
        paragraph: "3",
        build: |bag| {
            in_one_of_two(bag, "0.96");
            bag.write("data/b", "y");
        },
        verdict: Invalid(&["data/b: does not match manifest-md5.txt"]),
        bagit: Agrees,
    },
    Case {
        name: "the same line twice before 1.0",
        paragraph: "2.1.3",
        build: |bag| {
            bag.declare("0.97", "UTF-8");
            bag.write("manifest-sha256.txt", bag.lines("sha256", &["data/a", "data/a"]));
        },
        verdict: Warning("manifest-sha256.txt: line 2 lists a file a second time, with the same digest"),
        bagit: Agrees,
    },
    Case {
        name: "a file twice with two digests before 1.0",
        paragraph: "2.1.3",
        build: |bag| {
            bag.declare("0.97", "UTF-8");
            let wrong = format!("{}  data/a\n", "0".repeat(64));
            bag.write("manifest-sha256.txt", bag.lines("sha256", &["data/a"]) + &wrong);
        },
        verdict: Invalid(&[
            "data/a: does not match manifest-sha256.txt",
            "manifest-sha256.txt: line 2 names a file that is listed already",
        ]),
        bagit: Agrees,
    },
    Case {
        name: "blanks around colons before 1.0",
        paragraph: "2.2.2",
        build: |bag| {
            bag.declare("0.97", "UTF-8");
            bag.write("bag-info.txt", "Contact-Name \t:  A\nContact-Email:b\nPayload-Oxum : 6.1\n");
        },
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "a false oxum with a blank before its colon before 1.0",
        paragraph: "2.2.2",
        build: |bag| {
            bag.declare("0.96", "UTF-8");
            bag.write("bag-info.txt", "Payload-Oxum : 7.1\n");
        },
        verdict: Invalid(&["bag-info.txt: says that the payload is 7.1, but it is 6.1"]),
        bagit: Agrees,
    },
    Case {
        name: "two equal oxums before 1.0",
        paragraph: "2.2.2",
        build: |bag| {
            bag.declare("0.97", "UTF-8");
            bag.write("bag-info.txt", "Payload-Oxum: 6.1\nPayload-Oxum: 6.1\n");
        },
        verdict: Warning("bag-info.txt: has more than one Payload-Oxum"),
        bagit: Agrees,
    },
    Case {
        name: "metadata in package-info.txt up to 0.95",
        paragraph: "2.2.2",
        build: |bag| {
            bag.declare("0.95", "UTF-8");
            bag.write("package-info.txt", "Payload-Oxum: 7.1\n");
        },
        verdict: Invalid(&["package-info.txt: says that the payload is 7.1, but it is 6.1"]),
        bagit: Agrees,
    },
    Case {
        name: "a package-info.txt in 0.96 is any tag file",
        paragraph: "2.2.4",
        build: |bag| {
            bag.declare("0.96", "UTF-8");
            bag.write("package-info.txt", "Payload-Oxum: 7.1\nno colon\n");
        },
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "a percent sign before 1.0",
        paragraph: "2.1.3",
        build: |bag| {
            bag.declare("0.97", "UTF-8");
            bag.write("data/100%", "x");
            bag.write("data/a%25b", "y");
            bag.list("sha256", &["data/a", "data/100%", "data/a%25b"]);
        },
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "a tag manifest without the payload manifest before 1.0",
        paragraph: "2.2.1",
        build: |bag| {
            bag.declare("0.97", "UTF-8");
            bag.list_tags("sha256", &["bagit.txt"]);
        },
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "a changed tag file before 0.97",
        paragraph: "3",
        build: |bag| {
            bag.declare("0.96", "UTF-8");
            bag.write("notes.xml", "<x/>");
            bag.list_tags("sha256", &["notes.xml"]);
            bag.write("notes.xml", "<y/>");
        },
        verdict: Invalid(&["notes.xml: does not match tagmanifest-sha256.txt"]),
        bagit: Differs("it reads tag manifests from 0.97 on; the drafts before have them, too"),
    },
    Case {
        name: "a file of fetch.txt that one of two manifests lists before 1.0",
        paragraph: "2.2.3",
        build: |bag| {
            in_one_of_two(bag, "0.97");
            bag.write("fetch.txt", "https://example.org/b 1 data/b\n");
        },
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "a file of fetch.txt that no manifest lists before 1.0",
        paragraph: "2.2.3",
        build: |bag| {
            in_one_of_two(bag, "0.97");
            bag.write("fetch.txt", "https://example.org/c 1 data/c\n");
        },
        verdict: Invalid(&[
            "fetch.txt: line 1 names a file that no payload manifest lists",
            "data/c: is missing: it is still to be fetched from https://example.org/c",
        ]),
        bagit: Differs("it does not look; 2.2.3 says that it is listed"),
    },
];

#[test]
fn versions_before_1_0() {
    judge(CASES);
}
