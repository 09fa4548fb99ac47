//! Each process of a fleet is killed, stopped, cut off or wiped in the middle of a job, and every file has exactly one
//! result in the end.

use std::fs;
use std::os::unix::fs::FileExt as _;

use hivesum_test_support::broker::Broker;
use hivesum_test_support::line::Line;
use hivesum_test_support::{Dice, comes_true, number_from_env};
use rustix::process::Signal;
use serde_json::json;

use crate::fleet_bed::{Fleet, Process, serve};

/// What is killed, stopped, cut off or taken away in the middle of a job.
#[derive(Debug, Clone, Copy)]
enum Blow {
    Node(usize),
    FrozenNode(usize),
    CutNode(usize),
    Broker,
    FrozenBroker,
    WipedBroker,
    Coordinator,
    CutCoordinator,
}

impl Blow {
    fn roll(dice: &mut Dice) -> Self {
        let node = dice.roll(3) as usize;
        match dice.roll(8) {
            0 => Self::Node(node),
            1 => Self::FrozenNode(node),
            2 => Self::CutNode(node),
            3 => Self::Broker,
            4 => Self::FrozenBroker,
            5 => Self::WipedBroker,
            6 => Self::CutCoordinator,
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

/// The way of each process to the broker.
struct Lines {
    nodes: [Line; 3],
    coordinator: Line,
}

impl Lines {
    fn to(broker: &Broker) -> Self {
        Self { nodes: NAMES.map(|_| Line::to(&broker.address())), coordinator: Line::to(&broker.address()) }
    }

    fn node(&self, at: usize) -> String {
        format!("nats://{}", self.nodes[at].address())
    }

    fn coordinator(&self) -> String {
        format!("nats://{}", self.coordinator.address())
    }
}

#[test]
fn whatever_is_killed_in_the_middle_every_file_has_one_result() {
    let Some(broker) = Broker::start() else { return };
    let lines = Lines::to(&broker);
    let mut fleet = Fleet::at(broker, &lines.coordinator());
    fleet.write_tree(30, 100);
    fs::File::create(fleet.tree.path().join("d015/large")).unwrap().set_len(LARGE_BYTES).unwrap();
    let mut dice = Dice::from_env();
    let mut nodes = [0, 1, 2].map(|at| fleet.node_at(&lines.node(at), NAMES[at], &["--pool"]));
    for round in 0..number_from_env("HIVESUM_FLEET_ROUNDS").unwrap_or(ROUNDS) {
        let blow = Blow::roll(&mut dice);
        eprintln!("round {round}: {blow:?}");
        fleet.await_nodes(&NAMES, "present");
        let id = fleet.submit_slowly("photos", BYTES_PER_SECOND);
        let rows = dice.roll(2500);
        fleet.await_job(&id, |job| job["progress"]["files_done"].as_u64() >= Some(rows) || job["state"] == "completed");
        fleet.strike(blow, &mut nodes, &lines);
        fleet.assert_whole(&id);
    }
}

/// The bytes of a part of a file that several nodes hash at once.
const PART_BYTES: u64 = 1 << 30;

#[test]
fn a_file_that_several_nodes_hash_at_once_has_its_digest_also_if_one_is_killed_in_the_middle() {
    let Some(fleet) = Fleet::start() else { return };
    let path = fleet.tree.path().join("large");
    let file = fs::File::create(&path).unwrap();
    (0..4).for_each(|part: u64| file.write_all_at(&part.to_le_bytes(), part * PART_BYTES).unwrap());
    file.set_len(4 * PART_BYTES).unwrap();
    let mut nodes = ["a", "b"].map(|name| fleet.node(name, &["--pool"]));
    fleet.await_nodes(&["a", "b"], "present");
    let id = fleet.submit_as(&json!({ "root": "photos", "algorithms": ["blake3"] }));
    fleet.await_job(&id, |job| job["progress"]["bytes_done"].as_u64() > Some(PART_BYTES / 4));
    nodes[0].kill();
    let job = fleet.await_job(&id, |job| job["state"] == "completed");
    assert_eq!(job["summary"]["bytes"], 4 * PART_BYTES, "{job}");
    let mut expected = blake3::Hasher::new();
    expected.update_reader(fs::File::open(&path).unwrap()).unwrap();
    assert_eq!(fleet.manifest(&id, "blake3"), format!("{}  large\n", expected.finalize().to_hex()));
}

impl Fleet {
    fn strike(&mut self, blow: Blow, nodes: &mut [Process; 3], lines: &Lines) {
        match blow {
            Blow::Node(at) => {
                nodes[at].kill();
                nodes[at] = self.node_at(&lines.node(at), NAMES[at], &["--pool"]);
            }
            Blow::FrozenNode(at) => {
                nodes[at].signal(Signal::STOP);
                self.await_nodes(&NAMES[at..=at], "lost");
                nodes[at].signal(Signal::CONT);
            }
            Blow::CutNode(at) => {
                lines.nodes[at].cut();
                self.await_nodes(&NAMES[at..=at], "lost");
                lines.nodes[at].mend();
            }
            Blow::CutCoordinator => {
                lines.coordinator.cut();
                self.await_nodes(&NAMES, "lost");
                lines.coordinator.mend();
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
                self.coordinator = serve(&lines.coordinator(), self.state.path());
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
