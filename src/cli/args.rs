//! The list of commands. Each command parses and checks its own flags.

use clap::{Parser, Subcommand};

use super::algorithms::AlgorithmsArgs;
use super::audit::AuditArgs;
use super::bag::BagCommand;
use super::check::CheckArgs;
use super::collections::CollectionsCommand;
use super::compare::CompareArgs;
use super::convert::ConvertArgs;
use super::duplicates::DuplicatesArgs;
use super::find::FindArgs;
use super::hash_args::HashArgs;
use super::jobs::JobsCommand;
use super::locate::LocateArgs;
use super::node::NodeArgs;
use super::notify::NotifyCommand;
use super::pages::{CompletionsArgs, ManArgs};
use super::roots::RootsCommand;
use super::scrub::ScrubArgs;
use super::serve::ServeArgs;
use super::service::ServiceCommand;
use super::state_care::StateCommand;
use super::token::TokenCommand;

/// Compute and check digests of files and directories, on the command line or as a service.
#[derive(Debug, Parser)]
#[command(
    name = "hivesum",
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  hivesum hash .                        hash every file below this directory (BLAKE3)
  hivesum hash -a sha256 . > SHA256SUMS write a manifest that sha256sum --check reads
  hivesum check SHA256SUMS              check the files against it
  hivesum serve ~/archive               serve a page and an API on http://127.0.0.1:8080

Exit status: 0 success; 1 a file could not be read, differs or is missing; 2 wrong command line."
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(super) enum Command {
    /// Print the digests of files and directories.
    Hash(HashArgs),
    /// Check files against the digests of a manifest.
    Check(CheckArgs),
    /// Compare a directory with a manifest or an earlier job, and list every difference.
    Audit(AuditArgs),
    /// Compare two manifests or jobs, and list every difference.
    Compare(CompareArgs),
    /// Find files with the same content.
    Duplicates(DuplicatesArgs),
    /// Find a digest, or a file, in all stored jobs of a service.
    Find(FindArgs),
    /// Read the files of an archive again from their devices, and say which are no longer what they were.
    Scrub(Box<ScrubArgs>),
    /// List what scrubs know: collections, their files and events; accept changes, or forget a collection.
    #[command(subcommand)]
    Collections(CollectionsCommand),
    /// Tell where a file is damaged, and what to copy from another copy of it.
    Locate(LocateArgs),
    /// Create, check and update bags (BagIt 1.0).
    #[command(subcommand)]
    Bag(BagCommand),
    /// Convert a manifest to another format without losing anything.
    Convert(ConvertArgs),
    /// List the algorithms that can be computed, and how each is written.
    Algorithms(AlgorithmsArgs),
    /// Serve a web page and a REST API that hash uploads and directories.
    Serve(Box<ServeArgs>),
    /// Hash directories of this machine for a service on another one: be a node of its fleet.
    Node(Box<NodeArgs>),
    /// Print the settings that serve would use, and where each of them comes from.
    Config(Box<ServeArgs>),
    /// Run, list, show, export, cancel and delete the jobs of a service.
    #[command(subcommand)]
    Jobs(JobsCommand),
    /// Try the sinks that people are told of alerts by.
    #[command(subcommand)]
    Notify(NotifyCommand),
    /// Accept another directory in the place of a root of a service.
    #[command(subcommand)]
    Roots(RootsCommand),
    /// Install the service for your own systemd, remove it, and tell whether it is ready.
    #[command(subcommand)]
    Service(ServiceCommand),
    /// Check, back up, restore and recover the state of a service.
    #[command(subcommand)]
    State(StateCommand),
    /// Create, list and revoke the tokens of a service, and make sign-in links.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Print the completions of commands and options for a shell.
    Completions(CompletionsArgs),
    /// Print the manual page of a command, or write all pages to a directory.
    Man(ManArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// The names and descriptions of all commands beneath one. `help` is clap's own.
    fn described(command: &clap::Command) -> Vec<(String, Option<String>)> {
        let own = command.get_subcommands().filter(|command| command.get_name() != "help");
        own.flat_map(|command| {
            let this = (command.get_name().to_owned(), command.get_about().map(ToString::to_string));
            [vec![this], described(command)].concat()
        })
        .collect()
    }

    /// What options are is made last, and must not take the place of what a command is.
    #[test]
    fn a_command_is_described_by_its_own_words_and_not_by_those_of_options_that_it_shares() {
        let mut built = Cli::command();
        let before = described(&built);
        assert!(before.iter().all(|(_, about)| about.is_some()), "{before:?}");
        built.build();
        assert_eq!(described(&built), before);
    }
}
