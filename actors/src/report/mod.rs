//! Reports on a collection: what is held, when each file was last verified, and what happened; and manifests of it.
//!
//! Decides the forms: HTML to read and print, CSV for a spreadsheet, PREMIS 3 for an archive. Files and events are given
//! to it one after the other, so a report of any length needs the memory of one page. Others rely on this: no name of a
//! file becomes markup, a formula or a character that is not seen.

mod csv;
mod format;
mod html;
mod manifest;
mod premis;
mod text;

use hivesum_core::fixity::FileState;

use self::csv::Csv;
pub use self::format::{ReportFormat, Subject};
use self::html::Html;
pub use self::html::{HTML_POLICY, MOST_EVENTS_SHOWN, MOST_FILES_LISTED};
pub use self::manifest::{LATEST, NoManifest, PastManifest};
use self::premis::Premis;
use crate::store::collections::StoredEvent;

/// A part of a report, and what has to be given to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportPart {
    /// Every file, in walk order: [`Report::file`].
    Files,
    /// Every file once more: [`Report::file`].
    Checks,
    /// The events after this number, in order: [`Report::event`].
    EventsAfter(u64),
}

/// A report that is being written: [`begin`](Self::begin), each of [`parts`](Self::parts), [`end`](Self::end).
#[derive(Debug)]
pub struct Report {
    form: Form,
    part: ReportPart,
    counted_events: u64,
    files: u64,
    last_event: u64,
}

#[derive(Debug)]
enum Form {
    Html(Html),
    Csv(Csv),
    Premis(Premis),
}

impl Report {
    /// A report on a collection as it was counted.
    #[must_use]
    pub fn new(format: ReportFormat, subject: Subject<'_>) -> Self {
        let form = match format {
            ReportFormat::Html => Form::Html(Html::new(subject)),
            ReportFormat::Csv => Form::Csv(Csv::new(subject)),
            ReportFormat::Premis => Form::Premis(Premis::new(subject)),
        };
        let last_event = subject.counted.last_event();
        Self { form, part: ReportPart::Files, counted_events: last_event, files: 0, last_event }
    }

    /// What it consists of, in order.
    #[must_use]
    pub fn parts(&self) -> Vec<ReportPart> {
        use ReportPart::{Checks, EventsAfter, Files};
        match self.form {
            Form::Html(_) => vec![Files, EventsAfter(self.counted_events.saturating_sub(MOST_EVENTS_SHOWN))],
            Form::Csv(_) => vec![Files],
            Form::Premis(_) => vec![Files, Checks, EventsAfter(0)],
        }
    }

    /// Appends the beginning.
    pub fn begin(&self, out: &mut String) {
        match &self.form {
            Form::Html(html) => html.begin(out),
            Form::Csv(csv) => csv.begin(out),
            Form::Premis(premis) => premis.begin(out),
        }
    }

    /// Appends the beginning of a part.
    pub fn begin_part(&mut self, out: &mut String, part: ReportPart) {
        self.part = part;
        if let (Form::Html(html), ReportPart::EventsAfter(after)) = (&self.form, part) {
            html.begin_events(out, self.counted_events.saturating_sub(after));
        }
    }

    /// Appends a file.
    pub fn file(&mut self, out: &mut String, state: &FileState) {
        self.files += u64::from(self.part == ReportPart::Files);
        match (&self.form, self.part) {
            (Form::Html(html), _) => html.file(out, state),
            (Form::Csv(csv), _) => csv.file(out, state),
            (Form::Premis(premis), ReportPart::Checks) => premis.check(out, state),
            (Form::Premis(premis), _) => premis.object(out, state),
        }
    }

    /// Appends an event.
    pub fn event(&mut self, out: &mut String, stored: &StoredEvent) {
        self.last_event = stored.n;
        match &self.form {
            Form::Html(html) => html.event(out, stored),
            Form::Csv(_) => {}
            Form::Premis(premis) => premis.event(out, stored),
        }
    }

    /// Appends the end, by which a reader sees that nothing was cut off.
    pub fn end(&self, out: &mut String) {
        match &self.form {
            Form::Html(html) => html.end(out, self.files, self.last_event),
            Form::Csv(csv) => csv.end(out, self.files),
            Form::Premis(premis) => premis.end(out),
        }
    }
}

#[cfg(test)]
mod tests;
