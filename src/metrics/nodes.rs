//! The metrics of a fleet's nodes in the text format of Prometheus. A service that coordinates none has none of them.
//!
//! As with collections, a series is no handle that is kept for ever. The registry of a fleet has at most 4,096 nodes;
//! only the first [`MOST_TOLD`] of them by name have series, so that there is a lower bound for one answer.

use hivesum_actors::fleet::{FleetView, NodeView};

use super::collections::{counters, family};

/// Nodes with series of their own; each has seven.
const MOST_TOLD: usize = 1024;

/// All families.
pub(super) fn text(fleet: &FleetView) -> String {
    let mut text = String::new();
    let one = |value: f64| [(String::new(), value)];
    let help = "1 if the NATS server of the fleet is there and can be used, else 0.";
    family(&mut text, ("hivesum_fleet_connected", help), one(f64::from(u8::from(fleet.is_connected))));
    let count = |state| fleet.nodes.iter().filter(|node| state_of(node) == state).count();
    let states = ["present", "draining", "lost"].map(|state| (format!("state=\"{state}\""), count(state) as f64));
    let help = "Nodes of the fleet. The first 1,024 by name have series of their own.";
    family(&mut text, ("hivesum_fleet_nodes", help), states);
    let help = "How often a node has come that was not there.";
    counters(&mut text, ("hivesum_fleet_nodes_joined_total", help), one(fleet.joined as f64));
    let help = "How often a node was lost: it had said nothing for as long as an announcement lasts.";
    counters(&mut text, ("hivesum_fleet_nodes_lost_total", help), one(fleet.lost as f64));
    write_each(&mut text, &fleet.nodes);
    text
}

/// The families with a series for each node.
fn write_each(text: &mut String, nodes: &[NodeView]) {
    // The name of a node is letters, digits, - and _: nothing in it has to be escaped.
    let each = |value: fn(&NodeView) -> f64| {
        nodes.iter().take(MOST_TOLD).map(move |node| (format!("node=\"{}\"", node.name), value(node)))
    };
    let help = "1 if the node has announced itself lately, else 0.";
    family(text, ("hivesum_node_up", help), each(|node| f64::from(u8::from(node.is_there))));
    let help = "Seconds since the node last announced itself.";
    family(text, ("hivesum_node_last_seen_seconds", help), each(|node| node.seen_before.as_secs_f64()));
    let help = "How far the clock of the node is ahead of this one's, in seconds.";
    family(text, ("hivesum_node_clock_ahead_seconds", help), each(|node| node.clock_ahead_ms as f64 / 1e3));
    family(text, ("hivesum_node_hashers", "Hasher threads of the node."), each(|node| f64::from(node.hashers)));
    let help = "Hasher threads of the node that were at work when it last announced itself.";
    let busy: fn(&NodeView) -> f64 = |node| if node.is_there { f64::from(node.hashers_busy) } else { 0.0 };
    family(text, ("hivesum_node_hashers_busy", help), each(busy));
    let help = "Bytes hashed by the node since its start.";
    counters(text, ("hivesum_node_hashed_bytes_total", help), each(|node| node.bytes_hashed as f64));
    let help = "Files hashed by the node since its start.";
    counters(text, ("hivesum_node_hashed_files_total", help), each(|node| node.files_hashed as f64));
}

/// As `GET /nodes` has it.
const fn state_of(node: &NodeView) -> &'static str {
    match (node.is_there, node.draining) {
        (false, _) => "lost",
        (true, true) => "draining",
        (true, false) => "present",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn node(name: &str, is_there: bool) -> NodeView {
        NodeView {
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            is_there,
            draining: false,
            roots: Vec::new(),
            hashers: 4,
            hashers_busy: 3,
            bytes_hashed: 1 << 40,
            files_hashed: 7,
            bytes_per_second: 5,
            seen_before: Duration::from_millis(1500),
            clock_ahead_ms: -250,
            reading: Vec::new(),
        }
    }

    #[test]
    fn each_node_has_its_series_and_one_that_is_lost_is_at_no_work() {
        let nodes = vec![node("a", true), NodeView { draining: true, ..node("b", true) }, node("c", false)];
        let text = text(&FleetView { is_connected: true, nodes, joined: 4, lost: 1 });
        for line in [
            "hivesum_fleet_connected 1",
            "hivesum_fleet_nodes{state=\"present\"} 1",
            "hivesum_fleet_nodes{state=\"draining\"} 1",
            "hivesum_fleet_nodes{state=\"lost\"} 1",
            "hivesum_fleet_nodes_joined_total 4",
            "hivesum_fleet_nodes_lost_total 1",
            "hivesum_node_up{node=\"a\"} 1",
            "hivesum_node_up{node=\"c\"} 0",
            "hivesum_node_last_seen_seconds{node=\"c\"} 1.5",
            "hivesum_node_clock_ahead_seconds{node=\"a\"} -0.25",
            "hivesum_node_hashers{node=\"c\"} 4",
            "hivesum_node_hashers_busy{node=\"b\"} 3",
            "hivesum_node_hashers_busy{node=\"c\"} 0",
            "hivesum_node_hashed_bytes_total{node=\"a\"} 1099511627776",
            "hivesum_node_hashed_files_total{node=\"a\"} 7",
        ] {
            assert!(text.lines().any(|said| said == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn of_very_many_nodes_the_first_have_series_and_all_are_counted() {
        let nodes: Vec<_> = (0..4096).map(|number| node(&format!("n{number:04}"), true)).collect();
        let text = text(&FleetView { is_connected: false, nodes, joined: 4096, lost: 0 });
        let series = |of: &str| text.lines().filter(|line| line.starts_with(of)).count();
        assert_eq!(series("hivesum_node_"), 7 * MOST_TOLD);
        assert!(text.contains("hivesum_fleet_nodes{state=\"present\"} 4096\n"));
        assert!(text.contains("hivesum_fleet_connected 0\n"));
    }
}
