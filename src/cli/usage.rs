//! Command lines that parse but make no sense: told as clap tells its own, exit status 2.

use std::fmt;

use clap::CommandFactory;
use clap::error::ErrorKind;

use super::args::Cli;

/// Options that do not go together, or a value that cannot be.
#[derive(Debug)]
pub(super) struct UsageError {
    command: &'static str,
    message: String,
}

impl UsageError {
    /// For the command of this name.
    pub(super) fn of(command: &'static str, message: impl fmt::Display) -> Self {
        Self { command, message: message.to_string() }
    }

    /// As clap would print it, with the usage of the command.
    pub(super) fn into_clap(self) -> clap::Error {
        let mut cli = Cli::command();
        cli.build();
        let command = match cli.find_subcommand_mut(self.command) {
            Some(command) => command,
            None => &mut cli,
        };
        command.error(ErrorKind::ArgumentConflict, self.message)
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for UsageError {}
