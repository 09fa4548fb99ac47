//! One run, from the opening of the directory to the record of its end.

use std::os::fd::OwnedFd;

use hivesum_core::file::{Opened, RelPath, Root, RootError, RootPlace};
use hivesum_core::fixity::{CollectionKind, Lying, PassKind, PassStopped, Place, RunKind, may_begin};
use hivesum_core::walk::Filters;
use jiff::Timestamp;

use super::choice::Choice;
use super::error::ScrubError;
use super::observer::{ReadTally, ScrubObserver};
use super::reading::Reader;
use super::record::{self, Counting, RunNote};
use super::request::ScrubRequest;
use crate::Engine;
use crate::engine::throttle::ByteBudget;
use crate::scan::{Canceller, Priority};
use crate::store::collections::{
    CollectionSettings, Collections, PassEnd, RunBegin, RunCounts, RunEnd, RunRecord, StoredCollection,
};

/// What runs have in common. A run blocks the thread that calls it.
#[derive(Debug)]
pub struct Scrubber<'a> {
    /// Reads the files.
    pub engine: &'a Engine,
    /// Their place among other work of the engine.
    pub priority: Priority,
    /// Ends the run: what was committed stays.
    pub cancel: Canceller,
    /// Where it is recorded.
    pub collections: &'a mut Collections,
    /// What tells the run from others.
    pub note: RunNote,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct ScrubEnd {
    /// The collection as it was when the run began.
    pub collection: StoredCollection,
    /// Whether it was compared.
    pub pass: PassKind,
    /// How many files there were before.
    pub files_before: u64,
    /// Whether files are left for the next run.
    pub is_limited: bool,
    /// What was read.
    pub read: ReadTally,
    /// The number of the last event before the run.
    pub last_event_before: u64,
}

