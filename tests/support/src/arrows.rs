//! The arrow test: between the rooms of each package imports run one way, and no two files import each other.
//!
//! It reads every `use` and every path that begins with `crate::` in the sources of the three packages, finds the file
//! that defines what is named (through `pub use`, where a room shows what its files define) and fails on an import
//! that runs up, and on a circle of files. Test modules do not count; nor does the parent that declares and shows a
//! file.

mod graph;
mod source;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

/// The order of a package's rooms, from the ground up. Rooms of one step may import each other.
type Order = &'static [&'static [&'static str]];

const CORE: Order = &[
    &["guards", "sys", "digest"],
    &["result"],
    &["file"],
    &["walk"],
    &["hash"],
    &["manifest"],
    &["compare"],
    &["fixity"],
];

const ACTORS: Order = &[
    &["error", "gauges", "limits", "listing", "messages", "upload_memory"],
    &["hasher", "walker"],
    &["supervisor"],
    &["engine"],
    &["scan"],
    &["fleet"],
    &["job"],
    &["store"],
    &["report", "scrub"],
    &["jobs"],
];

const ROOT: Order = &[
    &["cache", "config", "connection", "digest_field", "etag", "telemetry"],
    &["error"],
    &["assets", "auth", "metrics", "notify", "openapi", "request", "routing"],
    &["gate"],
    &["service"],
    &["control", "routes"],
    &["node", "server"],
    &["cli"],
];

/// What is wrong with the imports below a directory of sources, a line for each.
fn faults(sources: &[source::File], order: Order) -> Vec<String> {
    let arrows = graph::arrows(sources);
    let mut faults = unknown_rooms(sources, order);
    faults.extend(arrows.iter().filter(|arrow| runs_up(arrow, order)).map(|arrow| format!("runs up: {arrow}")));
    for circle in graph::circles(&arrows) {
        let is_part = |arrow: &&graph::Arrow| circle.contains(&arrow.from) && circle.contains(&arrow.to);
        let parts = arrows.iter().filter(is_part).map(|arrow| format!("circle: {arrow}"));
        faults.extend(parts);
    }
    faults
}

/// A room that stands nowhere in the order would escape it.
fn unknown_rooms(sources: &[source::File], order: Order) -> Vec<String> {
    let is_known = |room: &str| ["lib", "main"].contains(&room) || step_of(room, order).is_some();
    let mut unknown: Vec<_> = sources.iter().map(|file| room_of(&file.path)).filter(|room| !is_known(room)).collect();
    unknown.sort_unstable();
    unknown.dedup();
    unknown.into_iter().map(|room| format!("the order of rooms does not name {room}")).collect()
}

fn runs_up(arrow: &graph::Arrow, order: Order) -> bool {
    let (from, to) = (room_of(&arrow.from), room_of(&arrow.to));
    match (step_of(from, order), step_of(to, order)) {
        (Some(from_step), Some(to_step)) => from != to && from_step < to_step,
        _ => false,
    }
}

fn step_of(room: &str, order: Order) -> Option<usize> {
    order.iter().position(|step| step.contains(&room))
}

/// The first component of a path, without its ending.
fn room_of(path: &str) -> &str {
    let first = path.split('/').next().unwrap_or(path);
    first.strip_suffix(".rs").unwrap_or(first)
}

/// The sources of a package of this workspace.
fn sources_of(package: &str) -> Vec<source::File> {
    let root: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(package);
    source::read(&root)
}
