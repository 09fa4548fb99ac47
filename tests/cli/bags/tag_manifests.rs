//! Tag manifests and the tag files that they list (sections 2.2.1 and 2.2.4).

use super::Bagit::{Agrees, Differs};
use super::Verdict::{Invalid, Unsupported, Valid, Warning};
use super::{Case, judge};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "a tag manifest of all tag files",
        paragraph: "2.2.1",
        build: |bag| {
            bag.write("notes/x.xml", "<x/>");
            bag.list_tags("sha256", &["bagit.txt", "manifest-sha256.txt", "notes/x.xml"]);
        },
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "a tag manifest by another algorithm than the payload's",
        paragraph: "2.2.1",
        build: |bag| bag.list_tags("md5", &["bagit.txt", "manifest-sha256.txt"]),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "a tag file that no tag manifest lists",
        paragraph: "2.2.1",
        build: |bag| {
            bag.list_tags("sha256", &["manifest-sha256.txt"]);
            bag.write("extra.txt", "x");
        },
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "a changed tag file",
        paragraph: "2.2.4",
        build: |bag| {
            bag.write("notes.xml", "<x/>");
            bag.list_tags("sha256", &["manifest-sha256.txt", "notes.xml"]);
            bag.write("notes.xml", "<y/>");
        },
        verdict: Invalid(&["notes.xml: does not match tagmanifest-sha256.txt"]),
        bagit: Agrees,
    },
    Case {
        name: "a missing tag file",
        paragraph: "3",
        build: |bag| {
            bag.write("notes.xml", "<x/>");
            bag.list_tags("sha256", &["manifest-sha256.txt", "notes.xml"]);
            bag.remove("notes.xml");
        },
        verdict: Invalid(&["notes.xml: No such file or directory"]),
        bagit: Agrees,
    },
    Case {
        name: "a tag manifest that lists no payload manifest",
        paragraph: "2.2.1",
        build: |bag| bag.list_tags("sha256", &["bagit.txt"]),
        verdict: Invalid(&["tagmanifest-sha256.txt: does not list manifest-sha256.txt"]),
        bagit: Differs("it does not look; 2.2.1 says that each tag manifest lists every payload manifest"),
    },
    Case {
        name: "a tag manifest that lists one of two payload manifests",
        paragraph: "2.2.1",
        build: |bag| {
            bag.list("md5", &["data/a"]);
            bag.list_tags("sha256", &["manifest-sha256.txt"]);
        },
        verdict: Invalid(&["tagmanifest-sha256.txt: does not list manifest-md5.txt"]),
        bagit: Differs("it does not look; 2.2.1 says that each tag manifest lists every payload manifest"),
    },
    Case {
        name: "a tag manifest that lists another",
        paragraph: "2.2.1",
        build: |bag| {
            bag.list_tags("md5", &["manifest-sha256.txt"]);
            bag.list_tags("sha256", &["manifest-sha256.txt", "tagmanifest-md5.txt"]);
        },
        verdict: Invalid(&["tagmanifest-sha256.txt: lists tagmanifest-md5.txt: a tag manifest lists none"]),
        bagit: Differs("it does not look; 2.2.1 says that a tag manifest lists no tag manifest"),
    },
    Case {
        name: "a tag manifest that lists a payload file",
        paragraph: "2.2.1",
        build: |bag| bag.list_tags("md5", &["manifest-sha256.txt", "data/a"]),
        verdict: Invalid(&["tagmanifest-md5.txt: line 2 names a payload file"]),
        bagit: Differs("it puts all lines together; 2.2.1 says no name begins with data/"),
    },
    Case {
        name: "a tag file twice",
        paragraph: "2.2.1",
        build: |bag| bag.list_tags("sha256", &["manifest-sha256.txt", "manifest-sha256.txt"]),
        verdict: Invalid(&["tagmanifest-sha256.txt: line 2 names a file that is listed already"]),
        bagit: Agrees,
    },
    Case {
        name: "a * before a name in a tag manifest",
        paragraph: "6.1.3",
        build: |bag| {
            let digest = bag.digest("sha256", "manifest-sha256.txt");
            bag.write("tagmanifest-sha256.txt", format!("{digest} *manifest-sha256.txt\n"));
        },
        verdict: Warning("tagmanifest-sha256.txt: has a * before names, as md5sum writes it"),
        bagit: Agrees,
    },
    Case {
        name: "a tag file whose name begins with *",
        paragraph: "2.2.1",
        build: |bag| {
            bag.write("*notes", "x");
            bag.list_tags("sha256", &["manifest-sha256.txt", "*notes"]);
        },
        verdict: Valid,
        bagit: Differs("it takes every * off; 2.2.1 has names as they are"),
    },
    Case {
        name: "a tag manifest of an algorithm that nobody has",
        paragraph: "2.4",
        build: |bag| bag.write("tagmanifest-gost94.txt", "0123  manifest-sha256.txt\n"),
        verdict: Unsupported("tagmanifest-gost94.txt: cannot be checked: hivesum has no algorithm gost94"),
        bagit: Differs("it does not see tag manifests of algorithms that it lacks; 3 wants every checksum verified"),
    },
    Case {
        name: "a tag file in a hidden directory",
        paragraph: "2",
        build: |bag| {
            bag.write(".meta/x", "x");
            bag.list_tags("sha256", &["manifest-sha256.txt", ".meta/x"]);
        },
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "an empty tag manifest",
        paragraph: "2.2.1",
        build: |bag| bag.write("tagmanifest-sha256.txt", ""),
        verdict: Invalid(&["tagmanifest-sha256.txt: does not list manifest-sha256.txt"]),
        bagit: Differs("it does not look; 2.2.1 says that each tag manifest lists every payload manifest"),
    },
];

#[test]
fn tag_manifests() {
    judge(CASES);
}
