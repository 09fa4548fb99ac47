//! `hivesum token`: manages the tokens of a service, whether it is running or not.
//!
//! Beside a running service everything goes through its control socket. Without one the command takes the server's lock
//! for what it changes.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::Context;
use clap::{Args, Subcommand};
use hivesum::control::protocol::{Answer, Command};
use hivesum::control::token_messages::Token;
use hivesum_actors::store::tokens::{CreatedToken, NewToken, Scopes, SecretHash, TokenRecord, Tokens};
use jiff::{SignedDuration, Timestamp};

use super::control::{Asked, Done, StateAccess, unexpected};
use super::output::write_stdout;
use super::quote::quoted;
use super::state::{ServiceArgs, require_state};
use super::terminal::Terminal;

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(super) enum TokenCommand {
    /// Create a token and print it. It is printed only once: the service stores only its SHA-256.
    Create(CreateArgs),
    /// List all tokens: id, scopes, when it ends or that it has expired, and name, separated by tabs.
    List(ListArgs),
    /// Revoke a token.
    Revoke(RevokeArgs),
    /// Print a fresh sign-in link of the running service. It works once, for 10 minutes.
    Link(LinkArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hivesum token create --name backup --scope read,hash
  hivesum token create --name ci --scope hash --expires 30d
  hivesum token create --state /var/lib/hivesum

A running service knows the token at once. The state directory must be that of the service; which one was used is told \
on stderr. Exit status 75: another process uses the state directory and does not answer.")]
pub(super) struct CreateArgs {
    /// A name that says what the token is for.
    #[arg(long, value_name = "NAME", default_value = "")]
    name: String,

    /// The scopes of the token, separated by commas: read, read:all, hash, admin. read:all reads the jobs of every token,
    /// as monitoring does; read those of the token itself.
    #[arg(long, value_name = "SCOPES", default_value = "read,hash")]
    scope: Scopes,

    /// When the token expires: a time such as 2027-01-31T00:00:00Z, or a duration in m, h, d or w such as 12h or 30d
    /// [default: never].
    #[arg(long, value_name = "WHEN")]
    expires: Option<End>,

    /// Make a new state directory if there is none, for a service that is started later.
    #[arg(long)]
    new_state: bool,

    #[command(flatten)]
    service: ServiceArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hivesum token link
  hivesum token link --state /var/lib/hivesum

Whoever opens the link first is signed in to the page, with every right. At most 16 links are open at a time: a further \
one closes the oldest. Exit status 69: no service is running on this state directory.")]
pub(super) struct LinkArgs {
    #[command(flatten)]
    service: ServiceArgs,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    service: ServiceArgs,
}

#[derive(Debug, Args)]
pub(super) struct RevokeArgs {
    /// The id of the token, as `hivesum token list` prints it.
    id: String,

    #[command(flatten)]
    service: ServiceArgs,
}

/// When a token expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct End(Timestamp);

impl FromStr for End {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let now = Timestamp::now();
        let end = word.parse().ok().or_else(|| now.checked_add(duration(word)?).ok());
        match end {
            Some(end) if end > now => Ok(Self(end)),
            Some(_) => Err("is in the past"),
            None => {
                Err("must be a time such as 2027-01-31T00:00:00Z, or a duration in m, h, d or w such as 12h or 30d")
            }
        }
    }
}

/// Parses a whole number of minutes, hours, days or weeks.
pub(super) fn duration(word: &str) -> Option<SignedDuration> {
    let (number, unit) = word.split_at_checked(word.len().checked_sub(1)?)?;
    let seconds_per_unit: i64 = match unit {
        "m" => 60,
        "h" => 3600,
        "d" => 24 * 3600,
        "w" => 7 * 24 * 3600,
        _ => return None,
    };
    let number: u32 = number.parse().ok()?;
    Some(SignedDuration::from_secs(i64::from(number).checked_mul(seconds_per_unit)?))
}

/// Runs the command.
pub(super) fn run(command: TokenCommand) -> anyhow::Result<ExitCode> {
    match command {
        TokenCommand::Create(args) => create(args),
        TokenCommand::List(args) => list(&args.service),
        TokenCommand::Revoke(args) => revoke(&args),
        TokenCommand::Link(args) => link(&args.service),
    }
}

/// Only the secret goes to stdout, so that a script can read it.
fn create(args: CreateArgs) -> anyhow::Result<ExitCode> {
    let directory = args.service.directory()?;
    if !args.new_state {
        require_state(&directory, ", or make a new one with --new-state")?;
    }
    let expires_at = args.expires.map(|end| end.0);
    let made = CreatedToken::make(NewToken { name: args.name, scopes: args.scope, expires_at })?;
    let by_service = store(&directory, &made)?;
    if let Err(error) = write_stdout(format!("{}\n", made.secret).as_bytes()) {
        // Nobody has seen the secret, so the token must not exist.
        end(&directory, &made.record.id)?;
        return Err(error.into());
    }
    let record = &made.record;
    Terminal::plain().message(&format!(
        "token {}: {}, {}; it will not be shown again. State directory: {}{}",
        record.id,
        record.scopes,
        expiry(record, Timestamp::now()),
        quoted(std::path::absolute(&directory)?.as_os_str()),
        if by_service { "" } else { " (no service is running on it)" }
    ));
    Ok(ExitCode::SUCCESS)
}

/// Returns whether a running service has stored it.
fn store(directory: &Path, made: &CreatedToken) -> anyhow::Result<bool> {
    let hash = SecretHash::of(&made.secret);
    let command =
        Command::TokenCreate { token: Token::from(&made.record), secret_sha256: hex::encode(hash.as_bytes()) };
    let done = StateAccess::of(directory).change(&command, || {
        let stored = open_locked(directory)?.insert(&made.record, hash)?;
        anyhow::ensure!(stored, "another token has this id");
        Ok(Answer::TokenCreated {})
    })?;
    match done.answer {
        Answer::TokenCreated {} => Ok(done.by_service),
        other => Err(unexpected(&other)),
    }
}

fn open_locked(directory: &Path) -> anyhow::Result<Tokens> {
    Tokens::open_locked(directory).with_context(|| directory.display().to_string())
}

/// Opens the tokens to be read, where no service is running.
fn open(directory: &Path) -> anyhow::Result<Tokens> {
    Tokens::open(directory).with_context(|| directory.display().to_string())
}

fn list(service: &ServiceArgs) -> anyhow::Result<ExitCode> {
    let directory = service.directory()?;
    require_state(&directory, "")?;
    let records = match ask_for_all(&directory)? {
        Some(records) => records,
        None => open(&directory)?.list()?,
    };
    let (mut text, now) = (String::new(), Timestamp::now());
    for record in records {
        // Writing into a string never fails.
        let _ = writeln!(
            text,
            "{}\t{}\t{}\t{}",
            record.id,
            record.scopes,
            expiry(&record, now),
            record.name.escape_debug()
        );
    }
    write_stdout(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// The tokens as the running service lists them; none if there is no service.
fn ask_for_all(directory: &Path) -> anyhow::Result<Option<Vec<TokenRecord>>> {
    let mut records: Vec<TokenRecord> = Vec::new();
    loop {
        let after = records.last().map(|record| record.id.clone());
        match StateAccess::of(directory).ask(&Command::TokenList { after })? {
            Asked::Answered(Answer::Tokens { tokens, more }) => {
                let more = more && !tokens.is_empty();
                for token in tokens {
                    records.push(token.try_into()?);
                }
                if !more {
                    return Ok(Some(records));
                }
            }
            Asked::Answered(other) => return Err(unexpected(&other)),
            Asked::NobodyListens | Asked::Lost => return Ok(None),
        }
    }
}

fn revoke(args: &RevokeArgs) -> anyhow::Result<ExitCode> {
    let directory = args.service.directory()?;
    require_state(&directory, "")?;
    match end(&directory, &args.id)? {
        true => Ok(ExitCode::SUCCESS),
        false => anyhow::bail!("no token has the id {:?}: see hivesum token list", args.id),
    }
}

/// Revokes a token. Returns whether there was one.
fn end(directory: &Path, id: &str) -> anyhow::Result<bool> {
    let command = Command::TokenRevoke { id: id.to_owned() };
    let alone = || Ok(Answer::TokenRevoked { existed: open_locked(directory)?.revoke(id)? });
    match StateAccess::of(directory).change(&command, alone)? {
        // Of two attempts, the first may have revoked it.
        Done { answer: Answer::TokenRevoked { existed }, is_repeated, .. } => Ok(existed || is_repeated),
        Done { answer, .. } => Err(unexpected(&answer)),
    }
}

fn link(service: &ServiceArgs) -> anyhow::Result<ExitCode> {
    let directory = service.directory()?;
    let answer = StateAccess::of(&directory).ask_running(&Command::TokenLink {})?;
    let Answer::Link { link } = answer else { return Err(unexpected(&answer)) };
    write_stdout(format!("{link}\n").as_bytes())?;
    Terminal::plain().message("the link works once, within 10 minutes");
    Ok(ExitCode::SUCCESS)
}

fn expiry(record: &TokenRecord, now: Timestamp) -> String {
    match record.expires_at {
        None => "never ends".to_owned(),
        Some(end) if end <= now => format!("expired {end:.0}"),
        Some(end) => format!("ends {end:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_has_expired_is_listed_as_expired() {
        let end: Timestamp = "2027-01-31T00:00:00Z".parse().unwrap();
        let new = |expires_at| NewToken { name: String::new(), scopes: "read".parse().unwrap(), expires_at };
        let ends = CreatedToken::make(new(Some(end))).unwrap().record;
        assert_eq!(expiry(&ends, end - SignedDuration::from_secs(1)), "ends 2027-01-31T00:00:00Z");
        assert_eq!(expiry(&ends, end), "expired 2027-01-31T00:00:00Z");
        assert_eq!(expiry(&CreatedToken::make(new(None)).unwrap().record, end), "never ends");
    }

    #[test]
    fn an_expiry_is_a_time_or_a_duration() {
        assert_eq!("2999-01-31T00:00:00Z".parse(), Ok(End("2999-01-31T00:00:00Z".parse().unwrap())));
        assert_eq!(duration("30d"), Some(SignedDuration::from_hours(720)));
        for word in ["", "d", "30", "-1d", "1y", "0d", "1999-01-31T00:00:00Z", "4294967296w"] {
            assert!(word.parse::<End>().is_err(), "{word:?} was accepted");
        }
    }
}
