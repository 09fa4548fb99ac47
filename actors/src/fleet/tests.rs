//! A coordinator and nodes in one process, with a real NATS server between them.

mod bed;
mod brokers;
mod forged;
mod large;
mod losses;
mod scans;
