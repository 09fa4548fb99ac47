//! Reports: nothing in a name is more than a name, every file and event is there, and other tools can read the forms.

use hivesum_core::digest::Algorithms;
use hivesum_core::fixity::{Cause, CollectionKind, Condition, Content, Event, EventKind, FileState};
use hivesum_core::result::{FileMeta, ReadFrom, Stability};
use hivesum_test_support::premis;
use jiff::Timestamp;

use super::*;
use crate::store::collections::{CollectionSettings, Collections, Counted, Step};

const NAMES: [&[u8]; 7] = [
    b"<img src=x onerror=alert(1)>&\"'",
    b"=1+2",
    b"@a,b",
    b"a\nb",
    b"plain.jpg",
    b"\xff raw",
    "x\u{202e}gpj.exe".as_bytes(),
];

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn state(path: &[u8], condition: Condition) -> FileState {
    let meta = FileMeta { size: 3, mtime_ns: 1_000_000_000, ctime_ns: 1_000_000_000, inode: 1, device: 0 };
    let content = Content { meta, stability: Stability::Stable, digests: vec![0xab; 32] };
    FileState {
        path: path.to_vec(),
        condition,
        expected: Some(content),
        found: None,
        first_seen: at(0),
        content_since: at(0),
        verified_at: (condition == Condition::Ok).then(|| at(86_400)),
        acknowledged: None,
    }
}

/// A collection with these files, of which one is missing, counted; with all files and events.
fn collection(names: &[&[u8]]) -> (Counted, Vec<FileState>, Vec<StoredEvent>) {
    let dir = tempfile::tempdir().unwrap();
    let mut collections = Collections::open_locked(dir.path()).unwrap();
    let settings = CollectionSettings::new("sha256".parse::<Algorithms>().unwrap(), CollectionKind::Fixed);
    let of = collections.insert(dir.path(), settings).unwrap().unwrap();
    let step = |(index, name): (usize, &&[u8])| {
        let condition = if index == 0 { Condition::Missing } else { Condition::Ok };
        let after = Some(state(name, condition));
        let kind = if index == 0 { EventKind::Missing } else { EventKind::New };
        let event =
            Event { at: at(1), path: name.to_vec(), kind, before: None, after: after.clone(), cause: Cause::default() };
        Step { path: name.to_vec(), before: None, after, event: Some(event), pieces: None, seal: None }
    };
    let steps: Vec<_> = names.iter().enumerate().map(step).collect();
    collections.record(&of, &steps.into()).unwrap();
    let mut files = Vec::new();
    collections.each_file(&of, |file| files.push(file)).unwrap();
    let events = collections.events(&of, 0, 100).unwrap();
    (collections.counted(&of).unwrap().unwrap(), files, events)
}

fn written(format: ReportFormat, names: &[&[u8]]) -> String {
    let (counted, files, events) = collection(names);
    written_of(format, &counted, (&files, &events))
}

fn written_of(format: ReportFormat, counted: &Counted, (files, events): (&[FileState], &[StoredEvent])) -> String {
    let subject = Subject { counted, directory: b"photos <2026>", now: at(200_000) };
    let (mut report, mut out) = (Report::new(format, subject), String::new());
    report.begin(&mut out);
    for part in report.parts() {
        report.begin_part(&mut out, part);
        match part {
            ReportPart::Files | ReportPart::Checks => files.iter().for_each(|file| report.file(&mut out, file)),
            ReportPart::EventsAfter(after) => {
                events.iter().filter(|event| event.n > after).for_each(|event| report.event(&mut out, event));
            }
        }
    }
    report.end(&mut out);
    out
}

/// The texts of all elements of this name. Fails if the document is not well-formed.
fn texts(document: &str, name: &str) -> Vec<String> {
    let mut reader = quick_xml::Reader::from_str(document);
    let (mut found, mut open) = (Vec::new(), None::<String>);
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Start(start) if start.name().as_ref() == name => open = Some(String::new()),
            quick_xml::events::Event::Text(text) => open.iter_mut().for_each(|open| open.push_str(&text)),
            quick_xml::events::Event::GeneralRef(reference) => {
                let character = quick_xml::escape::resolve_predefined_entity(&reference).map(str::to_owned);
                let character = character.unwrap_or_else(|| reference.resolve_char_ref().unwrap().unwrap().to_string());
                open.iter_mut().for_each(|open| open.push_str(&character));
            }
            quick_xml::events::Event::End(end) if end.name().as_ref() == name => found.extend(open.take()),
            quick_xml::events::Event::Eof => return found,
            _ => {}
        }
    }
}

