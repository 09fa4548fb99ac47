//! The command line: one module per command, each a thin layer over the engine.
//!
//! Results go to stdout, everything else to stderr. Exit status 0: success. 1: a file could not be read, differs or is
//! missing. 2: the command line is wrong, and nothing was read. 69: no service is running. 74: the disk failed. 75: another
//! process uses the state directory.

mod algorithms;
mod args;
mod atomic_file;
mod audit;
mod bag;
mod check;
mod collection_change;
mod collections;
mod compare;
mod config;
mod control;
mod convert;
mod duplicates;
mod engine;
mod error;
mod filter_args;
mod find;
mod from_device;
mod hash;
mod hash_args;
mod inputs;
mod jobs;
mod locate;
mod lock_holder;
mod manifest_file;
mod naming;
mod node;
mod notify;
mod output;
mod own_output;
mod pages;
mod probe;
mod quote;
mod roots;
mod scrub;
mod serve;
mod server_address;
mod service;
mod settings;
mod sinks;
mod skipped_rows;
mod state;
mod state_care;
mod stored_jobs;
mod terminal;
mod token;
mod tree;
mod variables;

use std::process::ExitCode;
use std::str::FromStr;

use args::{Cli, Command};
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue};
use clap::{ArgMatches, CommandFactory, FromArgMatches};
use error::UsageError;
use hivesum_actors::job::JobId;
use output::WriteError;
use terminal::Terminal;

/// Does what the command line says and gives the exit status.
pub(crate) fn run() -> ExitCode {
    let (cli, flags) = match parse() {
        Ok(parsed) => parsed,
        Err(error) => return print(&error),
    };
    carry_out(cli.command, &flags).unwrap_or_else(|error| match error.downcast::<UsageError>() {
        Ok(usage) => print(&with_usage(usage)),
        // The reader of stdout has seen enough.
        Err(error) if error.downcast_ref::<WriteError>().is_some_and(WriteError::is_broken_pipe) => ExitCode::FAILURE,
        Err(error) => {
            Terminal::plain().message(&format!("{error:#}"));
            error::exit_status(&error)
        }
    })
}

/// The command, and the flags that it was given.
fn parse() -> Result<(Cli, ArgMatches), clap::Error> {
    let mut matches = Cli::command()
        .try_get_matches()
        .map_err(|error| with_tip(in_plain_words(variables::blamed(error, &command_given()))))?;
    let cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut Cli::command()))?;
    let (_, flags) = matches.remove_subcommand().expect("clap has refused a command line without a command");
    Ok((cli, flags))
}

/// The error, without the words of the parsers of numbers and ids.
fn in_plain_words(error: clap::Error) -> clap::Error {
    let Some(source) = std::error::Error::source(&error) else { return error };
    let is_id = source.is::<<JobId as FromStr>::Err>();
    let why = match source.to_string().as_str() {
        _ if is_id => "must be the id of a job, as hivesum jobs list prints it",
        "invalid digit found in string" | "cannot parse integer from empty string" => "must be a whole number",
        "number too large to fit in target type" => "is too large a number",
        "number would be zero for non-zero type" => "must be a number of at least 1",
        _ => return error,
    };
    let word = |kind| error.get(kind).map(ToString::to_string).unwrap_or_default();
    let (argument, value) = (word(ContextKind::InvalidArg), word(ContextKind::InvalidValue));
    let message = format!("invalid value '{value}' for '{argument}': {why}");
    command_given().error(clap::error::ErrorKind::ValueValidation, message)
}

/// The command that the first words name, for the usage beside an error.
fn command_given() -> clap::Command {
    let mut command = Cli::command();
    command.build();
    for word in std::env::args_os().skip(1) {
        let Some(next) = command.find_subcommand(&word).cloned() else { break };
        command = next;
    }
    command
}

/// The error about an unknown option, with a tip where one of ours does what was meant, and without clap's tip that a
/// file may be called so.
fn with_tip(mut error: clap::Error) -> clap::Error {
    if error.kind() != clap::error::ErrorKind::UnknownArgument {
        return error;
    }
    if let Some(ContextValue::StyledStrs(mut tips)) = error.remove(ContextKind::Suggested) {
        tips.retain(|tip| !tip.to_string().contains("as a value, use"));
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    }
    let mut command = command_given();
    let meant = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(word)) => meant_by(word, &command),
        Some(_) | None => None,
    };
    let Some(tip) = meant else { return error };
    // What is spelled alike, `--job` for `--json`, is not what was meant.
    error.remove(ContextKind::SuggestedArg);
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(tip)]));
    error.insert(ContextKind::Usage, ContextValue::StyledStr(command.render_usage()));
    error
}

