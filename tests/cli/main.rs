//! The command line as its users run it: the built program on real files, compared with the system's own tools.
//! Expected digests come from those tools.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod algorithms;
mod audit;
mod bag;
mod bags;
mod check;
mod check_like_sha256sum;
mod closed_streams;
mod compare;
mod convert;
mod dead_mount;
mod devices;
mod duplicates;
mod globs;
mod hash;
mod io_mode;
mod jobs;
mod output;
mod own_output;
mod service;
mod settings;
mod stored_jobs;
mod token;
mod tools_agree;
mod usage;
mod work_dir;
