//! The build script: a release is not built from modules that cannot be joined into one script.
//!
//! A debug build reads the page from disk and joins it at each request, so there a change of the page alone compiles
//! nothing, and the check is a test.

#![allow(clippy::print_stdout, reason = "this is how a build script speaks to cargo")]

mod linker;

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=src/assets/build.rs");
    println!("cargo::rerun-if-changed=src/assets/linker.rs");
    if std::env::var("PROFILE").as_deref() != Ok("release") {
        return;
    }
    println!("cargo::rerun-if-changed=static");
    let read = |file: &str| std::fs::read_to_string(Path::new("static").join(file)).ok();
    if let Err(problem) = linker::link("app.js", &read) {
        println!("cargo::error=static/{problem}");
    }
}