#[test]
fn a_name_is_never_markup_or_unseen_in_html() {
    let html = written(ReportFormat::Html, &NAMES);
    assert!(html.contains("&lt;img src=x onerror=alert(1)&gt;&amp;&quot;&#39;") && !html.contains("<img"), "{html}");
    assert!(html.contains("xU+202Egpj.exe") && !html.contains('\u{202e}'));
    assert!(html.contains("\\xff raw") && html.contains("aU+000Ab"));
    assert!(html.contains("<title>Fixity report: photos &lt;2026&gt;</title>"));
    assert!(
        html.contains("1 of 7 files to be looked at") && html.contains(HTML_POLICY.split("; frame").next().unwrap())
    );
    assert!(html.ends_with("<p>End of the report: 7 files, 7 events.</p>\n</body></html>\n"));
    assert_eq!(
        html.matches("1970-01-02 00:00:00 UTC").count(),
        6 + 1,
        "each file, and the oldest of those that are ok"
    );
}

#[test]
fn no_cell_of_csv_is_a_formula_and_every_row_is_as_wide_as_the_head() {
    let csv = written(ReportFormat::Csv, &NAMES);
    let mut rows = csv.split("\r\n");
    assert_eq!(rows.next(), Some("path,condition,bytes,modified_at,first_seen,content_since,verified_at,sha256"));
    assert!(csv.contains("\r\n'=1+2,ok,3,") && csv.contains("\r\n\"'@a,b\",ok,3,"), "{csv}");
    let digest = "ab".repeat(32);
    let plain = "plain.jpg,ok,3,1970-01-01T00:00:01Z,1970-01-01T00:00:00Z,1970-01-01T00:00:00Z,1970-01-02T00:00:00Z";
    assert!(csv.contains(&format!("\r\n{plain},{digest}\r\n")), "{csv}");
    assert!(csv.ends_with("summary: 7 files,,,,,,,\r\n") && csv.split("\r\n").count() == 1 + 7 + 1 + 1);
}

#[test]
fn premis_has_each_file_as_an_object_and_each_check_and_change_as_an_event() {
    let premis = written(ReportFormat::Premis, &NAMES);
    let objects = texts(&premis, "objectIdentifierValue");
    assert_eq!(objects.len(), 1 + NAMES.len(), "the collection and its files");
    for plain in ["<img src=x onerror=alert(1)>&\"'", "plain.jpg"] {
        assert!(objects.iter().any(|object| object == plain), "{objects:?}");
    }
    assert!(objects.iter().any(|object| object == "/yByYXc="), "the bytes of a name that is no UTF-8: {objects:?}");
    let ids = texts(&premis, "eventIdentifierValue");
    let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!((ids.len(), distinct.len()), (6 + 7, 6 + 7), "six checks, seven events");
    let outcomes = texts(&premis, "eventOutcome");
    let count = |outcome: &str| outcomes.iter().filter(|one| *one == outcome).count();
    assert_eq!((count("pass"), count("fail"), count("recorded")), (6, 1, 6));
    assert_eq!(texts(&premis, "messageDigestAlgorithm"), ["SHA-256"; 7]);
    assert_eq!(texts(&premis, "originalName"), ["photos <2026>"]);
    let links = texts(&premis, "linkingObjectIdentifierValue");
    assert!(links.iter().all(|link| objects.contains(link)), "every event is about an object: {links:?}");
}

/// Names that XML cannot carry as they are, or only as entities, and one of nothing but spaces.
const HARD_NAMES: [&[u8]; 7] =
    [b"\x01", b"]]>", b"&amp;", b"  ", b"\r", "\u{fffe}".as_bytes(), "\u{10ffff}\u{85}".as_bytes()];

#[test]
fn premis_is_valid_by_the_published_schema_whatever_the_names_and_whatever_has_happened() {
    use hivesum_core::fixity::{FileRange, PassStopped, ReadCount, ReadFailure};
    let (counted, mut files, mut events) = collection(&[&NAMES[..], &HARD_NAMES].concat());
    files.extend(Condition::ALL.map(|condition| state(condition.name().as_bytes(), condition)));
    files.push(FileState { expected: None, ..state(b"never read", Condition::Unreadable) });
    let range = FileRange { offset: 1, bytes: 2 };
    let cause = Cause {
        evidence: None,
        read_from: Some(ReadFrom::Device),
        reads: vec![ReadCount { digests: vec![1; 32], reads: 2 }],
        failure: Some(ReadFailure { errno: 5, range: Some(range) }),
        damaged: vec![range],
        stopped: None,
    };
    for kind in EventKind::ALL {
        let of_file =
            Event { at: at(-1), path: b"never read".to_vec(), kind, before: None, after: None, cause: cause.clone() };
        let event = match kind {
            EventKind::Stopped => Event::of_collection(at(2), Some(PassStopped::Empty)),
            EventKind::Resumed => Event::of_collection(at(3), None),
            _ => of_file,
        };
        events.push(StoredEvent { n: 1000 + events.len() as u64, event });
    }
    let premis = written_of(ReportFormat::Premis, &counted, (&files, &events));
    let objects = texts(&premis, "objectIdentifierValue");
    let links = texts(&premis, "linkingObjectIdentifierValue");
    assert!(links.iter().all(|link| objects.contains(link)), "every event is about an object: {links:?}");
    let about_all = links.iter().filter(|link| **link == counted.collection().id).count();
    assert_eq!(about_all, 2, "what happened to the collection itself is about it");
    let Some(errors) = premis::errors(&premis) else { return };
    assert_eq!(errors, "");
    assert_eq!(premis::errors(&written(ReportFormat::Premis, &[])).unwrap(), "", "of nothing");
    for (right, wrong) in [
        ("<size>3</size>", "<size>three</size>"),
        ("<formatName>unknown</formatName>", ""),
        ("<agentType>software</agentType>", "<agentKind>software</agentKind>"),
        (" version=\"3.0\"", ""),
    ] {
        assert_ne!(premis::errors(&premis.replacen(right, wrong, 1)).unwrap(), "", "{wrong} is not valid");
    }
}

