//! The page in a browser: the built program, and a headless Chromium driven through chromedriver.
//!
//! Each test has its own server and browser. Tests await conditions and never sleep. Every test ends with
//! `Browser::close`, which fails on a console error or a violation of the content security policy. Expected digests
//! come from system tools.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod accessibility;
mod appearance;
mod browser;
mod checksum_files;
mod checksum_forms;
mod checksum_published;
mod checksum_verdicts;
mod collection_forms;
mod collections;
mod compare;
mod directories;
mod driver;
mod drop_kept;
mod drop_many;
mod drop_said;
mod duplicates;
mod expected;
mod fixity;
mod history;
mod interaction;
mod jobs;
mod jobs_many;
mod loading;
mod million_rows;
mod names;
mod nodes;
mod overload;
mod pictures;
mod policy;
mod results;
mod running_jobs;
mod server;
mod sign_in;
mod system;
mod uploads;
mod verdicts;
mod walk_through;
mod wide;
