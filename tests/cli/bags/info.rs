//! `bag-info.txt` (section 2.2.2).

use super::Bagit::{Agrees, Differs};
use super::Verdict::{Invalid, Valid, Warning};
use super::{Case, judge};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "metadata and a Payload-Oxum",
        paragraph: "2.2.2",
        build: |bag| bag.write("bag-info.txt", "Source-Organization: FOO University\nPayload-Oxum: 6.1\n"),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "an empty bag-info.txt",
        paragraph: "2.2.2",
        build: |bag| bag.write("bag-info.txt", ""),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "an element that is repeated",
        paragraph: "2.2.2",
        build: |bag| bag.write("bag-info.txt", "Contact-Name: A\nContact-Name: B\nContact-Name: A\n"),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "labels of one's own, with blanks and letters of any script",
        paragraph: "2.2.2",
        build: |bag| bag.write("bag-info.txt", "My own label: 1\nÜber: ä\n日本: 語\n"),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "values that go on, with colons in them",
        paragraph: "2.2.2",
        build: |bag| bag.write("bag-info.txt", "External-Description: a: b\n  c: d\n\te\nPayload-Oxum: 6.1\n"),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "an empty value",
        paragraph: "2.2.2",
        build: |bag| bag.write("bag-info.txt", "Contact-Name: \nPayload-Oxum:\t6.1\n"),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "two blanks after a colon",
        paragraph: "2.2.2",
        build: |bag| bag.write("bag-info.txt", "Contact-Name:  A\nPayload-Oxum:  6.1\n"),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "a Payload-Oxum of another payload",
        paragraph: "2.2.2",
        build: |bag| bag.write("bag-info.txt", "Payload-Oxum: 7.1\n"),
        verdict: Invalid(&["bag-info.txt: says that the payload is 7.1, but it is 6.1"]),
        bagit: Agrees,
    },
    Case {
        name: "a Payload-Oxum with another number of files",
        paragraph: "2.2.2",
        build: |bag| bag.write("bag-info.txt", "Payload-Oxum: 6.2\n"),
        verdict: Invalid(&["bag-info.txt: says that the payload is 6.2, but it is 6.1"]),
        bagit: Agrees,
    },
    Case {
        name: "a Payload-Oxum that is no two numbers",
        paragraph: "2.2.2",
        build: |bag| bag.write("bag-info.txt", "Payload-Oxum: 6 bytes\n"),
        verdict: Invalid(&["bag-info.txt: has an invalid Payload-Oxum"]),
        bagit: Agrees,
    },
    Case {
        name: "a Payload-Oxum with a sign",
        paragraph: "2.2.2",
        build: |bag| bag.write("bag-info.txt", "Payload-Oxum: +6.1\n"),
        verdict: Invalid(&["bag-info.txt: has an invalid Payload-Oxum"]),
        bagit: Agrees,
    },
    Case {
        name: "a false Payload-Oxum in small letters",
        paragraph: "2.2.2",
        build: |bag| bag.write("bag-info.txt", "payload-OXUM: 7.1\n"),
        verdict: Invalid(&["bag-info.txt: says that the payload is 7.1, but it is 6.1"]),
        bagit: Differs("it looks for the label letter by letter; 2.2.2 says that reserved names have no case"),
    },
    Case {
        name: "two equal Payload-Oxums",
        paragraph: "2.2.2",
        build: |bag| bag.write("bag-info.txt", "Payload-Oxum: 6.1\nPayload-Oxum: 6.1\n"),
        verdict: Invalid(&["bag-info.txt: has more than one Payload-Oxum"]),
        bagit: Differs("it warns and takes the first; 2.2.2 says not more than once"),
    },
    Case {
        name: "two Payload-Oxums, the second of them false",
        paragraph: "2.2.2",
        build: |bag| bag.write("bag-info.txt", "Payload-Oxum: 6.1\nPAYLOAD-OXUM: 9.9\n"),
        verdict: Invalid(&[
            "bag-info.txt: has more than one Payload-Oxum",
            "bag-info.txt: says that the payload is 9.9, but it is 6.1",
        ]),
        bagit: Differs("it takes the first; 2.2.2 says not more than once"),
    },
    Case {
        name: "a line without a colon",
        paragraph: "2.2.2",
        build: |bag| bag.write("bag-info.txt", "Contact-Name: A\nno colon here\n"),
        verdict: Invalid(&["bag-info.txt: line 2 has no colon"]),
        bagit: Agrees,
    },
    Case {
        name: "a blank before a colon",
        paragraph: "2.2.2",
        build: |bag| bag.write("bag-info.txt", "Contact-Name : A\n"),
        verdict: Invalid(&["bag-info.txt: line 1 has a blank before its colon"]),
        bagit: Differs("it trims labels in every version; 2.2.2 allows that before 1.0 alone"),
    },
    Case {
        name: "no blank after a colon",
        paragraph: "2.2.2",
        build: |bag| bag.write("bag-info.txt", "Contact-Name:A\n"),
        verdict: Invalid(&["bag-info.txt: line 1 has no blank after its colon"]),
        bagit: Differs("it trims values; 2.2.2 says a colon and a blank"),
    },
    Case {
        name: "no label before a colon",
        paragraph: "2.2.2",
        build: |bag| bag.write("bag-info.txt", ": A\n"),
        verdict: Invalid(&["bag-info.txt: line 1 has no label before its colon"]),
        bagit: Differs("it drops the element; 2.2.2 says that an element has a label"),
    },
    Case {
        name: "a first line that goes on",
        paragraph: "2.2.2",
        build: |bag| bag.write("bag-info.txt", "  Contact-Name: A\n"),
        verdict: Invalid(&["bag-info.txt: line 1 continues no element: it begins with a blank"]),
        bagit: Differs("it trims the line; 2.2.2 says that a label does not begin with a blank"),
    },
    Case {
        name: "blank lines between elements",
        paragraph: "2.2.2",
        build: |bag| bag.write("bag-info.txt", "Contact-Name: A\n\nPayload-Oxum: 6.1\n"),
        verdict: Warning("bag-info.txt: has blank lines: it will fail strict validation"),
        bagit: Agrees,
    },
    Case {
        name: "CR between elements",
        paragraph: "2.3",
        build: |bag| bag.write("bag-info.txt", "Contact-Name: A\rPayload-Oxum: 6.1\r"),
        verdict: Valid,
        bagit: Agrees,
    },
    Case {
        name: "a last line that does not end",
        paragraph: "2.3",
        build: |bag| bag.write("bag-info.txt", "Payload-Oxum: 6.1"),
        verdict: Warning("bag-info.txt: does not end with a line end: it will fail strict validation"),
        bagit: Agrees,
    },
    Case {
        name: "a bag-info.txt that is not UTF-8",
        paragraph: "2.3",
        build: |bag| bag.write("bag-info.txt", b"Contact-Name: caf\xe9\n"),
        verdict: Invalid(&["bag-info.txt: line 1 is not in the encoding that bagit.txt names"]),
        bagit: Agrees,
    },
];

#[test]
fn metadata() {
    judge(CASES);
}
