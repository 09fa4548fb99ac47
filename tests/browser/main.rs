//! The page as its users meet it: the built program, and a headless Chromium driven through chromedriver.
//!
//! Each test has a server and a browser of its own. Conditions are awaited, never times, and every test ends with
//! `Browser::close`, which fails on a console error or a breach of the content security policy. Expected digests
//! come from the system's tools.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod access;
mod browser;
mod checksum_files;
mod craft;
mod driver;
mod fixity;
mod history;
mod jobs;
mod live;
mod looks;
mod million;
mod names;
mod policy;
mod refusals;
mod results;
mod server;
mod sign_in;
mod system;
mod uploads;