#[test]
fn an_empty_collection_is_a_report_of_nothing_in_every_form() {
    for format in ReportFormat::ALL {
        let report = written(*format, &[]);
        match format {
            ReportFormat::Html => {
                assert!(report.contains("nothing is known of the whole") && report.contains("0 files"))
            }
            ReportFormat::Csv => assert_eq!(report.lines().last(), Some("summary: 0 files,,,,,,,")),
            ReportFormat::Premis => {
                assert_eq!(texts(&report, "objectIdentifierValue").len(), 1, "the schema wants one")
            }
        }
        assert_eq!(format.name().parse::<ReportFormat>(), Ok(*format));
    }
}

#[test]
fn of_a_large_collection_html_lists_what_is_to_be_looked_at_and_says_so() {
    assert!(written(ReportFormat::Html, &[b"gone", b"kept"]).contains("<h2>Files</h2>"));
    let (mut counted, files, _) = collection(&[b"gone", b"kept"]);
    counted.by_condition.get_mut(&Condition::Ok).unwrap().files = MOST_FILES_LISTED;
    let report = Html::new(Subject { counted: &counted, directory: b"d", now: at(0) });
    let mut out = String::new();
    report.begin(&mut out);
    files.iter().for_each(|file| report.file(&mut out, file));
    assert!(out.contains("<h2>Files to look at</h2>") && out.contains("There are more than 10,000 files"), "{out}");
    assert!(out.contains("gone") && !out.contains("kept"));
}

#[test]
fn what_an_event_rests_on_is_told_in_words() {
    use hivesum_core::fixity::{Acknowledgement, FileRange, ReadCount, ReadFailure};
    let told = |cause: Cause| {
        let (before, after) = (None, Some(state(b"a", Condition::Unreadable)));
        super::text::happened(&Event { at: at(1), path: b"a".to_vec(), kind: EventKind::New, before, after, cause })
    };
    assert_eq!(told(Cause::default()), None);
    let read = |digest: u8, reads| ReadCount { digests: vec![digest], reads };
    let reads = told(Cause { reads: vec![read(0xab, 2), read(0xef, 1)], ..Cause::default() });
    assert_eq!(reads.as_deref(), Some("2 reads found ab; 1 read found ef"));
    let range = Some(FileRange { offset: 4096, bytes: 512 });
    let failed = told(Cause { failure: Some(ReadFailure { errno: 5, range }), ..Cause::default() });
    assert_eq!(failed.as_deref(), Some("Input/output error at byte 4096, 512 bytes"));
    let note = Some("a\u{202e}b".to_owned());
    let acknowledged = Some(Acknowledgement { at: at(1), by: "ops".to_owned(), note });
    let (before, after) = (None, Some(FileState { acknowledged, ..state(b"a", Condition::Unreadable) }));
    let (path, kind, cause) = (b"a".to_vec(), EventKind::Acknowledged, Cause::default());
    let known = super::text::happened(&Event { at: at(1), path, kind, before, after, cause });
    assert_eq!(known.as_deref(), Some("by ops; aU+202Eb"));
}

#[test]
fn a_manifest_of_now_has_what_was_learned_while_a_clock_was_ahead() {
    let (counted, files, _) = collection(&[b"gone", b"there"]);
    let early = at(-86_400);
    let new = |at| PastManifest::new(counted.collection(), (None, None), (at, early));
    let mut out = Vec::new();
    new(None).unwrap().page(&mut out, files, true).unwrap();
    let lines = String::from_utf8(out).unwrap();
    assert!(lines.contains("  gone\n") && lines.ends_with("  there\n"), "{lines}");
    let refused = new(Some(at(0))).unwrap_err().to_string();
    assert!(refused.contains("is still to come"), "{refused}");
}
