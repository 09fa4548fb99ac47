//! Which files a request to accept or to acknowledge means: files as they were shown, or those that match.
//!
//! Those that match are chosen as the command line chooses them, of what had happened up to the event that the request
//! names: what has happened since nobody has seen, so it is refused file by file.

use std::collections::BTreeMap;

use hivesum_actors::store::collections::{
    Accepted, Acknowledged, HappenedSince, Meant, MeantFiles, MeantFrom, StoredCollection,
};
use hivesum_core::digest::{Algorithms, Digest};
use hivesum_core::fixity::{AcceptRefused, Condition, Seen};
use serde::Deserialize;

use crate::error::ApiError;
use crate::request::members::Members;
use crate::request::name::{decode_cursor, encode_cursor, path_of};
use crate::service::Service;
use crate::service::collection::NO_SUCH_COLLECTION;

/// The most files in one request, and in one change of the store.
const MAX_FILES: usize = 1000;

/// The most globs in one request.
const MAX_GLOBS: usize = 100;

/// Files as they were shown, with what has become of those that are not asked for.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) shown: Vec<(Vec<u8>, Seen)>,
    /// Of each of them, whether something has happened to it that nobody has seen.
    happened: Vec<HappenedSince>,
    /// Where further ones may follow.
    pub(super) next_cursor: Option<String>,
}

impl Chosen {
    /// The files to ask for.
    pub(super) fn asked(&self) -> Vec<(Vec<u8>, Seen)> {
        let of_each = self.shown.iter().zip(&self.happened);
        of_each.filter(|(_, happened)| **happened == HappenedSince::Nothing).map(|(shown, _)| shown.clone()).collect()
    }

    /// What came of each file, if this came of those that were asked for.
    pub(super) fn outcomes(&self, of_asked: Vec<Accepted>) -> Vec<Accepted> {
        let mut of_asked = of_asked.into_iter();
        let of_one = |happened: &HappenedSince| match happened {
            HappenedSince::Nothing => of_asked.next().unwrap_or(Accepted::Unknown),
            HappenedSince::Something => Accepted::Refused(AcceptRefused::Changed),
        };
        self.happened.iter().map(of_one).collect()
    }
}

/// What is said of files: which ones can be meant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sayable {
    pub(super) kinds: &'static [Condition],
    pub(super) acknowledged: Acknowledged,
}

/// Takes the members that tell which files are meant, and finds them.
pub(super) async fn choose(
    service: &Service,
    collection: &StoredCollection,
    (body, sayable): (&mut Members, Sayable),
) -> Result<Chosen, ApiError> {
    let files: Option<Vec<ShownFile>> = body.take("files")?;
    let globs: Option<Vec<String>> = body.take("path")?;
    let kinds: Option<Vec<Condition>> = body.take("kind")?;
    let all = body.take("all")?.unwrap_or(false);
    let (upto, cursor) = (body.take("upto")?, body.take::<Option<String>>("cursor")?.flatten());
    let is_matching = globs.is_some() || kinds.is_some();
    let (globs, kinds) = (globs.unwrap_or_default(), kinds.unwrap_or_default());
    match (files, is_matching, all) {
        (Some(files), false, false) if upto.is_none() && cursor.is_none() => {
            of_shown(files, &collection.settings.algorithms)
        }
        (None, true, false) if globs.is_empty() && kinds.is_empty() => {
            Err(ApiError::invalid("`path` and `kind` are empty: for every file that deviates give `all`"))
        }
        (None, true, false) | (None, false, true) => {
            let upto = upto.ok_or_else(|| ApiError::invalid(UPTO_MISSING).at("upto"))?;
            let after = cursor.map(|cursor| decode_cursor(&cursor)).transpose()?;
            let meant = meant(kinds, &globs, sayable)?;
            of_meant(service, collection, (meant, MeantFrom { after, upto, limit: MAX_FILES })).await
        }
        _ => Err(ApiError::invalid(
            "give `files`, or else `all`, or `path` and `kind` or one of them; `upto` and `cursor` are not for `files`",
        )),
    }
}

