//! Bags that want the check to wait, to lead it out, or to fill the memory (section 5.1).

use super::Bagit::{Agrees, Differs, NotRun};
use super::Verdict::Invalid;
use super::{Bag, Case, judge};

const WAITS: &str = "it would wait for a writer";
const ENDLESS: &str = "it would read what has no end";

/// Puts a symbolic link where there may be a file.
fn link(bag: &Bag, name: &str, target: &str) {
    let _ = std::fs::remove_file(bag.dir.path(format!("bag/{name}")));
    bag.dir.link(&format!("bag/{name}"), target);
}

/// Puts a FIFO where there may be a file.
fn fifo(bag: &Bag, name: &str) {
    let _ = std::fs::remove_file(bag.dir.path(format!("bag/{name}")));
    bag.dir.fifo(&format!("bag/{name}"));
}

/// Puts a directory where there may be a file.
fn directory(bag: &Bag, name: &str) {
    let path = bag.dir.path(format!("bag/{name}"));
    let _ = std::fs::remove_file(&path);
    std::fs::create_dir(path).unwrap();
}

/// A file of one hole: a tebibyte of NUL that takes no room.
fn hole(bag: &Bag, name: &str) {
    let file = std::fs::File::create(bag.dir.path(format!("bag/{name}"))).unwrap();
    file.set_len(1 << 40).unwrap();
}

