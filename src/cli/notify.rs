//! `hivesum notify test`: whether sinks take messages, before there is an alert.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use hivesum::notify::{Letter, check_names};
use jiff::Timestamp;

use super::error::UsageError;
use super::output::write_stdout;
use super::sinks::SinkArgs;
use super::terminal::Terminal;

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(super) enum NotifyCommand {
    /// Send a test message to each sink, or to those that are named, and print what was answered.
    Test(TestArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Nothing of an answer is shown but its status. What is taken from the environment for a service is taken from the \
environment of this command here.

Examples:
  hivesum notify test --config /etc/hivesum/config.toml
  hivesum notify test --config h.toml mail

Exit status: 0 every sink has taken it; 1 one has not; 2 wrong command line or configuration.")]
pub(super) struct TestArgs {
    /// The names of sinks [default: all].
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    #[command(flatten)]
    sinks: SinkArgs,
}

/// Runs the command.
pub(super) fn run(command: NotifyCommand) -> anyhow::Result<ExitCode> {
    let NotifyCommand::Test(args) = command;
    let sinks = args.sinks.open("notify")?;
    check_names(&args.names, sinks.iter().map(|sink| &*sink.name)).map_err(|why| UsageError::of("notify", why))?;
    if sinks.is_empty() {
        return Err(UsageError::of("notify", "the configuration has no sink: name its file with --config").into());
    }
    let (terminal, mut all_took_it) = (Terminal::plain(), true);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for sink in sinks.iter().filter(|sink| args.names.is_empty() || args.names.contains(&sink.name)) {
        match runtime.block_on(sink.send(&Letter::test(Timestamp::now()))) {
            Ok(answer) => write_stdout(format!("{}: taken ({answer})\n", sink.name).as_bytes())?,
            Err(failure) => {
                terminal.message(&format!("{}: not taken: {}", sink.name, failure.error));
                all_took_it = false;
            }
        }
    }
    Ok(if all_took_it { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
