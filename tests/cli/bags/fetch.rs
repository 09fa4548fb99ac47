//! `fetch.txt` (section 2.2.3).

use super::Bagit::{Agrees, Differs};
use super::Verdict::{Invalid, Valid, Warning};
use super::{Bag, Case, judge};

/// A listed file that is not there, and where to fetch it.
fn hole(bag: &Bag) {
    bag.write("data/b", "world\n");
    bag.list("sha256", &["data/a", "data/b"]);
    bag.remove("data/b");
    bag.write("fetch.txt", "https://example.org/b 6 data/b\n");
}

const OUTSIDE: &[&str] = &["fetch.txt: line 1 names a file outside the bag"];

pub(super) const CASES: &[Case] = &[
    Case {
        name: "all that was to be fetched is here",
        paragraph: "2.2.3",
        build: |bag| bag.write("fetch.txt", "https://example.org/a 6 data/a\n"),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "a length that is not known, tabs, and an encoded URL",
        paragraph: "2.2.3",
        build: |bag| bag.write("fetch.txt", "http://example.org/a%20b?c=d\t-\t \tdata/a\n"),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "a URL of a file",
        paragraph: "2.2.3",
        build: |bag| bag.write("fetch.txt", "file:///srv/a - data/a\n"),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "a URN",
        paragraph: "2.2.3",
        build: |bag| bag.write("fetch.txt", "urn:isbn:0451450523 - data/a\n"),
        verdict: Valid,
        bagit: Differs("it wants a host; 2.2.3 says an absolute URI, and a URN is one"),
    },
    Case {
        name: "an empty fetch.txt",
        paragraph: "2.2.3",
        build: |bag| bag.write("fetch.txt", ""),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "a file that is still to be fetched",
        paragraph: "3",
        build: hole,
        verdict: Invalid(&["data/b: is missing: it is still to be fetched from https://example.org/b"]),
        bagit: Agrees,
    },
    Case {
        name: "a length that is not the file's",
        paragraph: "5.3",
        build: |bag| bag.write("fetch.txt", "https://example.org/a 7 data/a\n"),
        verdict: Warning("data/a: has 6 bytes, but 7 by line 1 of fetch.txt"),
        bagit: Agrees,
    },
    Case {
        name: "a line of garbage",
        paragraph: "2.2.3",
        build: |bag| bag.write("fetch.txt", "garbage\n"),
        verdict: Invalid(&["fetch.txt: line 1 is not of the form URL LENGTH NAME"]),
        bagit: Agrees,
    },
    Case {
        name: "a line without a length",
        paragraph: "2.2.3",
        build: |bag| bag.write("fetch.txt", "https://example.org/a data/a\n"),
        verdict: Invalid(&["fetch.txt: line 1 is not of the form URL LENGTH NAME"]),
        bagit: Agrees,
    },
    Case {
        name: "a blank line in fetch.txt",
        paragraph: "2.2.3",
        build: |bag| bag.write("fetch.txt", "https://example.org/a 6 data/a\n\n"),
        verdict: Invalid(&["fetch.txt: line 2 is not of the form URL LENGTH NAME"]),
        bagit: Agrees,
    },
    Case {
        name: "a length in words",
        paragraph: "2.2.3",
        build: |bag| bag.write("fetch.txt", "https://example.org/a six data/a\n"),
        verdict: Invalid(&["fetch.txt: line 1 has a length that is neither a number nor -"]),
        bagit: Differs("it does not look; 2.2.3 says a number of octets or -"),
    },
    Case {
        name: "a URL without a scheme",
        paragraph: "2.2.3",
        build: |bag| bag.write("fetch.txt", "example.org/a 6 data/a\n"),
        verdict: Invalid(&["fetch.txt: line 1 does not begin with an absolute URL"]),
        bagit: Agrees,
    },
    Case {
        name: "a URL with a letter that is to be encoded",
        paragraph: "2.2.3",
        build: |bag| bag.write("fetch.txt", "https://example.org/ä 6 data/a\n"),
        verdict: Invalid(&["fetch.txt: line 1 does not begin with an absolute URL"]),
        bagit: Differs("it asks for a scheme and a host alone; 2.2.3 says a URI as in RFC 3986"),
    },
    Case {
        name: "a name that leads up in fetch.txt",
        paragraph: "5.1",
        build: |bag| bag.write("fetch.txt", "https://example.org/a 6 data/../../a\n"),
        verdict: Invalid(OUTSIDE),
        bagit: Agrees,
    },
    Case {
        name: "an absolute name in fetch.txt",
        paragraph: "5.1",
        build: |bag| bag.write("fetch.txt", "https://example.org/a 6 /etc/passwd\n"),
        verdict: Invalid(OUTSIDE),
        bagit: Agrees,
    },
    Case {
        name: "a home directory in fetch.txt",
        paragraph: "5.1",
        build: |bag| bag.write("fetch.txt", "https://example.org/a 6 ~root/a\n"),
        verdict: Invalid(OUTSIDE),
        bagit: Agrees,
    },
    Case {
        name: "a tag file in fetch.txt",
        paragraph: "2.2.3",
        build: |bag| bag.write("fetch.txt", "https://example.org/a 6 bag-info.txt\n"),
        verdict: Invalid(&["fetch.txt: line 1 names a file that is not in data/"]),
        bagit: Differs("it does not look; 2.2.3 says that no tag file is fetched"),
    },
    Case {
        name: "a file of fetch.txt that is in no manifest",
        paragraph: "2.2.3",
        build: |bag| bag.write("fetch.txt", "https://example.org/c 6 data/c\n"),
        verdict: Invalid(&[
            "fetch.txt: line 1 names a file that not every payload manifest lists",
            "data/c: is missing: it is still to be fetched from https://example.org/c",
        ]),
        bagit: Differs("it does not look; 2.2.3 says that every manifest lists it"),
    },
    Case {
        name: "a file of fetch.txt that is in one of two manifests",
        paragraph: "2.2.3",
        build: |bag| {
            hole(bag);
            bag.list("md5", &["data/a"]);
        },
        verdict: Invalid(&[
            "fetch.txt: line 1 names a file that not every payload manifest lists",
            "data/b: is missing: it is still to be fetched from https://example.org/b",
        ]),
        bagit: Agrees,
    },
    Case {
        name: "an encoded name in fetch.txt",
        paragraph: "2.2.3",
        build: |bag| {
            bag.write("data/100%", "x");
            bag.write("manifest-sha256.txt", bag.lines("sha256", &["data/a", "data/100%"]).replace("100%", "100%25"));
            bag.write("fetch.txt", "https://example.org/x 1 data/100%25\n");
        },
        verdict: Valid,
        bagit: Differs("it neither writes nor reads %25; 2.1.3 says that the percent sign is encoded"),
    },
];

#[test]
fn fetch_files() {
    judge(CASES);
}
