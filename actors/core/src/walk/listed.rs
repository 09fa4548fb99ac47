//! Targets that are named one by one: single files and lists of names, added to plans without a walk. Only hivesum's
//! own files are recognised here, by a call with a timeout.

use std::ops::Range;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use super::plan::Fate;
use super::plan_sink::{Destination, GroupSlot, PlanSink, ReceiverGone};
use super::rules::{OWN_FILE, Rules, TIMEOUT, is_own_file};
use crate::file::{Dir, ProgressCounter, call_with_timeout};
use crate::result::NameList;

/// One file in an open directory.
pub(crate) struct ListedFile {
    pub(crate) parent: Arc<OwnedFd>,
    pub(crate) name: Vec<u8>,
    /// Results show this before the name.
    pub(crate) shown: Vec<u8>,
}

/// Names beneath an open directory.
pub(crate) struct ListedNames {
    pub(crate) dir: Arc<OwnedFd>,
    pub(crate) names: Arc<NameList>,
}

pub(crate) fn add_file(rules: &Arc<Rules>, out: &mut PlanSink<'_>, file: ListedFile) -> Result<(), ReceiverGone> {
    let ListedFile { parent, name, shown } = file;
    let (rules_of_call, dir, name_of_call) = (rules.clone(), parent.clone(), name.clone());
    let destination = out.destination;
    let is_own = move |_: &ProgressCounter| is_own_file(dir.as_fd(), &name_of_call, &rules_of_call);
    let fate = match call_with_timeout(rules.timeout, || destination.is_gone(), is_own) {
        Ok(true) => OWN_FILE,
        Ok(false) => Fate::Hash,
        Err(_) => Fate::Settled(TIMEOUT),
    };
    let group = out.new_group(shown.into(), Dir::Beneath(parent, rules.reach))?;
    out.may_stall = true;
    out.push(group, &name, fate)
}

pub(crate) fn add_names(names: &NameList, out: &mut PlanSink<'_>) -> Result<(), ReceiverGone> {
    let mut slot = GroupSlot::default();
    for name in names.iter() {
        let group = out.group(&mut slot, || (b"".as_slice().into(), Dir::AsGiven))?;
        out.may_stall = true;
        out.push(group, name, Fate::Hash)?;
    }
    Ok(())
}

/// How many names one call with a timeout checks.
const NAMES_PER_CALL: usize = 1024;

/// Adds names beneath a directory. Each is resolved when it is opened.
pub(crate) fn add_names_beneath(
    rules: &Arc<Rules>,
    out: &mut PlanSink<'_>,
    listed: &ListedNames,
) -> Result<(), ReceiverGone> {
    let ListedNames { dir, names } = listed;
    let mut slot = GroupSlot::default();
    for start in (0..names.len()).step_by(NAMES_PER_CALL) {
        let range = start..names.len().min(start + NAMES_PER_CALL);
        let fates = fates_of(rules, out.destination, listed, range.clone());
        for (index, fate) in range.zip(fates) {
            let Some(name) = names.get(index) else { break };
            let group = out.group(&mut slot, || (b"".as_slice().into(), Dir::Beneath(dir.clone(), rules.reach)))?;
            out.may_stall = true;
            out.push(group, name, fate)?;
        }
    }
    Ok(())
}

/// Recognises hivesum's own files without opening them.
fn fates_of(rules: &Arc<Rules>, destination: Destination<'_>, listed: &ListedNames, range: Range<usize>) -> Vec<Fate> {
    if rules.leave_out.is_empty() {
        return vec![Fate::Hash; range.len()];
    }
    let (rules_of_call, dir, names, indices) = (rules.clone(), listed.dir.clone(), listed.names.clone(), range.clone());
    let check = move |progress: &ProgressCounter| {
        let names = indices.map_while(|index| names.get(index).filter(|_| progress.advance()));
        let fate = |name| if is_own_file(dir.as_fd(), name, &rules_of_call) { OWN_FILE } else { Fate::Hash };
        names.map(fate).collect::<Vec<_>>()
    };
    let fates = call_with_timeout(rules.timeout, || destination.is_gone(), check);
    fates.unwrap_or_else(|_| vec![Fate::Settled(TIMEOUT); range.len()])
}
