//! The engine as a whole, on real files: what it promises to whoever starts a scan or an upload.

mod scans;
mod sizes;
mod tree;
mod uploads;
mod vectors;
