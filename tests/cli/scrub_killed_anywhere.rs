//! kill -9 at any moment of scrubs, of what people say and of telling: no file and no event is there twice, none is
//! lost, and everybody is told of everything.
//!
//! `HIVESUM_KILLS=300 cargo test --test cli killed_anywhere` is the long run; `HIVESUM_SEED` repeats the moments of one.
//! The tree is changed between the kills. The clock goes on by more than an hour from one start to the next, so that
//! every start has a mail to send, and what was refused is tried again.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hivesum_test_support::wall_clock::WallClock;
use hivesum_test_support::{Dice, has_tool, number_from_env};
use serde_json::Value;

use super::mail_server::MailServer;
use super::receivers::{HookServer, Reply, SECRET, wait};
use super::scrub::collections;
use super::scrub_killed_model::Happened;
use super::scrub_killed_told::Told;
use super::scrub_killed_tree::{FILES, Tree, bytes_of};
use super::service::Service;
use super::work_dir::{HIVESUM, Ran};

/// More than the hour between two mails, and the waits after the first refusals.
const STEP_SECONDS: i64 = 3600 + 60;

/// Answers take less than this time, in milliseconds.
const SLOWEST: u64 = 120;

const SCRUB: [&str; 6] = ["scrub", "--state=s", "--config=h.toml", "--notify=hook", "--notify=mail", "t"];

const SERVE: [&str; 6] = ["serve", "--no-auth", "--listen=127.0.0.1:0", "--state=s", "--config=h.toml", "t"];

struct Scene {
    tree: Tree,
    clock: WallClock,
    hook: HookServer,
    mail: MailServer,
    told: Told,
    /// How many processes were killed, and how many times some were started.
    kills: u64,
    starts: i64,
    /// About as long as a whole scrub takes, in microseconds.
    longest: u64,
}

impl Scene {
    /// `None` without a tool that it needs.
    fn new() -> Option<Self> {
        let clock = WallClock::new().filter(|_| has_tool("b3sum"))?;
        let (tree, hook, mail) = (Tree::new(Dice::from_env()), HookServer::of_any_time(), MailServer::start());
        tree.dir.write("secret", SECRET);
        let config = format!(
            "[[sink]]\nname = 'hook'\nkind = 'webhook'\nurl = '{}'\nsecret_file = 'secret'\ntimeout_seconds = 30\n
             [[sink]]\nname = 'mail'\nkind = 'smtp'\nserver = '{}'\ntls = 'none'\nfrom = 'a@b.example'
             to = ['c@d.example']\ntimeout_seconds = 30\n",
            hook.url, mail.address
        );
        tree.dir.write("h.toml", config);
        Some(Self { tree, clock, hook, mail, told: Told::default(), kills: 0, starts: 0, longest: 0 })
    }

