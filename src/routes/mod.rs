//! The routes, a file a resource. A route parses, calls one plain function of a room below, and answers; it knows
//! no other route.

mod algorithms;
mod cancel;
mod events;
mod hash;
mod health;
mod jobs;
mod manifest;
mod metrics;
mod results;
mod roots;
mod session;
mod stats;

use actix_web::web::ServiceConfig;

use crate::metrics::Metrics;
use crate::routing::resource;

/// Every route there is.
pub(crate) fn configure(app: &mut ServiceConfig, metrics: &Metrics) {
    let at = |path| resource(path, metrics);
    app.service(at("/healthz").get(health::alive).done())
        .service(at("/readyz").get(health::ready).done())
        .service(at("/metrics").get(metrics::figures).done())
        .service(at("/api/v1/hash").post(hash::hash).done())
        .service(at("/api/v1/session").post(session::sign_in).done())
        .service(at("/api/v1/stats").get(stats::stats).done())
        .service(at("/api/v1/algorithms").get(algorithms::list).done())
        .service(at("/api/v1/roots").get(roots::list).done())
        .service(at("/api/v1/roots/{root}/entries").get(roots::entries).done())
        .service(at("/api/v1/jobs").get(jobs::list).post(jobs::submit).done())
        .service(at("/api/v1/jobs/{id}").get(jobs::show).delete(jobs::delete).done())
        .service(at("/api/v1/jobs/{id}/cancel").post(cancel::cancel).done())
        .service(at("/api/v1/jobs/{id}/results").get(results::results).done())
        .service(at("/api/v1/jobs/{id}/manifest").get(manifest::manifest).done())
        .service(at("/api/v1/jobs/{id}/events").get(events::events).done());
}
