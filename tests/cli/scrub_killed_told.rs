//! What receivers were told, compared with what happened: every alert in one message, and messages that come again only
//! where they have to.

use serde_json::Value;

use super::mail_server::{Mail, MailServer};
use super::receivers::{HookServer, Received, Reply};
use super::scrub_killed_model::Happened;

/// The most alerts that one message names.
const LISTED: usize = 100;

/// A message, as one receiver got it.
#[derive(Debug, PartialEq, Eq)]
struct Message {
    id: String,
    alerts: usize,
    /// The kinds and paths of the first ones.
    listed: Vec<(String, String)>,
    /// Everything that has to be the same when it comes again.
    text: String,
    is_taken: bool,
    /// How many processes had been killed before.
    kills: u64,
}

impl Message {
    fn of_hook(received: Received, kills: u64) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let data = &received.body["data"];
        let listed =
            data["events"].as_array().unwrap().iter().map(|event| (text(&event["kind"]), text(&event["path"])));
        Self {
            alerts: usize::try_from(data["alerts"].as_u64().unwrap()).unwrap(),
            listed: listed.collect(),
            text: received.body.to_string(),
            is_taken: matches!(received.reply, Reply::Status(204) | Reply::After(_)),
            id: received.id,
            kills,
        }
    }

    /// The words are those of the mails: a subject with the number of files, and a line for each of the first ones.
    fn of_mail(mail: Mail, kills: u64) -> Self {
        // Long lines of quoted-printable go on after an equals sign.
        let whole = mail.text.replace("=\r\n", "");
        let field = |name: &str| whole.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        let subject = field("Subject: hivesum: ");
        let number = subject.split(' ').find_map(|word| word.parse().ok());
        let line = |line: &str| {
            let (kind, rest) = line.split_once("Z  ")?.1.split_once(": ")?;
            Some((kind.to_owned(), rest.split(' ').next()?.to_owned()))
        };
        Self {
            id: field("Message-ID: "),
            alerts: number.unwrap_or_else(|| panic!("{subject}")),
            listed: whole.lines().filter_map(line).collect(),
            is_taken: mail.is_taken,
            text: mail.text,
            kills,
        }
    }
}

/// What both receivers were told so far.
#[derive(Debug, Default)]
pub(crate) struct Told {
    hook: Vec<Message>,
    mail: Vec<Message>,
}

/// How many messages came, and how many of them had come before.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) messages: usize,
    pub(crate) after_refusals: usize,
    pub(crate) after_kills: usize,
}

impl Told {
    /// Takes what has come until now, when so many processes have been killed and none runs.
    pub(crate) fn take(&mut self, (hook, mail): (&HookServer, &MailServer), kills: u64) {
        hook.settle();
        mail.settle();
        self.hook.extend(std::iter::from_fn(|| hook.try_next()).map(|received| Message::of_hook(received, kills)));
        self.mail.extend(std::iter::from_fn(|| mail.try_next_mail()).map(|mail| Message::of_mail(mail, kills)));
    }

    /// Asserts that each receiver was told of every alert once, whatever came again. The tallies of both.
    pub(crate) fn check(&self, events: &[Happened]) -> [Tally; 2] {
        let alerts: Vec<_> = events.iter().filter(|event| event.is_told()).collect();
        [&self.hook, &self.mail].map(|messages| {
            assert_each_alert_is_told_once(messages, &alerts);
            repeats(messages)
        })
    }
}

/// Messages of one collection follow each other, and so do the alerts in them. What was refused a day after it was sent
/// first is told by the next message instead.
fn assert_each_alert_is_told_once(messages: &[Message], alerts: &[&Happened]) {
    let mut left = alerts;
    for (index, message) in messages.iter().enumerate() {
        let is_same = |other: &&Message| other.id == message.id;
        let is_first = !messages[..index].iter().any(|before| is_same(&before));
        let is_taken = messages.iter().rfind(is_same).unwrap().is_taken;
        if !is_first || !is_taken {
            continue;
        }
        assert!(message.alerts <= left.len(), "told of more than happened: {message:?}");
        let (its, later) = left.split_at(message.alerts);
        left = later;
        let its: Vec<_> = its.iter().take(LISTED).map(|event| (event.kind.clone(), event.path.clone())).collect();
        assert_eq!(message.listed, its);
    }
    assert_eq!(left, &[] as &[&Happened], "nobody was told of these");
}

/// Asserts that messages come again only after a refusal or a kill, and as they were.
fn repeats(messages: &[Message]) -> Tally {
    let mut tally = Tally { messages: messages.len(), after_refusals: 0, after_kills: 0 };
    for (index, again) in messages.iter().enumerate() {
        let Some(before) = messages[..index].iter().rfind(|before| before.id == again.id) else { continue };
        assert_eq!(before.text, again.text, "it comes again as it was");
        if before.is_taken {
            assert!(before.kills < again.kills, "it was taken, and nothing was killed since: {again:?}");
            tally.after_kills += 1;
        } else {
            tally.after_refusals += 1;
        }
    }
    tally
}
