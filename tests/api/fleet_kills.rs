//! Each process of a fleet is killed, stopped or wiped in the middle of a job, and every file has exactly one result in
//! the end.

use std::fs;

use hivesum_test_support::{Dice, comes_true, number_from_env};
use rustix::process::Signal;

use crate::fleet_bed::{Fleet, Process, coordinator};

/// What is killed, stopped or taken away in the middle of a job.
#[derive(Debug, Clone, Copy)]
enum Blow {
    Node(usize),
    FrozenNode(usize),
    Broker,
    FrozenBroker,
    WipedBroker,
    Coordinator,
}

impl Blow {
    fn roll(dice: &mut Dice) -> Self {
        let node = dice.roll(3) as usize;
        match dice.roll(6) {
            0 => Self::Node(node),
            1 => Self::FrozenNode(node),
            2 => Self::Broker,
            3 => Self::FrozenBroker,
            4 => Self::WipedBroker,
            _ => Self::Coordinator,
        }
    }
}

/// Rounds in the suite. `HIVESUM_FLEET_ROUNDS` sets another number.
const ROUNDS: u64 = 20;

/// A file that takes a while beside the others, and the rate of each job: a blow is to fall in the middle.
const LARGE_BYTES: u64 = 4 << 20;
const BYTES_PER_SECOND: u64 = 8 << 20;

/// The nodes.
const NAMES: [&str; 3] = ["a", "b", "c"];

#[test]
fn whatever_is_killed_in_the_middle_every_file_has_one_result() {
    let Some(mut fleet) = Fleet::start() else { return };
    fleet.write_tree(30, 100);
    fs::File::create(fleet.tree.path().join("d015/large")).unwrap().set_len(LARGE_BYTES).unwrap();
    let mut dice = Dice::from_env();
    let mut nodes = NAMES.map(|name| fleet.node(name, &["--pool"]));
    for round in 0..number_from_env("HIVESUM_FLEET_ROUNDS").unwrap_or(ROUNDS) {
        let blow = Blow::roll(&mut dice);
        eprintln!("round {round}: {blow:?}");
        fleet.await_nodes(&NAMES, "present");
        let id = fleet.submit_slowly("photos", BYTES_PER_SECOND);
        let rows = dice.roll(2500);
        fleet.await_job(&id, |job| job["progress"]["files_done"].as_u64() >= Some(rows) || job["state"] == "completed");
        fleet.strike(blow, &mut nodes);
        fleet.assert_whole(&id);
    }
}

impl Fleet {
    fn strike(&mut self, blow: Blow, nodes: &mut [Process; 3]) {
        match blow {
            Blow::Node(at) => {
                nodes[at].kill();
                nodes[at] = self.node(NAMES[at], &["--pool"]);
            }
            Blow::FrozenNode(at) => {
                nodes[at].signal(Signal::STOP);
                self.await_nodes(&NAMES[at..=at], "lost");
                nodes[at].signal(Signal::CONT);
            }
            Blow::Broker => self.broker.start_again(),
            Blow::FrozenBroker => {
                self.broker.freeze();
                self.await_nodes(&NAMES, "lost");
                self.broker.thaw();
            }
            Blow::WipedBroker => {
                self.broker.wipe();
                self.broker.start_again();
            }
            Blow::Coordinator => {
                self.coordinator.kill();
                self.coordinator = coordinator(&self.broker, self.state.path());
            }
        }
    }

    /// Waits until these nodes are there, or have said nothing for as long as an announcement lasts: twice as long as a
    /// work may be without a sign.
    fn await_nodes(&self, names: &[&str], state: &str) {
        let come = comes_true(|| {
            let nodes = self.get("/api/v1/nodes");
            let nodes = nodes["items"].as_array().unwrap();
            let is_so = |name: &&str| nodes.iter().any(|node| node["name"] == *name && node["state"] == state);
            names.iter().all(is_so)
        });
        assert!(come, "not {state}: {}", self.get("/api/v1/nodes"));
    }
}
