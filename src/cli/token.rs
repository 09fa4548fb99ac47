//! `hivesum token`: manages the tokens of a service, whether it is running or not.

use std::fmt::Write;
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::Context;
use clap::{Args, Subcommand};
use hivesum_actors::store::tokens::{CreatedToken, NewToken, Scopes, TokenRecord, Tokens};
use jiff::{SignedDuration, Timestamp};

use super::output::write_stdout;
use super::state::StateArgs;
use super::terminal::Terminal;

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Create a token and print it. It is printed only once: the service stores only its SHA-256.
    Create(CreateArgs),
    /// List all tokens: id, scopes, expiry and name, separated by tabs.
    List(ListArgs),
    /// Revoke a token.
    Revoke(RevokeArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hivesum token create --name backup --scope read,hash
  hivesum token create --name ci --scope hash --expires 30d")]
pub(super) struct CreateArgs {
    /// A name that says what the token is for.
    #[arg(long, value_name = "NAME", default_value = "")]
    name: String,

    /// The scopes of the token, separated by commas: read, hash, admin.
    #[arg(long, value_name = "SCOPES", default_value = "read,hash")]
    scope: Scopes,

    /// When the token expires: a time such as 2027-01-31T00:00:00Z, or a duration such as 12h or 30d
    /// [default: never].
    #[arg(long, value_name = "WHEN")]
    expires: Option<End>,

    #[command(flatten)]
    state: StateArgs,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    state: StateArgs,
}

#[derive(Debug, Args)]
pub(super) struct RevokeArgs {
    /// The id of the token, as `hivesum token list` prints it.
    id: String,

    #[command(flatten)]
    state: StateArgs,
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
            None => Err("must be a time such as 2027-01-31T00:00:00Z, or a duration such as 12h or 30d"),
        }
    }
}

/// Parses a whole number of minutes, hours, days or weeks.
fn duration(word: &str) -> Option<SignedDuration> {
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
        TokenCommand::List(args) => list(&args.state),
        TokenCommand::Revoke(args) => revoke(&args),
    }
}

fn open(state: &StateArgs) -> anyhow::Result<Tokens> {
    let directory = state.directory()?;
    Tokens::open(&directory).with_context(|| directory.display().to_string())
}

/// Only the secret goes to stdout, so that a script can read it.
fn create(args: CreateArgs) -> anyhow::Result<ExitCode> {
    let mut tokens = open(&args.state)?;
    let expires_at = args.expires.map(|end| end.0);
    let CreatedToken { record, secret } =
        tokens.create(NewToken { name: args.name, scopes: args.scope, expires_at })?;
    if let Err(error) = write_stdout(format!("{secret}\n").as_bytes()) {
        // Nobody has seen the secret, so the token must not exist.
        tokens.revoke(&record.id)?;
        return Err(error.into());
    }
    Terminal::plain().message(&format!(
        "token {}: {}, {}; it will not be shown again",
        record.id,
        record.scopes,
        expiry(&record)
    ));
    Ok(ExitCode::SUCCESS)
}

fn list(state: &StateArgs) -> anyhow::Result<ExitCode> {
    let mut text = String::new();
    for record in open(state)?.list()? {
        // Writing into a string never fails.
        let _ = writeln!(text, "{}\t{}\t{}\t{}", record.id, record.scopes, expiry(&record), record.name.escape_debug());
    }
    write_stdout(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn revoke(args: &RevokeArgs) -> anyhow::Result<ExitCode> {
    match open(&args.state)?.revoke(&args.id)? {
        true => Ok(ExitCode::SUCCESS),
        false => anyhow::bail!("no token has the id {:?}: see hivesum token list", args.id),
    }
}

fn expiry(record: &TokenRecord) -> String {
    record.expires_at.map_or_else(|| "never ends".to_owned(), |end| format!("ends {end:.0}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_is_a_time_or_a_duration() {
        assert_eq!("2999-01-31T00:00:00Z".parse(), Ok(End("2999-01-31T00:00:00Z".parse().unwrap())));
        assert_eq!(duration("30d"), Some(SignedDuration::from_hours(720)));
        for word in ["", "d", "30", "-1d", "1y", "0d", "1999-01-31T00:00:00Z", "4294967296w"] {
            assert!(word.parse::<End>().is_err(), "{word:?} was accepted");
        }
    }
}
