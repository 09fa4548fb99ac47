//! Whether a request is admitted. It is decided by its head alone, in this order: the bounds of the head, its host, the
//! site that it comes from, credentials, rate, scope. The body is not touched.

use actix_web::dev::ServiceRequest;

use super::access::AccessRule;
use super::csrf;
use super::rate::RateState;
use super::rules::Gate;
use crate::auth::{Caller, bearer};
use crate::connection::HeadVerdict;
use crate::error::ApiError;

/// Whether the request is admitted, and the state of its rate limit in either case.
pub(super) struct Admission {
    pub(super) rate: Option<RateState>,
    pub(super) outcome: Result<Caller, ApiError>,
}

/// Admits the request, or says why not.
pub(super) async fn admit(gate: &Gate, request: &ServiceRequest, access: AccessRule) -> Admission {
    if request.conn_data::<HeadVerdict>().is_some_and(|verdict| verdict.is_too_large(request.path())) {
        return Admission { rate: None, outcome: Err(ApiError::HeadTooLarge) };
    }
    if let Err(error) = check_site(gate, request, access) {
        return Admission { rate: None, outcome: Err(error) };
    }
    let address = gate.proxies.key_of(request);
    let known = match access {
        AccessRule::Probe | AccessRule::Public | AccessRule::SignIn | AccessRule::Preflight => {
            Ok(Caller::anonymous(address))
        }
        AccessRule::Metrics | AccessRule::OwnSession | AccessRule::Administered | AccessRule::Protected => {
            gate.auth.identify(request.request(), address).await
        }
    };
    if matches!(known, Err(ApiError::Unauthenticated)) && bearer(request.headers()).is_some() {
        gate.refusals.token(gate.proxies.client_of(request.request()));
    }
    // A request without a known caller counts for its address.
    let client = known.as_ref().map_or(address, |caller| caller.key);
    let rate = match access {
        AccessRule::Probe | AccessRule::Public | AccessRule::Metrics => Ok(None),
        AccessRule::SignIn
        | AccessRule::OwnSession
        | AccessRule::Preflight
        | AccessRule::Administered
        | AccessRule::Protected => gate.rate.take(client),
    };
    let permitted = |caller: Caller| match access {
        AccessRule::Probe
        | AccessRule::Public
        | AccessRule::SignIn
        | AccessRule::OwnSession
        | AccessRule::Preflight => Ok(caller),
        AccessRule::Administered => caller.may_administer().map(|()| caller),
        AccessRule::Metrics | AccessRule::Protected => caller.may(request.method()).map(|()| caller),
    };
    match rate {
        Ok(rate) => Admission { rate, outcome: known.and_then(permitted) },
        Err((rate, wait)) => Admission { rate: Some(rate), outcome: Err(ApiError::RateLimited { wait }) },
    }
}

/// Whether the request is for an allowed host, and not from another site's page.
fn check_site(gate: &Gate, request: &ServiceRequest, access: AccessRule) -> Result<(), ApiError> {
    let head = request.head();
    // Probes and balancers ask by the address of a pod, or name no host at all, and learn nothing that is secret.
    if access != AccessRule::Probe
        && let Err(error) = gate.hosts.check(head)
    {
        gate.refusals.host(gate.proxies.client_of(request.request()), request.request());
        return Err(error);
    }
    csrf::check(head, &gate.cors)
}