    /// A command with the clock of the test.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.tree.dir.command(HIVESUM);
        command.args(args).envs(self.clock.variables()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn spawn(&self, args: &[&str]) -> Child {
        self.command(args).spawn().unwrap()
    }

    /// Runs a command to its end.
    fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap())
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.tree.dice.roll(sides)
    }

    /// Waits for a part of the time that a scrub takes.
    fn wait_up_to(&mut self, percent: u64) {
        let time = self.roll(self.longest * percent / 100 + 1);
        wait(Duration::from_micros(time));
    }

    fn kill(&mut self, mut child: Child) {
        child.kill().unwrap();
        self.kills += u64::from(child.wait().unwrap().code().is_none());
    }

    /// The first reading, killed in between.
    fn baseline(&mut self) {
        for _ in 0..3 {
            let child = self.spawn(&SCRUB);
            let time = self.roll(200_000);
            wait(Duration::from_micros(time));
            self.kill(child);
        }
        let ran = self.run(&SCRUB);
        assert_eq!((ran.code, ran.stdout()), (Some(0), String::new()), "{}", ran.stderr());
        self.tree.model.baseline();
        let began = Instant::now();
        assert_eq!(self.run(&SCRUB).code, Some(0));
        self.longest = u64::try_from(began.elapsed().as_micros()).unwrap();
        self.look(0);
    }

    /// Later than everything before, and with other answers of the receivers.
    fn begin(&mut self) {
        self.starts += 1;
        self.clock.set(self.starts * STEP_SECONDS);
        let (slow, refusal) = (self.roll(SLOWEST), self.roll(6) == 0);
        let reply = if refusal { Reply::Status(500) } else { Reply::After(Duration::from_millis(slow)) };
        self.hook.will(&[reply]);
        let refusals = usize::from(self.roll(6) == 0);
        self.mail.will_refuse(refusals);
        self.mail.will_pause(Duration::from_millis(slow));
    }

    /// Starts something and kills it.
    fn round(&mut self) {
        let before = self.kills;
        self.begin();
        let verb = ["accept", "acknowledge"][self.roll(2) as usize];
        let said = ["collections", verb, "--state=s", "t", "--all"];
        match self.roll(8) {
            0..=2 => {
                let child = self.spawn(&SCRUB);
                self.wait_up_to(120);
                self.kill(child);
            }
            3 => {
                let child = self.spawn(&said);
                self.wait_up_to(60);
                self.kill(child);
            }
            4 => {
                let child = self.spawn(&SERVE);
                self.wait_up_to(100);
                self.kill(child);
            }
            5 | 6 => self.service_round(&[&SCRUB]),
            _ => self.service_round(&[&SCRUB, &said]),
        }
        self.look(before);
    }

    /// A service with these commands beside it, killed together; or the commands first.
    fn service_round(&mut self, beside: &[&[&str]]) {
        let service = Service::of(self.command(&SERVE));
        let mut children = Vec::new();
        for args in beside {
            children.push(self.spawn(args));
            self.wait_up_to(100);
        }
        if self.roll(2) == 0 {
            children.drain(..).for_each(|child| self.kill(child));
            self.wait_up_to(100);
        }
        // Dropped, a service of the tests is killed.
        drop(service);
        self.kills += 1;
        children.into_iter().for_each(|child| self.kill(child));
    }

    /// A whole scrub, with a service or without one, tells everything.
    fn quiet(&mut self) {
        let before = self.kills;
        self.begin();
        let service = (self.roll(2) == 0).then(|| Service::of(self.command(&SERVE)));
        let ran = self.run(&SCRUB);
        assert!(service.is_none_or(|service| service.stop() == Some(0)));
        self.look(before);
        self.tree.model.assert_settled();
        let alerts = self.tree.model.alerts();
        assert_eq!(ran.code, Some(i32::from(!alerts.is_empty())), "{}", ran.stderr());
        let line = |line: &str| {
            let (condition, path) = line.split_once(": ")?;
            Some((path.split(' ').next()?.to_owned(), condition.to_owned()))
        };
        let printed = ran.stdout();
        let mut printed: Vec<_> = printed.lines().filter_map(line).filter(|(_, told)| told != "many changes").collect();
        printed.sort();
        assert_eq!(printed, alerts);
    }

    /// Compares what is stored with the model, and takes what was told. Nothing runs, and so many processes had been
    /// killed when the last ones were started.
    fn look(&mut self, kills: u64) {
        let listed = collections(&self.tree.dir, "events", &[]);
        assert_eq!(listed.code, Some(0), "{}", listed.stderr());
        self.tree.model.take(listed.stdout().lines().map(Happened::read).collect());
        self.told.take((&self.hook, &self.mail), kills);
    }

    /// Each file, and the number of open alerts, are those of the model.
    fn assert_states(&self) {
        let listed = collections(&self.tree.dir, "files", &[]).stdout();
        let state = |line: &str| {
            let fields: Vec<_> = line.split('\t').collect();
            (fields[3].to_owned(), fields[0].to_owned(), fields[1].parse().unwrap())
        };
        let mut stored: Vec<(String, String, usize)> = listed.lines().map(state).collect();
        stored.sort();
        let expected = self.tree.model.known.iter().map(|(path, known)| {
            let present = known.found.unwrap_or(known.expected);
            (path.clone(), known.condition.to_owned(), bytes_of(present.content).len())
        });
        assert_eq!(stored, expected.collect::<Vec<_>>());
        let shown: Value = serde_json::from_str(&collections(&self.tree.dir, "show", &[]).stdout()).unwrap();
        let count = |of: &Value, name: &str| of[name].as_u64().unwrap();
        let not_ok = shown["files"].as_object().unwrap().iter().filter(|(condition, _)| *condition != "ok");
        let open: u64 = not_ok.map(|(_, files)| count(files, "files") - count(files, "acknowledged")).sum();
        assert_eq!(open, self.tree.model.alerts().len() as u64);
    }

    /// Nothing is killed any more, and what waits is told: at most one mail that was tried already, and one after it.
    fn end(&mut self) {
        for _ in 0..4 {
            self.quiet();
            self.hook.will_take_everything();
        }
    }
}

#[test]
#[allow(clippy::print_stderr, reason = "the figures of a long run")]
fn killed_anywhere_no_file_and_no_event_is_there_twice_none_is_lost_and_everybody_is_told() {
    let Some(mut scene) = Scene::new() else { return };
    let kills = number_from_env("HIVESUM_KILLS").unwrap_or(40);
    scene.baseline();
    let mut rounds = 0;
    while scene.kills < kills {
        rounds += 1;
        let changes = if scene.roll(10) == 0 { FILES as u64 / 3 } else { scene.roll(8) };
        (0..changes).for_each(|_| scene.tree.change());
        match scene.roll(8) {
            0 => scene.quiet(),
            _ => scene.round(),
        }
    }
    scene.end();
    scene.assert_states();
    let tallies = scene.told.check(&scene.tree.model.events);
    let events = scene.tree.model.events.len();
    eprintln!("{} kills in {rounds} rounds, {events} events, {tallies:?}", scene.kills);
    assert!(events > FILES / 4, "too little has happened: {events} events");
    let dir = &scene.tree.dir;
    assert_eq!(dir.hivesum(["state", "check", "--state", "s"]).code, Some(0));
    // What is accepted is what is there, as another tool reads it.
    assert_eq!(scene.run(&["collections", "accept", "--state=s", "t", "--all"]).code, Some(0));
    let manifest = scene.run(&["collections", "manifest", "--state=s", "t", "-o", "sums"]);
    assert_eq!(manifest.code, Some(0), "{}", manifest.stderr());
    let checked =
        Ran::of(dir.command("b3sum").args(["--check", "../sums"]).current_dir(dir.path("t")).output().unwrap());
    assert_eq!((checked.code, checked.stdout().lines().count()), (Some(0), scene.tree.model.disk.len()));
}
