//! The nodes of a fleet on the page: a real NATS server, a service that coordinates, and nodes that are processes.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use hivesum_test_support::broker::Broker;
use serde_json::json;
use tempfile::TempDir;

use crate::accessibility::{assert_accessible, axe_core};
use crate::browser::Browser;
use crate::server::Server;

/// A broker, a service that coordinates, and a tree that nodes offer.
pub(crate) struct Fleet {
    broker: Broker,
    pub(crate) server: Server,
    tree: TempDir,
}

/// The process of a node. It is killed when this is dropped.
pub(crate) struct Node(Child);

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Fleet {
    /// `None` if the machine has no broker, which is said.
    pub(crate) fn start() -> Option<Self> {
        let broker = Broker::start()?;
        // What is lost is found soon.
        let times = ["--fleet-ack-seconds", "1", "--fleet-announce-seconds", "2"];
        let server = Server::spawn(&[&["--no-auth", "--fleet", &broker.url()][..], &times].concat());
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir_all(tree.path().join("2026/summer")).unwrap();
        fs::write(tree.path().join("2026/summer/a.jpg"), "a picture").unwrap();
        fs::create_dir(tree.path().join("slow")).unwrap();
        File::create(tree.path().join("slow/endless.img")).unwrap().set_len(1 << 30).unwrap();
        Some(Self { broker, server, tree })
    }

    /// A node that the coordinator has taken.
    pub(crate) fn node(&self, name: &str, more: &[&str]) -> Node {
        let root = format!("photos={}", self.tree.path().display());
        let mut command = Command::new(env!("CARGO_BIN_EXE_hivesum"));
        command.args(["node", "--fleet", &self.broker.url(), "--name", name, "--hashers", "2"]).args(more).arg(root);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, format!("working as {name}\n"));
        Node(child)
    }
}

/// The text of the card of a node.
fn card(name: &str) -> String {
    format!("document.querySelector('[data-testid=node][data-node={name}]')?.textContent")
}

/// Chooses a path beneath the root of a node, and starts a job that lasts.
pub(crate) async fn start_slow_job(browser: &Browser, root: &str) {
    browser.visit(&format!("#/files/{root}/slow")).await;
    browser.until("document.querySelector('.target-path')?.textContent.endsWith('/ slow')").await;
    browser.until("document.querySelector('[data-testid=budget]')").await;
    browser.run("document.querySelectorAll('.start details').forEach((one) => { one.open = true; });", vec![]).await;
    browser.fill("budget", "0.001").await;
    browser.click("start-job").await;
}

#[tokio::test]
async fn without_a_fleet_there_is_no_tab_for_nodes_and_the_view_says_why_it_is_empty() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    browser.goto(&format!("{}/#/nodes", server.url)).await;
    browser
        .until("document.querySelector('.view-nodes .placeholder')?.textContent.includes('hivesum serve --fleet')")
        .await;
    assert_eq!(browser.value("document.querySelector('[data-nav=nodes]').checkVisibility()").await, json!(false));
    browser.close().await;
}

#[tokio::test]
async fn a_node_is_seen_with_what_it_reads_and_in_the_view_of_its_job_and_is_missed_when_it_is_gone() {
    let Some(browser) = Browser::start().await else { return };
    let Some(axe) = axe_core() else { return };
    let Some(fleet) = Fleet::start() else { return };
    browser.goto(&fleet.server.url).await;
    browser.until("document.querySelector('[data-nav=nodes]').checkVisibility()").await;
    browser.click("nav-nodes").await;
    browser
        .until("document.querySelector('.view-nodes .placeholder')?.textContent.includes('hivesum node --fleet')")
        .await;
    let node = fleet.node("n1", &[]);
    for said in ["Present", "0 of 2 busy", "photos@n1", "Reads nothing now", env!("CARGO_PKG_VERSION")] {
        browser.until(&format!("{}?.includes('{said}')", card("n1"))).await;
    }
    for (button, said) in [("node-drain", "Takes no more work"), ("node-resume", "Present")] {
        browser.click(button).await;
        browser.until(&format!("{}?.includes('{said}')", card("n1"))).await;
    }
    start_slow_job(&browser, "photos@n1").await;
    browser
        .until("document.querySelector('[data-testid=job-nodes]:not([hidden])')?.textContent === 'Node at work:n1'")
        .await;
    let job = browser.value("location.hash").await;
    browser.click_on("[data-testid=job-nodes] a").await;
    browser.until(&format!("{}?.includes('Reads photos@n1/slow for')", card("n1"))).await;
    assert_accessible(&browser, &axe, "a node at work").await;
    browser.click_on("[data-testid=node-reading] a:last-child").await;
    browser.until(&format!("location.hash === {job}")).await;
    browser.click("job-cancel").await;
    browser.until("document.querySelector('[data-testid=job-nodes]').hidden").await;
    drop(node);
    browser.visit("#/nodes").await;
    browser.until(&format!("{}?.includes('Unreachable')", card("n1"))).await;
    assert!(browser.text("nodes-summary").await.contains("1 unreachable"));
    assert_accessible(&browser, &axe, "a node that is gone").await;
    browser.click_on("[data-testid=node-roots] a").await;
    browser.until("document.querySelector('[data-testid=far-nodes]')?.textContent === 'n1 unreachable'").await;
    browser.close().await;
}

#[tokio::test]
async fn a_root_of_a_node_is_chosen_and_hashed_as_one_of_the_service() {
    let Some(browser) = Browser::start().await else { return };
    let Some(fleet) = Fleet::start() else { return };
    let _node = fleet.node("n1", &["--pool"]);
    browser.goto(&format!("{}/#/files", fleet.server.url)).await;
    let row =
        "[...document.querySelectorAll('[data-testid=entry-row]')].find((row) => row.textContent.includes('photos'))";
    browser.until(&format!("{row}?.textContent.includes('on n1')")).await;
    browser.run(&format!("{row}.click()"), vec![]).await;
    for (name, place) in [("2026", "photos/2026"), ("summer", "photos/2026/summer")] {
        let row = row.replace("photos", name);
        browser.until(&format!("!!{row}")).await;
        assert_eq!(browser.text("root-nodes").await, "on n1");
        browser.run(&format!("{row}.click()"), vec![]).await;
        browser.until(&format!("location.hash === '#/files/{place}'")).await;
    }
    browser.until("document.querySelector('[data-testid=entry-row]')?.textContent.includes('a.jpg')").await;
    browser.until("document.querySelector('.target-path')?.textContent === 'photos / 2026 / summer'").await;
    browser.click("start-job").await;
    browser.until_text("job-state", "Completed").await;
    browser.until("document.querySelector('[data-testid=result-row] .name')?.textContent === 'a'").await;
    browser.close().await;
}

#[tokio::test]
async fn that_the_broker_is_gone_is_said_in_words() {
    let Some(browser) = Browser::start().await else { return };
    let Some(mut fleet) = Fleet::start() else { return };
    let _node = fleet.node("n1", &[]);
    browser.goto(&format!("{}/#/nodes", fleet.server.url)).await;
    browser.find("nodes-summary").await;
    assert_eq!(browser.value("document.querySelector('[data-testid=fleet-away]').hidden").await, json!(true));
    fleet.broker.kill();
    browser.until("!document.querySelector('[data-testid=fleet-away]').hidden").await;
    fleet.broker.start_again();
    browser.until("document.querySelector('[data-testid=fleet-away]').hidden").await;
    browser.close().await;
}