/// What to use instead of an option that other programs have: `-c` and `--tag` of `sha256sum`, `--json` for a format,
/// `--sha256` for an algorithm. `None` if the command has nothing of the kind.
fn meant_by(word: &str, command: &clap::Command) -> Option<String> {
    let is_of_hash = ["hash", "hivesum"].contains(&command.get_name());
    if is_of_hash && ["-c", "--check"].contains(&word) {
        return Some("to check files against a manifest, use 'hivesum check FILE'".to_owned());
    }
    let name = word.strip_prefix("--")?.replace('-', "_");
    let value = if name == "tag" { "bsd" } else { &*name };
    let takes_it = |arg: &&clap::Arg| {
        let is_one = arg.get_long().is_some_and(|long| ["format", "algorithm", "algorithms"].contains(&long));
        is_one && takes(command, arg, value)
    };
    let arg = command.get_arguments().find(takes_it)?;
    let option = arg
        .get_short()
        .map_or_else(|| format!("--{}", arg.get_long().unwrap_or_default()), |short| format!("-{short}"));
    Some(format!("use '{option} {value}'"))
}

/// Whether the option takes this value. What else a command line of it lacks does not matter.
fn takes(command: &clap::Command, arg: &clap::Arg, value: &str) -> bool {
    use clap::error::ErrorKind::{InvalidValue, ValueValidation};
    let option = format!("--{}", arg.get_long().unwrap_or_default());
    let parsed = command.clone().try_get_matches_from([command.get_name(), &option, value]);
    parsed.err().is_none_or(|error| !matches!(error.kind(), InvalidValue | ValueValidation))
}

fn carry_out(command: Command, flags: &ArgMatches) -> anyhow::Result<ExitCode> {
    match command {
        Command::Hash(args) => hash::run(args),
        Command::Check(args) => check::run(args),
        Command::Audit(args) => audit::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Duplicates(args) => duplicates::run(args),
        Command::Find(args) => find::run(&args),
        Command::Scrub(args) => scrub::run(*args),
        Command::Collections(command) => collections::run(command),
        Command::Locate(args) => locate::run(&args),
        Command::Bag(command) => bag::run(command),
        Command::Convert(args) => convert::run(args),
        Command::Algorithms(args) => algorithms::run(args),
        Command::Serve(args) => {
            tell_misspelt_variables();
            serve::run(*args)
        }
        Command::Node(args) => {
            tell_misspelt_variables();
            node::run(*args, flags)
        }
        Command::Config(args) => {
            tell_misspelt_variables();
            config::run(*args, flags)
        }
        Command::Jobs(command) => jobs::run(command),
        Command::Notify(command) => notify::run(command),
        Command::Roots(command) => roots::run(command),
        Command::Service(command) => service::run(command),
        Command::State(command) => state_care::run(command),
        Command::Token(command) => token::run(command),
        Command::Completions(args) => pages::completions(&args, Cli::command()),
        Command::Man(args) => pages::man(&args, Cli::command()),
    }
}

fn tell_misspelt_variables() {
    let terminal = Terminal::plain();
    variables::misspelt(&command_given()).iter().for_each(|told| terminal.message(told));
}

/// The error as clap prints it, with the usage of its command.
fn with_usage(error: UsageError) -> clap::Error {
    let mut cli = Cli::command();
    cli.build();
    let command = match cli.find_subcommand_mut(error.command) {
        Some(command) => command,
        None => &mut cli,
    };
    command.error(clap::error::ErrorKind::ArgumentConflict, error.message)
}

/// Prints the help, the version or an error. An error that cannot be printed still has its exit status; help that
/// cannot be printed is an error.
fn print(printed: &clap::Error) -> ExitCode {
    let status = ExitCode::from(u8::try_from(printed.exit_code()).unwrap_or(error::USAGE));
    if printed.use_stderr() {
        let _ = printed.print();
        return status;
    }
    match output::print_help(printed) {
        Err(error) if !error.is_broken_pipe() => {
            Terminal::plain().message(&error.to_string());
            ExitCode::FAILURE
        }
        Ok(()) | Err(_) => status,
    }
}
