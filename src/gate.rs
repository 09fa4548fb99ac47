//! The gate: the one middleware that every request and every answer goes through.
//!
//! It strips the base path, then checks, in this order: Host, CSRF, credentials, rate, scope. Then it calls the handler
//! and catches panics. Then it turns errors into problem+json with the request's id, and counts the answer. A single
//! layer keeps small requests cheap.

mod access;
mod admission;
mod base;
mod chunked_body;
mod cors;
mod csrf;
mod framing;
mod hosts;
mod proxies;
mod rate;
mod refusals;
mod response;
mod rules;
mod sign_in;
mod streams;

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, ResponseError, web};
use futures_util::FutureExt;

use crate::auth::Caller;
use crate::connection::PhaseHandle;
use crate::error::ApiError;
use crate::error::problem::{RequestId, problem};
use crate::metrics::RouteMeter;
use access::AccessRule;
use admission::{Admission, admit};
use base::LastSlash;
use chunked_body::hold_until_sent;
use cors::Cors;
use framing::framed;
pub(crate) use proxies::Proxies;
pub(crate) use response::is_compressed;
use response::{add_security_headers, finish};
pub(crate) use rules::Gate;
use streams::AnswerKind;
pub(crate) use streams::StoreExport;

/// The middleware.
pub(crate) async fn gate(mut request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    let log = RequestLog::begin(&request);
    let answering = request.conn_data::<PhaseHandle>().map(PhaseHandle::begin);
    let reader = chunked_body::hold_reader(&mut request);
    let gate = gate_of(&request);
    let last_slash = base::strip(&gate.base_path, &mut request);
    let cors_headers = gate.cors.headers_for(request.headers());
    let preflight = gate.cors.is_preflight(request.head());
    let access = if preflight { AccessRule::Preflight } else { AccessRule::of(request.method(), request.path()) };
    let Admission { rate, outcome } = admit(&gate, &request, access).await;
    let credentials = outcome.as_ref().ok().and_then(|caller| caller.credentials);
    let answered = match outcome {
        Ok(_) if preflight => Ok(request.into_response(Cors::preflight_response())),
        Ok(_) if last_slash == LastSlash::Missing => Ok(request.into_response(base::redirect(&gate.base_path))),
        Ok(caller) => call_handler(request, caller, next, log.id).await,
        Err(error) => {
            let page = sign_in::page_for(&error, request.method(), request.path(), request.headers());
            Ok(request.into_response(page.unwrap_or_else(|| answer(&error, log.id))))
        }
    };
    let mut response = match answered {
        Ok(response) => response,
        Err(error) => {
            log.end(&gate.unmatched, error.status_code());
            return Err(error.into());
        }
    };
    if let Some(rate) = rate {
        rate.write(response.headers_mut());
    }
    cors_headers.write(response.headers_mut());
    if access == AccessRule::SignIn && response.status() == StatusCode::UNAUTHORIZED {
        gate.refusals.token(gate.proxies.client_of(response.request()));
    }
    let meter = response.request().app_data::<RouteMeter>().unwrap_or(&gate.unmatched);
    log.end(meter, response.status());
    let response = framed(finish(response));
    // An answer in memory is written under the write deadline; only a stream keeps the connection busy.
    let kind = AnswerKind::of(&response);
    let response = kind.bound(credentials, &gate.auth, response);
    Ok(match reader {
        None if kind == AnswerKind::InMemory => response,
        reader => hold_until_sent((reader, answering), response),
    })
}

/// What the log and the metrics need to know of a request until it is answered.
struct RequestLog {
    id: RequestId,
    began: Instant,
    /// Only if the log has this level.
    fields: Option<LogFields>,
}

/// What the log says about a request; control characters are escaped.
struct LogFields {
    method: Method,
    path: String,
    agent: Option<String>,
}

impl LogFields {
    fn of(request: &ServiceRequest) -> Self {
        let agent = request.headers().get(header::USER_AGENT);
        let agent = agent.map(|agent| String::from_utf8_lossy(agent.as_bytes()).into_owned());
        Self { method: request.method().clone(), path: request.path().to_owned(), agent }
    }
}

impl RequestLog {
    fn begin(request: &ServiceRequest) -> Self {
        let logged = tracing::enabled!(tracing::Level::DEBUG);
        let fields = logged.then(|| LogFields::of(request));
        Self { id: RequestId::next(), began: Instant::now(), fields }
    }

    fn end(self, meter: &RouteMeter, status: StatusCode) {
        let took = self.began.elapsed();
        meter.count(status, took);
        if let Some(LogFields { method, path, agent }) = self.fields {
            tracing::debug!(request_id = %self.id, %method, ?path, ?agent, status = status.as_u16(), ?took, "answered");
        }
    }
}

/// Calls the handler and turns its errors and panics into problems.
async fn call_handler(
    request: ServiceRequest,
    caller: Caller,
    next: Next<BoxBody>,
    id: RequestId,
) -> Result<ServiceResponse<BoxBody>, DetachedError> {
    request.extensions_mut().insert(caller);
    match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(Ok(response)) if response.status().as_u16() >= 400 => {
            let answer = answer_for(response.response().error(), response.status(), id);
            Ok(response.into_response(answer))
        }
        Ok(Ok(response)) => Ok(response),
        Ok(Err(error)) => {
            Err(DetachedError { id, error: ApiError::Framework(error.as_response_error().status_code()) })
        }
        Err(payload) => Err(DetachedError {
            id,
            error: ApiError::internal(format!("a handler panicked: {}", panic_text(&*payload))),
        }),
    }
}

/// The message of a panic, if it is text.
fn panic_text(payload: &(dyn Any + Send)) -> &str {
    let owned = || payload.downcast_ref::<String>().map(String::as_str);
    payload.downcast_ref::<&str>().copied().or_else(owned).unwrap_or("the message is not text")
}

/// The problem for one of our errors, or for a status that the framework chose.
fn answer_for(error: Option<&Error>, status: StatusCode, id: RequestId) -> HttpResponse {
    match error.and_then(Error::as_error::<ApiError>) {
        Some(error) => answer(error, id),
        None => answer(&ApiError::Framework(status), id),
    }
}

/// The problem; its cause, if it has one, goes to the log.
fn answer(error: &ApiError, id: RequestId) -> HttpResponse {
    match error {
        ApiError::Internal(cause) => tracing::error!(request_id = %id, ?cause, "a request failed"),
        error if error.status_code().is_server_error() => {
            tracing::warn!(request_id = %id, %error, "a request was refused")
        }
        error => tracing::debug!(request_id = %id, %error, "a request was refused"),
    }
    problem(error, id)
}

/// An error that outlives its request, so it carries the request's id.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
struct DetachedError {
    id: RequestId,
    error: ApiError,
}

impl ResponseError for DetachedError {
    fn status_code(&self) -> StatusCode {
        self.error.status_code()
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = answer(&self.error, self.id);
        add_security_headers(answer.headers_mut());
        answer
    }
}

fn gate_of(request: &ServiceRequest) -> web::Data<Gate> {
    request.app_data::<web::Data<Gate>>().expect("every app is built with its gate").clone()
}