pub(super) const CASES: &[Case] = &[
    Case {
        name: "a FIFO in place of bagit.txt",
        paragraph: "2.1.1",
        build: |bag| fifo(bag, "bagit.txt"),
        verdict: Invalid(&["bagit.txt: cannot be read: not a regular file"]),
        bagit: Agrees,
    },
    Case {
        name: "a FIFO in place of a manifest",
        paragraph: "2.1.3",
        build: |bag| fifo(bag, "manifest-sha256.txt"),
        verdict: Invalid(&[
            "manifest-sha256.txt: cannot be read: not a regular file",
            "data/a: is not listed in manifest-sha256.txt",
        ]),
        bagit: Agrees,
    },
    Case {
        name: "a FIFO in place of a tag manifest",
        paragraph: "2.2.1",
        build: |bag| fifo(bag, "tagmanifest-sha256.txt"),
        verdict: Invalid(&[
            "tagmanifest-sha256.txt: cannot be read: not a regular file",
            "tagmanifest-sha256.txt: does not list manifest-sha256.txt",
        ]),
        bagit: Differs("it leaves out what is not a file; 2.2.1 reserves the name for a file"),
    },
    Case {
        name: "a FIFO in place of bag-info.txt",
        paragraph: "2.2.2",
        build: |bag| fifo(bag, "bag-info.txt"),
        verdict: Invalid(&["bag-info.txt: cannot be read: not a regular file"]),
        bagit: NotRun(WAITS),
    },
    Case {
        name: "a FIFO in place of fetch.txt",
        paragraph: "2.2.3",
        build: |bag| fifo(bag, "fetch.txt"),
        verdict: Invalid(&["fetch.txt: cannot be read: not a regular file"]),
        bagit: Differs("it leaves out what is not a file; 2.2.3 reserves the name for a file"),
    },
    Case {
        name: "a FIFO in the payload",
        paragraph: "2.1.2",
        build: |bag| fifo(bag, "data/a"),
        verdict: Invalid(&["data/a: not a regular file"]),
        bagit: NotRun(WAITS),
    },
    Case {
        name: "a FIFO in a tag manifest",
        paragraph: "2.2.4",
        build: |bag| {
            bag.write("notes", "x");
            bag.list_tags("sha256", &["manifest-sha256.txt", "notes"]);
            fifo(bag, "notes");
        },
        verdict: Invalid(&["notes: not a regular file"]),
        bagit: Agrees,
    },
    Case {
        name: "a directory in place of bagit.txt",
        paragraph: "2.1.1",
        build: |bag| directory(bag, "bagit.txt"),
        verdict: Invalid(&["bagit.txt: Is a directory"]),
        bagit: Agrees,
    },
    Case {
        name: "a directory in place of a manifest",
        paragraph: "2.1.3",
        build: |bag| directory(bag, "manifest-md5.txt"),
        verdict: Invalid(&["manifest-md5.txt: Is a directory", "data/a: is not listed in manifest-md5.txt"]),
        bagit: Differs("it leaves out what is not a file; 2.1.3 reserves the name for a file"),
    },
    Case {
        name: "a directory in place of bag-info.txt",
        paragraph: "2.2.2",
        build: |bag| directory(bag, "bag-info.txt"),
        verdict: Invalid(&["bag-info.txt: Is a directory"]),
        bagit: Agrees,
    },
    Case {
        name: "a directory in place of fetch.txt",
        paragraph: "2.2.3",
        build: |bag| directory(bag, "fetch.txt"),
        verdict: Invalid(&["fetch.txt: Is a directory"]),
        bagit: Differs("it leaves out what is not a file; 2.2.3 reserves the name for a file"),
    },
    Case {
        name: "a link out of the bag in the payload",
        paragraph: "5.1",
        build: |bag| {
            bag.dir.write("outside", "hello\n");
            link(bag, "data/a", "../../outside");
        },
        verdict: Invalid(&["data/a: symbolic link"]),
        bagit: Agrees,
    },
    Case {
        name: "a link within the payload",
        paragraph: "2.1.2",
        build: |bag| {
            link(bag, "data/b", "a");
            bag.list("sha256", &["data/a", "data/b"]);
        },
        verdict: Invalid(&["data/b: symbolic link"]),
        bagit: Differs("it follows links; hivesum follows none, because a link is no payload file (2.1.2, 5.1)"),
    },
    Case {
        name: "a link in place of the payload directory",
        paragraph: "5.1",
        build: |bag| {
            bag.dir.write("outside/a", "hello\n");
            bag.remove("data/a");
            std::fs::remove_dir(bag.dir.path("bag/data")).unwrap();
            link(bag, "data", "../outside");
        },
        verdict: Invalid(&[
            "data: cannot be read: symbolic link",
            "data/a: is missing, but listed in manifest-sha256.txt",
        ]),
        bagit: Agrees,
    },
    Case {
        name: "a link in place of bagit.txt",
        paragraph: "5.1",
        build: |bag| {
            bag.dir.write("outside", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
            link(bag, "bagit.txt", "../outside");
        },
        verdict: Invalid(&["bagit.txt: cannot be read: symbolic link"]),
        bagit: Differs("it follows links out of the bag; 5.1 says that nothing outside is accessed"),
    },
    Case {
        name: "a link in place of a manifest",
        paragraph: "5.1",
        build: |bag| {
            bag.dir.write("outside", bag.lines("sha256", &["data/a"]));
            link(bag, "manifest-sha256.txt", "../outside");
        },
        verdict: Invalid(&[
            "manifest-sha256.txt: cannot be read: symbolic link",
            "data/a: is not listed in manifest-sha256.txt",
        ]),
        bagit: Differs("it follows links out of the bag; 5.1 says that nothing outside is accessed"),
    },
    Case {
        name: "a link to nothing in place of bag-info.txt",
        paragraph: "2.2.2",
        build: |bag| link(bag, "bag-info.txt", "nothing"),
        verdict: Invalid(&["bag-info.txt: cannot be read: symbolic link"]),
        bagit: Differs("it takes the link for nothing; what is there cannot be read"),
    },
    Case {
        name: "a link to /dev/zero in place of bag-info.txt",
        paragraph: "5.1",
        build: |bag| link(bag, "bag-info.txt", "/dev/zero"),
        verdict: Invalid(&["bag-info.txt: cannot be read: symbolic link"]),
        bagit: NotRun(ENDLESS),
    },
    Case {
        name: "a link to /dev/zero in place of a manifest",
        paragraph: "5.1",
        build: |bag| link(bag, "manifest-md5.txt", "/dev/zero"),
        verdict: Invalid(&[
            "manifest-md5.txt: cannot be read: symbolic link",
            "data/a: is not listed in manifest-md5.txt",
        ]),
        bagit: Differs("it leaves out what is not a file; 2.1.3 reserves the name for a file"),
    },
    Case {
        name: "a tebibyte of nothing in place of bagit.txt",
        paragraph: "2.1.1",
        build: |bag| hole(bag, "bagit.txt"),
        verdict: Invalid(&["bagit.txt: is larger than 65536 bytes"]),
        bagit: NotRun(ENDLESS),
    },
    Case {
        name: "a tebibyte of nothing in place of bag-info.txt",
        paragraph: "2.2.2",
        build: |bag| hole(bag, "bag-info.txt"),
        verdict: Invalid(&["bag-info.txt: is larger than 67108864 bytes"]),
        bagit: NotRun(ENDLESS),
    },
    Case {
        name: "a tebibyte of nothing in place of a manifest",
        paragraph: "2.1.3",
        build: |bag| hole(bag, "manifest-md5.txt"),
        verdict: Invalid(&[
            "manifest-md5.txt: line 1 is longer than 1 MiB",
            "data/a: is not listed in manifest-md5.txt",
        ]),
        bagit: NotRun(ENDLESS),
    },
    Case {
        name: "a tebibyte of nothing in place of fetch.txt",
        paragraph: "2.2.3",
        build: |bag| hole(bag, "fetch.txt"),
        verdict: Invalid(&["fetch.txt: line 1 is longer than 1 MiB"]),
        bagit: NotRun(ENDLESS),
    },
];

#[test]
fn hostile_bags() {
    judge(CASES);
}
