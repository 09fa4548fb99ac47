//! The command line as its users run it: the built program on real files, compared with the system's own tools.
//! Expected digests come from those tools.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod algorithms;
mod audit;
mod audit_evidence;
mod audit_found;
mod audit_globs;
mod audit_last;
mod bag;
mod bag_info;
mod bag_update;
mod bags;
mod check;
mod check_algorithms;
mod check_bounds;
mod check_like_sha256sum;
mod check_lines;
mod check_names;
mod closed_streams;
mod compare;
mod control;
mod convert;
mod convert_asc_mhl;
mod dead_mount;
mod descriptors;
mod devices;
mod duplicates;
mod expect;
mod foreign_lines;
mod globs;
mod hash;
mod io_mode;
mod jobs;
mod jobs_run;
mod output;
mod own_output;
mod packaging;
mod pages;
mod published;
mod read_back;
mod server_address;
mod service;
mod service_unit;
mod settings;
mod spellings;
mod state;
mod state_read_only;
mod stored_jobs;
mod terminal;
mod token;
mod tools_agree;
mod untagged;
mod usage;
mod work_dir;