const UPTO_MISSING: &str = "`upto` is missing: the number of the last event that you have seen, as `last_event` of the \
    collection tells. What has happened since is not accepted unseen";

fn meant(kinds: Vec<Condition>, globs: &[String], sayable: Sayable) -> Result<Meant, ApiError> {
    if let Some(other) = kinds.iter().find(|kind| !sayable.kinds.contains(kind)) {
        let names: Vec<_> = sayable.kinds.iter().map(|kind| kind.name()).collect();
        let known = names.join(", ");
        return Err(ApiError::invalid(format!("`kind` has {:?}, which is none of {known}", other.name())).at("kind"));
    }
    if globs.len() > MAX_GLOBS {
        return Err(ApiError::invalid(format!("`path` has more than {MAX_GLOBS} globs")).at("path"));
    }
    Ok(Meant::new(kinds, globs, sayable.acknowledged)?)
}

async fn of_meant(
    service: &Service,
    collection: &StoredCollection,
    (meant, from): (Meant, MeantFrom),
) -> Result<Chosen, ApiError> {
    let found = service.jobs.collections().meant(collection.id.clone(), meant, from).await?;
    match found.ok_or(NO_SUCH_COLLECTION)? {
        MeantFiles::NoSuchEvent { last } => {
            Err(ApiError::invalid(format!("`upto`: the last event has the number {last}")).at("upto"))
        }
        MeantFiles::Page { files, next } => {
            let of_one = |(state, happened)| {
                let seen = Seen::of(&state);
                ((state.path, seen), happened)
            };
            let (shown, happened) = files.into_iter().map(of_one).unzip();
            Ok(Chosen { shown, happened, next_cursor: next.map(|path| encode_cursor(&path)) })
        }
    }
}

fn of_shown(files: Vec<ShownFile>, algorithms: &Algorithms) -> Result<Chosen, ApiError> {
    if !(1..=MAX_FILES).contains(&files.len()) {
        return Err(ApiError::invalid(format!("`files` has between 1 and {MAX_FILES} files")));
    }
    let shown: Vec<_> = files.into_iter().map(|file| file.read(algorithms)).collect::<Result<_, _>>()?;
    Ok(Chosen { happened: vec![HappenedSince::Nothing; shown.len()], shown, next_cursor: None })
}

/// A file as it was shown: in `/files` or `/alerts` it has these members.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShownFile {
    path: Option<String>,
    path_b64: Option<String>,
    condition: Condition,
    digests: Option<BTreeMap<String, String>>,
}

impl ShownFile {
    fn read(self, algorithms: &Algorithms) -> Result<(Vec<u8>, Seen), ApiError> {
        let digests = self.digests.map(|digests| joined(&digests, algorithms)).transpose()?;
        let path = path_of(self.path, self.path_b64)?.as_bytes().to_vec();
        Ok((path, Seen { condition: self.condition, digests }))
    }
}

/// The digests of these algorithms, end to end.
fn joined(digests: &BTreeMap<String, String>, algorithms: &Algorithms) -> Result<Vec<u8>, ApiError> {
    if digests.len() != algorithms.len() {
        return Err(ApiError::invalid(format!("`digests` has one digest of each of {algorithms}, as it was shown")));
    }
    let mut joined = Vec::with_capacity(algorithms.digest_bytes());
    for algorithm in algorithms {
        let hex = digests.get(algorithm.name());
        let hex = hex.ok_or_else(|| ApiError::invalid(format!("`digests` lacks the {algorithm} digest")))?;
        let digest = Digest::from_hex(algorithm, hex);
        let digest = digest.map_err(|error| ApiError::invalid(format!("the {algorithm} digest: {error}")))?;
        joined.extend_from_slice(digest.as_bytes());
    }
    Ok(joined)
}
