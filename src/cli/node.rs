//! `hivesum node`: merges the layers of settings into the configuration of a node of a fleet.

mod settings;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgMatches, Args};
use hivesum::config::{NodeConfig, RootConfig};
use hivesum::node::NodeError;
use hivesum_core::file::RootError;
use toml::Table;

use super::config::print_settings;
use super::error::{UsageError, system_text};
use super::serve::root;
use settings::NodeSettings;

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
The node offers each DIR, under NAME or its last path component, to the service that coordinates the fleet \
(hivesum serve --fleet), and reads nothing else. Jobs name a directory of a node as NAME@NODE. With --pool, all nodes \
that offer NAME see the same files, on a shared file system: jobs name it as NAME, and its nodes share the work.

A node keeps no state. It waits for a broker or a coordinator that is not there. Once the coordinator has taken it, it \
prints `working as NODE` to stdout; the log goes to stderr. SIGTERM and Ctrl-C give back what it has begun.

A flag overrides the environment, which overrides the file, which overrides the default. --show-config prints the result. \
The file is TOML: the key of a setting is the name of its flag with _ instead of -, and directories are listed under \
[roots].

Examples:
  hivesum node --fleet nats://127.0.0.1:4222 photos=/srv/photos
  hivesum node --fleet tls://broker.example:4222 --fleet-creds node1.creds --name node1 --pool /mnt/shared")]
pub(super) struct NodeArgs {
    /// Directories that the node offers, with an optional name.
    #[arg(value_name = "[NAME=]DIR")]
    roots: Vec<OsString>,

    /// A configuration file in TOML.
    #[arg(long, value_name = "FILE", env = "HIVESUM_NODE_CONFIG")]
    config: Option<PathBuf>,

    /// Print the settings that the node would use, and where each of them comes from.
    #[arg(long)]
    show_config: bool,

    #[command(flatten)]
    settings: NodeSettings,
}

/// Works until the node is stopped.
pub(super) fn run(args: NodeArgs, flags: &ArgMatches) -> anyhow::Result<ExitCode> {
    let file = args.config.as_deref().map(NodeSettings::of_file).transpose();
    let file = file.map_err(|error| UsageError::of("node", error))?.unwrap_or_default();
    let in_file = Table::try_from(&file)?;
    let mut roots: Vec<_> = args.roots.into_iter().map(root).collect();
    let roots_given = !roots.is_empty();
    let settings = args.settings.or(file);
    if roots.is_empty() {
        let named = settings.roots.iter();
        roots = named.map(|(name, path)| RootConfig { name: Some(name.clone()), path: path.clone() }).collect();
    }
    let mut config = NodeConfig { roots, ..NodeConfig::default() };
    settings.put_into(&mut config);
    if args.show_config {
        let in_force = Table::try_from(NodeSettings::of(&config))?;
        return print_settings(NodeSettings::NAMES, &in_force, (flags, &in_file), (&config.roots, roots_given));
    }
    hivesum::node::run(config).map_err(command_error)?;
    Ok(ExitCode::SUCCESS)
}

/// Errors that the user can fix on the command line are usage errors.
fn command_error(error: NodeError) -> anyhow::Error {
    match error {
        NodeError::NoRoots | NodeError::NoFleet | NodeError::Hours(_) | NodeError::Root(RootError::Nameless { .. }) => {
            UsageError::of("node", error).into()
        }
        NodeError::Root(RootError::Open { path, source }) => anyhow::anyhow!("{path}: {}", system_text(&source)),
        other => other.into(),
    }
}
