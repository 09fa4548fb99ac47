#!/usr/bin/env bash
# atomic-write-file 0.3.1 (crates.io), Linux: a target whose name is valid but
# longer than 247 bytes can never be written, and with the feature
# unnamed-tmpfile only commit() says so, after all was written and synced.
#
# The file system takes names of up to 255 bytes. The crate names its temporary
# file ".NAME.XXXXXX", eight bytes longer than the target. Without the feature
# that name is used by open(), which fails before any data. With it, O_TMPFILE
# needs no name: open(), write_all() and sync_all() pass, and the name is first
# used by the linkat() inside commit(). An open() that worked tells nothing.
#
# Output seen (ext4 and tmpfs, rustc 1.95.0):
#   default          247: plain ok, open ok, write ok, commit ok
#   default          248: plain ok, open errno 36
#   unnamed-tmpfile  247: plain ok, open ok, write ok, commit ok
#   unnamed-tmpfile  248: plain ok, open ok, write ok, commit errno 36
# (36 is ENAMETOOLONG.) Needs cargo, and a temp folder that knows O_TMPFILE.
set -euo pipefail
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
cd "$tmp" && mkdir src out
cat >Cargo.toml <<'TOML'
[package]
name = "probe"
version = "0.1.0"
edition = "2021"
[features]
unnamed-tmpfile = ["atomic-write-file/unnamed-tmpfile"]
[dependencies]
atomic-write-file = "=0.3.1"
TOML
cat >src/main.rs <<'RUST'
use std::io::{Result, Write};
fn said<T>(r: &Result<T>) -> String {
    r.as_ref().err().map_or("ok".into(), |e| format!("errno {}", e.raw_os_error().unwrap_or(0)))
}
fn main() {
    let label = std::env::args().nth(1).unwrap();
    for len in [247, 248] {
        let name = "n".repeat(len);
        print!("{label:<16} {len}: plain {}", said(&std::fs::write(&name, "old")));
        let open = atomic_write_file::AtomicWriteFile::open(&name);
        print!(", open {}", said(&open));
        if let Ok(mut file) = open {
            let wrote = file.write_all(&[7; 65536]).and_then(|()| file.sync_all());
            print!(", write {}, commit {}", said(&wrote), said(&file.commit()));
        }
        println!();
    }
}
RUST
export CARGO_TARGET_DIR="$tmp/target"
cargo build -q && (cd out && ../target/debug/probe default) | tee seen
cargo build -q --features unnamed-tmpfile && (cd out && ../target/debug/probe unnamed-tmpfile) | tee -a seen
diff seen - <<'WANT' && echo "as described"
default          247: plain ok, open ok, write ok, commit ok
default          248: plain ok, open errno 36
unnamed-tmpfile  247: plain ok, open ok, write ok, commit ok
unnamed-tmpfile  248: plain ok, open ok, write ok, commit errno 36
WANT
