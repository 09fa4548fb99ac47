//! What a node is, and what it has to obey.

use std::collections::HashSet;

use hivesum_core::file::Root;
use hivesum_core::fixity::Windows;

use super::super::config::FleetConfig;
use super::super::error::FleetError;
use super::super::protocol::{NodeName, is_root_name};

/// What a node is.
#[derive(Debug)]
pub struct NodeConfig {
    /// The broker.
    pub fleet: FleetConfig,
    /// The name of the node: 1 to 64 letters, digits, `-` and `_`.
    pub name: String,
    /// Whether other nodes see the same files under the names of the roots.
    pub pool: bool,
    /// The directories that it offers.
    pub roots: Vec<Root>,
    /// When it takes work; always, if there are none.
    pub windows: Windows,
    /// The version of the program.
    pub version: String,
}

impl NodeConfig {
    /// Checks what can be checked without the broker.
    ///
    /// # Errors
    /// The first rule that is broken, in words.
    pub fn check(&self) -> Result<(), FleetError> {
        self.fleet.check()?;
        self.node_name()?;
        let mut names = HashSet::new();
        for root in &self.roots {
            if !is_root_name(root.name()) {
                return Err(FleetError::RootName(root.name().to_owned()));
            }
            if !names.insert(root.name()) {
                return Err(FleetError::RootsClash(root.name().to_owned()));
            }
        }
        Ok(())
    }

    pub(super) fn node_name(&self) -> Result<NodeName, FleetError> {
        self.name.parse().map_err(|_| FleetError::Name(self.name.clone()))
    }
}
