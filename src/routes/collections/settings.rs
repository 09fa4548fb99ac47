//! The settings of a collection as a request gives them, for a new one and for a change.
//!
//! Decides what is valid, and names the member that is not. Null takes a setting back: no aim, no surveys, always, no
//! rate, the name of the directory, nobody to tell.

use std::num::{NonZeroU16, NonZeroU64};
use std::sync::Arc;

use hivesum_actors::store::collections::CollectionSettings;
use hivesum_core::digest::{Algorithm, Algorithms};
use hivesum_core::fixity::{CollectionKind, WindowText, Windows};
use hivesum_core::walk::Filters;

use crate::error::ApiError;
use crate::notify::{Sink, check_names};
use crate::request::members::{Members, Positive};

/// The longest name, in characters.
const MAX_NAME: usize = 200;

/// Takes what can be changed later from the members. `sinks` are those of the configuration.
pub(super) fn take_changeable(
    members: &mut Members,
    settings: &mut CollectionSettings,
    sinks: &[Arc<Sink>],
) -> Result<(), ApiError> {
    if let Some(name) = members.take::<Option<String>>("name")? {
        settings.name = name.map(|name| valid_name(name).map_err(|error| error.at("name"))).transpose()?;
    }
    if let Some(kind) = members.take::<CollectionKind>("kind")? {
        settings.kind = kind;
    }
    if let Some(notify) = members.take::<Option<Vec<String>>>("notify")? {
        settings.notify = notify.unwrap_or_default();
        let known = sinks.iter().map(|sink| &*sink.name);
        check_names(&settings.notify, known).map_err(|why| ApiError::invalid(why).at("notify"))?;
    }
    let schedule = &mut settings.schedule;
    if let Some(Positive(days)) = members.take::<Positive<NonZeroU16>>("aim_days")? {
        schedule.aim_days = days;
    }
    if let Some(Positive(hours)) = members.take::<Positive<NonZeroU16>>("survey_every_hours")? {
        schedule.survey_every_hours = hours;
    }
    if let Some(Positive(rate)) = members.take::<Positive<NonZeroU64>>("max_bytes_per_second")? {
        schedule.max_bytes_per_second = rate;
    }
    if let Some(windows) = members.take::<Option<Vec<WindowText>>>("windows")? {
        schedule.windows = valid_windows(windows.unwrap_or_default())?;
    }
    if let Some(paused) = members.take::<Option<bool>>("paused")? {
        schedule.paused = paused.unwrap_or(false);
    }
    Ok(())
}

/// Takes what is decided once.
pub(super) fn take_fixed(members: &mut Members) -> Result<CollectionSettings, ApiError> {
    let names = members.take::<Option<Vec<String>>>("algorithms")?.flatten();
    let algorithms = names.map_or_else(|| Ok(Algorithms::default()), |names| algorithms_of(&names));
    let mut settings =
        CollectionSettings::new(algorithms.map_err(|error| error.at("algorithms"))?, CollectionKind::Fixed);
    settings.include = members.take("include")?.unwrap_or_default();
    settings.exclude = members.take("exclude")?.unwrap_or_default();
    for (member, globs) in [("include", [&settings.include[..], &[]]), ("exclude", [&[], &settings.exclude[..]])] {
        Filters::new(globs[0], globs[1]).map_err(|error| ApiError::from(error).at(member))?;
    }
    Ok(settings)
}

fn algorithms_of(names: &[String]) -> Result<Algorithms, ApiError> {
    let algorithms = names.iter().map(|name| name.parse::<Algorithm>()).collect::<Result<Vec<_>, _>>()?;
    Ok(Algorithms::new(algorithms)?)
}

/// A name becomes a label of metrics and the subject of mails, so it has no control characters.
fn valid_name(name: String) -> Result<String, ApiError> {
    let is_valid = !name.trim().is_empty() && name.chars().count() <= MAX_NAME && !name.contains(char::is_control);
    let wrong = || ApiError::invalid(format!("`name` has 1 to {MAX_NAME} characters, and no control characters"));
    if is_valid { Ok(name) } else { Err(wrong()) }
}

fn valid_windows(windows: Vec<WindowText>) -> Result<Vec<WindowText>, ApiError> {
    match Windows::new(&windows) {
        Ok(_) => Ok(windows),
        Err((index, why)) => Err(ApiError::invalid(why.to_string()).at(&format!("windows/{index}"))),
    }
}
