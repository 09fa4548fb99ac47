//! Links: the answer that names a job leads to everything that can be asked of it.

use utoipa::Modify;
use utoipa::openapi::link::Link;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{OpenApi, PathItem, RefOr};

/// Where jobs are.
const JOBS: &str = "/api/v1/jobs/{id}";

/// Gives 202 and a job of its own the links to the operations on it.
pub(crate) struct Links;

impl Modify for Links {
    fn modify(&self, document: &mut OpenApi) {
        let of_jobs = document.paths.paths.iter().filter(|(path, _)| path.starts_with(JOBS));
        let ids: Vec<String> = of_jobs.flat_map(|(_, item)| operations(item)).filter_map(id_of).collect();
        let takers = document.paths.paths.values_mut().filter_map(|item| item.post.as_mut());
        for response in takers.filter_map(|operation| operation.responses.responses.get_mut("202")) {
            let RefOr::T(response) = response else { continue };
            for id in &ids {
                let link = Link::builder().operation_id(id.clone()).parameter("id", "$response.body#/id").build();
                response.links.insert(id.clone(), link.into());
            }
        }
    }
}

fn operations(item: &PathItem) -> impl Iterator<Item = &Operation> {
    [&item.get, &item.post, &item.delete].into_iter().flatten()
}

fn id_of(operation: &Operation) -> Option<String> {
    operation.operation_id.clone()
}
