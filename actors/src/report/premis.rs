//! A report as PREMIS 3.0 (`http://www.loc.gov/premis/v3`): the collection and its files are objects, checks and changes
//! are events, hivesum is the agent.
//!
//! The types of events are terms of `http://id.loc.gov/vocabulary/preservation/eventType`. hivesum keeps the time of the
//! last full read that found a file as it should be: that is a fixity check of its own beside the events. What is not known
//! (the format of a file) is said to be unknown, as the schema requires the element.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::fixity::{Event, EventKind, FileState};
use hivesum_core::result::split_digests;

use super::format::Subject;
use super::text::{escaped, happened, visible, words};
use crate::store::collections::StoredEvent;

/// A term of the vocabulary: its code and its label.
type Term = (&'static str, &'static str);

const FIXITY_CHECK: Term = ("fix", "fixity check");
const DIGEST_CALCULATION: Term = ("mes", "message digest calculation");
const MODIFICATION: Term = ("mod", "modification");
const FILENAME_CHANGE: Term = ("fil", "filename change");
const METADATA_MODIFICATION: Term = ("mem", "metadata modification");

/// The type of the identifier of a collection.
const COLLECTION_ID: &str = "hivesum collection";

const VOCABULARY: &str = "http://id.loc.gov/vocabulary/preservation/eventType";

#[derive(Debug)]
pub(super) struct Premis {
    collection: String,
    directory: String,
    algorithms: Algorithms,
}

/// An event, in the order of the schema.
struct Element<'a> {
    id: String,
    term: Term,
    at: String,
    detail: &'a str,
    outcome: &'static str,
    path: &'a [u8],
}

impl Premis {
    pub(super) fn new(subject: Subject<'_>) -> Self {
        let collection = subject.counted.collection();
        let (directory, algorithms) = (visible(subject.directory), collection.settings.algorithms);
        Self { collection: collection.id.clone(), directory, algorithms }
    }

    pub(super) fn begin(&self, out: &mut String) {
        out.push_str(concat!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<premis xmlns=\"http://www.loc.gov/premis/v3\" ",
            "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" version=\"3.0\">\n",
            "<object xsi:type=\"representation\"><objectIdentifier>",
        ));
        identifier(out, "objectIdentifier", COLLECTION_ID, &self.collection);
        out.push_str("</objectIdentifier>");
        element(out, "originalName", &self.directory);
        out.push_str("</object>\n");
    }

    pub(super) fn object(&self, out: &mut String, state: &FileState) {
        out.push_str("<object xsi:type=\"file\"><objectIdentifier>");
        path_identifier(out, "objectIdentifier", &state.path);
        out.push_str("</objectIdentifier><objectCharacteristics>");
        if let Some(content) = &state.expected {
            for digest in split_digests(&content.digests, &self.algorithms) {
                out.push_str("<fixity>");
                element(out, "messageDigestAlgorithm", algorithm_name(digest.algorithm()));
                element(out, "messageDigest", &digest.to_string());
                element(out, "messageDigestOriginator", "hivesum");
                out.push_str("</fixity>");
            }
            if let Some(size) = content.meta.known_size() {
                element(out, "size", &size.to_string());
            }
        }
        out.push_str("<format><formatDesignation><formatName>unknown</formatName></formatDesignation></format>");
        out.push_str("</objectCharacteristics></object>\n");
    }

    /// The last full read that found the file as it should be, if there was one.
    pub(super) fn check(&self, out: &mut String, state: &FileState) {
        let Some(at) = state.verified_at else { return };
        let id = format!("{}/verified/{}", self.collection, spelling(&state.path).1);
        let detail = "every byte was read and compared";
        let (term, at) = (FIXITY_CHECK, at.to_string());
        self.write(out, &Element { id, term, at, detail, outcome: "pass", path: &state.path });
    }

    pub(super) fn event(&self, out: &mut String, stored: &StoredEvent) {
        let StoredEvent { n, event } = stored;
        let (term, outcome) = meaning(event);
        let mut detail = words(event.kind.name());
        if let Some(more) = happened(event) {
            detail = format!("{detail}: {more}");
        }
        let (id, at) = (format!("{}/events/{n}", self.collection), event.at.to_string());
        self.write(out, &Element { id, term, at, detail: &detail, outcome, path: &event.path });
    }

    pub(super) fn end(&self, out: &mut String) {
        out.push_str("<agent><agentIdentifier>");
        identifier(out, "agentIdentifier", "software", "hivesum");
        out.push_str("</agentIdentifier>");
        for (name, text) in
            [("agentName", "hivesum"), ("agentType", "software"), ("agentVersion", env!("CARGO_PKG_VERSION"))]
        {
            element(out, name, text);
        }
        out.push_str("</agent>\n</premis>\n");
    }

    fn write(&self, out: &mut String, event: &Element<'_>) {
        out.push_str("<event><eventIdentifier>");
        identifier(out, "eventIdentifier", "hivesum", &event.id);
        let (code, label) = event.term;
        // Writing to a string never fails.
        let _ = write!(
            out,
            "</eventIdentifier><eventType authority=\"eventType\" authorityURI=\"{VOCABULARY}\" \
            valueURI=\"{VOCABULARY}/{code}\">{label}</eventType>"
        );
        element(out, "eventDateTime", &event.at);
        out.push_str("<eventDetailInformation>");
        element(out, "eventDetail", event.detail);
        out.push_str("</eventDetailInformation><eventOutcomeInformation>");
        element(out, "eventOutcome", event.outcome);
        out.push_str("</eventOutcomeInformation><linkingAgentIdentifier>");
        identifier(out, "linkingAgentIdentifier", "software", "hivesum");
        out.push_str("</linkingAgentIdentifier><linkingObjectIdentifier>");
        match event.path {
            // Of the collection itself.
            [] => identifier(out, "linkingObjectIdentifier", COLLECTION_ID, &self.collection),
            path => path_identifier(out, "linkingObjectIdentifier", path),
        }
        out.push_str("</linkingObjectIdentifier></event>\n");
    }
}

