//! Targets that are named one by one: files and lists of names, put into plans without a walk. Only files of our own
//! are told from others here, by a look that may be given up.

use std::ops::Range;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use super::plan::Fate;
use super::plan_sink::{Destination, GroupSlot, NobodyListens, PlanSink};
use super::rules::{OURS, Rules, TIMEOUT, is_ours};
use crate::file::{Dir, Steps, ask};
use crate::result::NameList;

pub(crate) fn put_file(
    rules: &Arc<Rules>,
    out: &mut PlanSink<'_>,
    parent: Arc<OwnedFd>,
    name: Vec<u8>,
    shown: Vec<u8>,
) -> Result<(), NobodyListens> {
    let (of_thread, dir, its_name) = (rules.clone(), parent.clone(), name.clone());
    let destination = out.destination;
    let is_own = move |_: &Steps| is_ours(dir.as_fd(), &its_name, &of_thread);
    let fate = match ask(rules.timeout, || destination.is_gone(), is_own) {
        Ok(true) => OURS,
        Ok(false) => Fate::Hash,
        Err(_) => Fate::Settled(TIMEOUT),
    };
    let group = out.new_group(shown.into(), Dir::Beneath(parent, rules.reach))?;
    out.push(group, &name, fate)
}

pub(crate) fn list_names(names: &NameList, out: &mut PlanSink<'_>) -> Result<(), NobodyListens> {
    let mut place = GroupSlot::default();
    for name in names.iter() {
        let group = out.group(&mut place, || (b"".as_slice().into(), Dir::AsGiven))?;
        out.push(group, name, Fate::Hash)?;
    }
    Ok(())
}

/// Names that are looked at on one thread that may be given up.
const NAMES_A_LOOK: usize = 1024;

/// Each name is resolved beneath the directory when it is opened.
pub(crate) fn list_beneath(
    rules: &Arc<Rules>,
    out: &mut PlanSink<'_>,
    dir: &Arc<OwnedFd>,
    names: &Arc<NameList>,
) -> Result<(), NobodyListens> {
    let mut place = GroupSlot::default();
    for start in (0..names.len()).step_by(NAMES_A_LOOK) {
        let range = start..names.len().min(start + NAMES_A_LOOK);
        let fates = fates_of(rules, out.destination, dir, names, range.clone());
        for (index, fate) in range.zip(fates) {
            let Some(name) = names.get(index) else { break };
            let group = out.group(&mut place, || (b"".as_slice().into(), Dir::Beneath(dir.clone(), rules.reach)))?;
            out.push(group, name, fate)?;
        }
    }
    Ok(())
}

/// Files of our own are told without opening them.
fn fates_of(
    rules: &Arc<Rules>,
    destination: Destination<'_>,
    dir: &Arc<OwnedFd>,
    names: &Arc<NameList>,
    range: Range<usize>,
) -> Vec<Fate> {
    if rules.leave_out.is_empty() {
        return vec![Fate::Hash; range.len()];
    }
    let (of_thread, dir, names, asked) = (rules.clone(), dir.clone(), names.clone(), range.clone());
    let look = move |steps_of: &Steps| {
        let names = asked.map_while(|index| names.get(index).filter(|_| steps_of.step()));
        names.map(|name| if is_ours(dir.as_fd(), name, &of_thread) { OURS } else { Fate::Hash }).collect::<Vec<_>>()
    };
    let fates = ask(rules.timeout, || destination.is_gone(), look);
    fates.unwrap_or_else(|_| vec![Fate::Settled(TIMEOUT); range.len()])
}
