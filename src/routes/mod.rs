//! The routes, one file per resource. A route parses the request, calls one function of a lower module, and answers; it
//! knows no other route.

mod algorithms;
mod cancel;
mod collections;
mod compare;
mod docs;
mod duplicates;
mod events;
mod hash;
mod health;
mod jobs;
mod manifest;
mod metrics;
mod nodes;
mod read_manifest;
mod results;
mod roots;
mod search;
mod session;
mod stats;
mod verify;

use std::sync::LazyLock;

use actix_web::web::{Data, ServiceConfig};
use utoipa::OpenApi;

use crate::metrics::Metrics;
use crate::openapi::{Credentials, Descriptions, Links, Parameters, Problems, Puts, schemas, to_json};
use crate::routing::{Methods, resource};

/// Registers every route.
pub(crate) fn configure(app: &mut ServiceConfig, metrics: &Metrics) {
    for resource in resources(metrics) {
        app.service(resource.done());
    }
    app.app_data(Data::new(docs::DocumentSource(document_text)));
    app.service(resource("/docs/{file}", metrics).get(docs::file).done());
    #[cfg(test)]
    app.service(resource(PANICS, metrics).get(panics).done());
}

/// A route for unit tests only.
#[cfg(test)]
pub(crate) const PANICS: &str = "/api/v1/panics";

#[cfg(test)]
async fn panics() -> actix_web::HttpResponse {
    panic!("as the test wants it")
}

/// Every documented route. Each has an annotation and is listed in the document below.
fn resources(metrics: &Metrics) -> [Methods; 42] {
    let at = |path| resource(path, metrics);
    [
        at("/healthz").get(health::alive),
        at("/readyz").get(health::ready),
        at("/metrics").get(metrics::figures),
        at("/openapi.json").get(docs::document),
        at("/docs").get(docs::page),
        at("/api/v1/hash").post(hash::hash).put(hash::hash),
        at("/api/v1/hash/{name}").put(hash::hash),
        at("/api/v1/session").get(session::show).post(session::sign_in).delete(session::sign_out),
        at("/api/v1/stats").get(stats::stats),
        at("/api/v1/algorithms").get(algorithms::list),
        at("/api/v1/nodes").get(nodes::list),
        at("/api/v1/nodes/{node}/drain").post(nodes::drain),
        at("/api/v1/nodes/{node}/resume").post(nodes::resume),
        at("/api/v1/roots").get(roots::list),
        at("/api/v1/roots/{root}/entries").get(roots::entries),
        at("/api/v1/verify").post(verify::verify),
        at("/api/v1/manifests/read").post(read_manifest::read_manifest),
        at("/api/v1/jobs").get(jobs::list).post(jobs::submit),
        at("/api/v1/jobs/{id}").get(jobs::show).delete(jobs::delete),
        at("/api/v1/jobs/{id}/cancel").post(cancel::cancel),
        at("/api/v1/jobs/{id}/results").get(results::results),
        at("/api/v1/jobs/{id}/manifest").get(manifest::manifest),
        at("/api/v1/jobs/{id}/compare").get(compare::compare),
        at("/api/v1/jobs/{id}/duplicates").get(duplicates::duplicates),
        at("/api/v1/jobs/{id}/events").get(events::events),
        at("/api/v1/collections").get(collections::list).post(collections::make),
        at("/api/v1/collections/{id}").get(collections::show).patch(collections::change).delete(collections::forget),
        at("/api/v1/collections/{id}/survey").post(collections::survey),
        at("/api/v1/collections/{id}/scrub").post(collections::scrub),
        at("/api/v1/collections/{id}/runs").get(collections::runs),
        at("/api/v1/collections/{id}/runs/{run}").get(collections::run),
        at("/api/v1/collections/{id}/runs/{run}/cancel").post(collections::cancel),
        at("/api/v1/collections/{id}/files").get(collections::files),
        at("/api/v1/collections/{id}/alerts").get(collections::alerts),
        at("/api/v1/collections/{id}/events").get(collections::events),
        at("/api/v1/collections/{id}/accept").post(collections::accept),
        at("/api/v1/collections/{id}/acknowledge").post(collections::acknowledge),
        at("/api/v1/collections/{id}/locate").post(collections::locate),
        at("/api/v1/collections/{id}/report").get(collections::report),
        at("/api/v1/collections/{id}/manifest").get(collections::manifest),
        at("/api/v1/search").get(search::search),
        at("/api/v1/events").get(events::all_events),
    ]
}

/// The API document, made from the annotations of the handlers.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "hivesum",
        version = "1",
        contact(name = "Whoever runs this service"),
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
        description = "Know that files are what they should be: digests of uploads and of directories.\n\n\
            Times are RFC 3339 in UTC, for the years 0001 to 9999; beyond them there are nanoseconds since 1970 as a string \
            instead, in a member `modified_at_ns`, in CSV in the same column. Sizes are in bytes, digests are lowercase hex. Unknown members and query \
            parameters are refused. Every GET also answers HEAD. Errors are RFC 9457 problems with a stable `code`; a \
            request that is refused before it is parsed (400, 408) gets an answer without a body.",
    ),
    servers((url = "/", description = "The service that this document comes from")),
    tags(
        (name = "hashing", description = "Uploads, never stored"),
        (name = "roots", description = "Directories of the server, by name"),
        (name = "jobs", description = "Jobs that hash or verify directories, and their results"),
        (name = "collections", description = "Directories that hivesum keeps watch over"),
        (name = "nodes", description = "Other machines whose directories jobs may read"),
        (name = "access", description = "Signing in"),
        (name = "operations", description = "Health, metrics and this document"),
    ),
    paths(
        health::alive, health::ready, metrics::figures, docs::document, docs::page,
        hash::hash, read_manifest::read_manifest, session::show, session::sign_in, session::sign_out, stats::stats, algorithms::list,
        roots::list, roots::entries,
        verify::verify, jobs::list, jobs::submit, jobs::show, jobs::delete, cancel::cancel,
        results::results, manifest::manifest, compare::compare, duplicates::duplicates, events::events,
        events::all_events, search::search, nodes::list, nodes::drain, nodes::resume,
        collections::list, collections::make, collections::show, collections::change, collections::forget,
        collections::survey, collections::scrub, collections::runs, collections::run, collections::cancel, collections::files,
        collections::alerts,
        collections::events, collections::accept, collections::acknowledge, collections::locate, collections::report,
        collections::manifest,
    ),
    components(schemas(schemas::Problem)),
    security(("token" = []), ("session" = [])),
    modifiers(&Puts, &Credentials, &Parameters, &Problems, &Links, &Descriptions),
)]
struct Document;

/// The document as JSON, made once.
fn document_text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| to_json(&Document::openapi()));
    &TEXT
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn every_route_and_method_is_in_the_document_and_nothing_else() {
        let metrics = Metrics::new();
        let routed: BTreeMap<_, _> =
            resources(&metrics).iter().map(|resource| (resource.path().to_owned(), resource.documented())).collect();
        let document = Document::openapi();
        let documented = document.paths.paths.iter().map(|(path, item)| {
            let methods = [
                ("GET", &item.get),
                ("POST", &item.post),
                ("PUT", &item.put),
                ("PATCH", &item.patch),
                ("DELETE", &item.delete),
            ];
            let methods = methods.iter().filter(|(_, operation)| operation.is_some()).map(|(method, _)| *method);
            (path.clone(), methods.collect::<Vec<_>>())
        });
        assert_eq!(routed, documented.collect());
    }
}
