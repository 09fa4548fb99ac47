//! Roots that nodes offer, and what a name of one means: which files are the same is never guessed.

use std::collections::BTreeMap;

use crate::fleet::port::{FarName, FarRoot, FarRootNode, NodeReading};
use crate::fleet::protocol::{Announcement, NodeName, Reading, RootId, root_id};

/// A node that offers roots.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offering<'a> {
    pub(super) said: &'a Announcement,
    pub(super) is_there: bool,
}

/// A root that is offered, and who offers it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Offered<'a> {
    Pool(&'a str),
    Of(&'a str, &'a NodeName),
}

impl Offered<'_> {
    pub(super) fn id(&self) -> RootId {
        match self {
            Self::Pool(root) => root_id(root, None),
            Self::Of(root, node) => root_id(root, Some(node)),
        }
    }

    pub(super) fn full_name(&self) -> String {
        match self {
            Self::Pool(root) => (*root).to_owned(),
            Self::Of(root, node) => format!("{root}@{node}"),
        }
    }
}

/// The roots that a node offers.
pub(super) fn offers(said: &Announcement) -> impl Iterator<Item = Offered<'_>> {
    said.roots.iter().map(|root| match root.pool {
        true => Offered::Pool(&root.name),
        false => Offered::Of(&root.name, &said.node),
    })
}

/// What a node reads, beneath the roots that it offers.
pub(super) fn reading(said: &Announcement) -> Vec<NodeReading> {
    let offered: Vec<_> = offers(said).map(|offered| (offered.id(), offered.full_name())).collect();
    let of = |reading: &Reading| {
        let (_, root) = offered.iter().find(|(id, _)| *id == reading.root)?;
        Some(NodeReading { job: reading.job, root: root.clone(), directory: reading.directory.clone() })
    };
    said.figures.reading.iter().filter_map(of).collect()
}

/// Each root with its nodes, in the order of names.
pub(super) fn by_root<'a>(nodes: impl Iterator<Item = Offering<'a>>) -> Vec<(Offered<'a>, Vec<Offering<'a>>)> {
    let mut all: BTreeMap<Offered<'_>, Vec<Offering<'_>>> = BTreeMap::new();
    for node in nodes {
        offers(node.said).for_each(|offered| all.entry(offered).or_default().push(node));
    }
    all.into_iter().collect()
}

/// What a name means among these. A whole name means its root, whatever else is offered: a job that is stored with it
/// goes on meaning that one.
pub(super) fn meaning(name: &str, all: &[(Offered<'_>, Vec<Offering<'_>>)]) -> FarName {
    let is_whole = |(offered, _): &&(Offered<'_>, _)| match offered {
        Offered::Of(root, node) => {
            name.strip_prefix(root).and_then(|rest| rest.strip_prefix('@')) == Some(node.as_str())
        }
        Offered::Pool(root) => *root == name,
    };
    let is_of = |(offered, _): &&(Offered<'_>, _)| matches!(offered, Offered::Of(root, _) if *root == name);
    let whole = all.iter().find(is_whole);
    let meant: Vec<_> = whole.map_or_else(|| all.iter().filter(is_of).collect(), |whole| vec![whole]);
    match &meant[..] {
        [] => FarName::Unknown,
        [(offered, nodes)] if nodes.iter().any(|node| node.is_there) => FarName::Root(view(offered, nodes)),
        [_] => FarName::Unreachable,
        several => FarName::Ambiguous(several.iter().map(|(offered, _)| offered.full_name()).collect()),
    }
}

/// A root as jobs see it.
pub(super) fn view(offered: &Offered<'_>, nodes: &[Offering<'_>]) -> FarRoot {
    let name = match offered {
        Offered::Pool(root) | Offered::Of(root, _) => *root,
    };
    let filesystem = nodes.iter().flat_map(|node| &node.said.roots).find(|root| root.name == name);
    FarRoot {
        name: offered.full_name(),
        filesystem: filesystem.map(|root| root.filesystem.clone()).unwrap_or_default(),
        nodes: nodes
            .iter()
            .map(|node| FarRootNode { name: node.said.node.to_string(), is_there: node.is_there })
            .collect(),
    }
}