impl Scrubber<'_> {
    /// Scrubs one directory.
    ///
    /// # Errors
    /// [`ScrubError`]: what was committed before stays, and the next run goes on.
    pub fn run(&mut self, request: &ScrubRequest, observer: &mut dyn ScrubObserver) -> Result<ScrubEnd, ScrubError> {
        let (mut counting, mut read) = (Counting::of(observer), ReadTally::default());
        let ended = self.pass(request, (&mut counting, &mut read));
        self.remember(request, &ended, counting.counts(&read));
        if let Err(error) = &ended
            && let Some(stopped) = error.stopped()
            && let Some(known) = self.known(request)?
        {
            self.collections.stop(&known, stopped)?;
        }
        ended
    }

    /// The collection of a directory that may be gone.
    fn known(&mut self, request: &ScrubRequest) -> Result<Option<StoredCollection>, ScrubError> {
        let given = &request.directory;
        let path = given.canonicalize().or_else(|_| std::path::absolute(given)).map_err(ScrubError::Open)?;
        let is_it =
            |one: &StoredCollection| request.collection.as_ref().map_or(one.directory == path, |id| *id == one.id);
        Ok(self.collections.list()?.into_iter().find(is_it))
    }

    /// Records how the run ended, if its collection is known.
    fn remember(&mut self, request: &ScrubRequest, ended: &Result<ScrubEnd, ScrubError>, counts: RunCounts) {
        let Some(end) = record::ended(ended.as_ref().map(|end| end.is_limited), counts) else { return };
        let run = RunRecord { end: Some(end), ..self.note.began(request.kind_of_run) };
        let known = match ended {
            Ok(end) => Ok(Some(end.collection.clone())),
            Err(_) => self.known(request),
        };
        let recorded =
            known.and_then(|known| Ok(known.map(|known| self.collections.record_run(&known, run)).transpose()?));
        if let Err(error) = recorded {
            tracing::warn!(run = %self.note.id, %error, "the end of a run is not recorded");
        }
    }

    fn pass(
        &mut self,
        request: &ScrubRequest,
        (observer, read): (&mut dyn ScrubObserver, &mut ReadTally),
    ) -> Result<ScrubEnd, ScrubError> {
        let root = Root::open(Some("scrubbed"), &request.directory).map_err(|error| match error {
            RootError::Open { source, .. } => ScrubError::Open(source),
            RootError::Nameless { .. } => ScrubError::NotListed,
        })?;
        let place = root.place();
        let (collection, lying) = self.collection_of(&root, &place, request)?;
        let began = Timestamp::now();
        let kind = settings(Some(&collection), request)?.kind;
        let is_survey = request.kind_of_run == RunKind::Survey && collection.passes > 0;
        let notify = request.notify.clone();
        let run = RunBegin { place: place.identity(), kind, notify, is_of_pass: !is_survey };
        let begun = self.collections.begin(&collection, run, began)?;
        let collection = begun.ok_or(ScrubError::Forgotten)?;
        self.collections.record_run(&collection, self.note.began(request.kind_of_run))?;
        let pass = if collection.passes == 0 { PassKind::Baseline } else { PassKind::Comparison };
        let last_event_before = self.collections.last_event(&collection)?;
        let dir = open_directory(&root)?;
        let mut choice = Choice::make(self.collections, &collection, (&root, &dir), request)?;
        let files_before = choice.known;
        let mounts = std::mem::take(&mut choice.mounts);
        let stopped = (!choice.unmounted.is_empty()).then_some(PassStopped::Unmounted);
        let mut reader = Reader {
            engine: self.engine,
            priority: self.priority,
            budget: request.max_bytes_per_second.map(ByteBudget::new),
            cancel: &self.cancel,
            collections: self.collections,
            collection: &collection,
            dir,
            pass,
            lying,
            tally: ReadTally::default(),
            observer,
        };
        let read_all = reader.read_all(choice, &request.limits);
        *read = reader.tally;
        let is_limited = read_all?;
        let how = match (is_limited, is_survey) {
            // It has looked at every file, and has not read all that was changed.
            (true, true) => None,
            (true, false) => Some(RunEnd::Limited),
            (false, true) => Some(RunEnd::Surveyed),
            (false, false) => Some(RunEnd::Complete),
        };
        if let Some(how) = how {
            self.collections.end(&collection, began, PassEnd { how, mounts, stopped })?;
        }
        Ok(ScrubEnd { collection, pass, files_before, is_limited, read: read.clone(), last_event_before })
    }

    /// The collection of a directory, new if there is none, and whether it lies where it lay.
    /// Refuses a directory where files would be called missing by mistake.
    fn collection_of(
        &mut self,
        root: &Root,
        place: &RootPlace,
        request: &ScrubRequest,
    ) -> Result<(StoredCollection, Lying), ScrubError> {
        let path = root.path();
        let known = self.collections.list()?.into_iter().find(|collection| collection.directory == path);
        let collection = match known {
            Some(known) if request.collection.as_ref().is_none_or(|id| *id == known.id) => known,
            // Its directory has been moved away, and a link leads elsewhere.
            Some(_) => return Err(ScrubError::Forgotten),
            None if request.collection.is_some() => return Err(ScrubError::Forgotten),
            None => {
                let settings = settings(None, request)?;
                Filters::new(&settings.include, &settings.exclude)?;
                self.collections.insert(&path, settings)?.ok_or(ScrubError::TooMany)?
            }
        };
        let collection = match &request.baseline {
            Some(baseline) => self.collections.take_baseline(&collection, baseline)?.ok_or(ScrubError::HasBaseline)?,
            None => collection,
        };
        let files = u64::from(self.collections.has_files(&collection)?);
        let now = Place { identity: place.identity(), is_empty: place.is_empty() };
        let lying = match may_begin(collection.place, files, Some(now)) {
            Ok(()) => Lying::There,
            // An empty one is not welcome all the same.
            Err(PassStopped::Another) if request.rebind => {
                may_begin(Some(now.identity), files, Some(now)).map_err(ScrubError::Stopped)?;
                Lying::Elsewhere
            }
            Err(stopped) => return Err(ScrubError::Stopped(stopped)),
        };
        Ok((collection, lying))
    }
}

fn open_directory(root: &Root) -> Result<OwnedFd, ScrubError> {
    let whole = RelPath::new("").map_err(|_| ScrubError::NotListed)?;
    match root.open_beneath(&whole) {
        Ok(Opened::Directory(dir)) => Ok(dir),
        Ok(_) | Err(_) => Err(ScrubError::NotListed),
    }
}

/// The settings from now on: as they were, unless something else is asked for.
fn settings(known: Option<&StoredCollection>, request: &ScrubRequest) -> Result<CollectionSettings, ScrubError> {
    let ScrubRequest { algorithms, kind, include, exclude, notify, .. } = request;
    let Some(known) = known.map(|known| &known.settings) else {
        let (algorithms, kind) = (algorithms.unwrap_or_default(), kind.unwrap_or(CollectionKind::Fixed));
        let new = CollectionSettings::new(algorithms, kind);
        let notify = notify.clone().unwrap_or_default();
        return Ok(CollectionSettings { include: include.clone(), exclude: exclude.clone(), notify, ..new });
    };
    if algorithms.is_some_and(|asked| asked != known.algorithms) {
        return Err(ScrubError::OtherAlgorithms(Box::new(known.algorithms)));
    }
    let is_asked = !include.is_empty() || !exclude.is_empty();
    if is_asked && (include, exclude) != (&known.include, &known.exclude) {
        return Err(ScrubError::OtherGlobs);
    }
    Ok(CollectionSettings { kind: kind.unwrap_or(known.kind), ..known.clone() })
}