/// The term for an event, and its outcome.
const fn meaning(event: &Event) -> (Term, &'static str) {
    match event.kind {
        EventKind::New => (DIGEST_CALCULATION, "recorded"),
        EventKind::Modified => (MODIFICATION, "recorded"),
        EventKind::Moved => (FILENAME_CHANGE, "recorded"),
        EventKind::Stopped => (FIXITY_CHECK, "fail"),
        EventKind::Resumed => (FIXITY_CHECK, "recorded"),
        EventKind::Accepted | EventKind::Acknowledged => (METADATA_MODIFICATION, "recorded"),
        EventKind::Touched | EventKind::Restored => (FIXITY_CHECK, "pass"),
        EventKind::Missing | EventKind::SuspectedRot | EventKind::Unreadable | EventKind::ReadsDisagree => {
            (FIXITY_CHECK, "fail")
        }
    }
}

/// The label in `http://id.loc.gov/vocabulary/preservation/cryptographicHashFunctions`, or hivesum's name of those that
/// are not in it.
fn algorithm_name(algorithm: Algorithm) -> &'static str {
    match algorithm.name() {
        "md5" => "MD5",
        "sha1" => "SHA-1",
        "sha224" => "SHA-224",
        "sha256" => "SHA-256",
        "sha384" => "SHA-384",
        "sha512" => "SHA-512",
        other => other,
    }
}

/// How a path is an identifier: as it is, or in base64 if a part of it would not be seen or is no UTF-8.
fn spelling(path: &[u8]) -> (&'static str, String) {
    let shown = visible(path);
    match shown.as_bytes() == path {
        true => ("path", shown),
        false => ("path_b64", BASE64_STANDARD.encode(path)),
    }
}

fn path_identifier(out: &mut String, name: &str, path: &[u8]) {
    let (kind, value) = spelling(path);
    identifier(out, name, kind, &value);
}

fn identifier(out: &mut String, name: &str, kind: &str, value: &str) {
    element(out, &format!("{name}Type"), kind);
    element(out, &format!("{name}Value"), value);
}

fn element(out: &mut String, name: &str, text: &str) {
    let _ = write!(out, "<{name}>{}</{name}>", escaped(text));
}
