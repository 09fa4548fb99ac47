//! The API from outside: a service on a free port with its own directories, driven over HTTP.
//!
//! Every test is a sentence about the contract. Nothing sleeps: tests await conditions, and configure short timeouts
//! where they test one.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::print_stderr)]

mod access;
mod acknowledgements;
mod answers;
mod any_bytes;
mod app;
mod base_path;
mod bodies;
mod checkpoints;
mod clients;
mod clock;
mod collection_changes;
mod collection_metrics;
mod collections;
mod comparisons;
mod connections;
mod contract;
mod damage;
mod dead_mount;
mod duplicates;
mod errors;
mod events;
mod events_of_all;
mod exports;
mod flips;
mod framing;
mod from_device;
mod hash;
mod health_and_metrics;
mod hostile;
mod hosts;
mod http_conventions;
mod jobs;
mod killing;
mod killing_beside;
mod killing_writes;
mod limits;
mod listen;
mod listen_unix;
mod logs;
mod manifest_parts;
mod manifests;
mod manifests_read;
mod matrix;
mod multipart;
mod origins;
mod page;
mod program;
mod published;
mod readme;
mod restartable_server;
mod results;
mod roots;
mod rot;
mod schemathesis;
mod search;
mod seccomp;
mod sessions;
mod shares;
mod starts;
mod stopping;
mod streams;
mod times;
mod tls;
mod traversal;
mod unread;
mod verdicts;
mod verify;
mod verify_manifests;
mod verify_stored;
mod without_proc;
