//! The HTTP service: limits connections and gives each socket its deadlines, below actix-http, which has no hook for
//! either.

use std::io::{Error, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, KeepAlive};
use actix_server::{GracefulShutdownSignal, Server, ServerBuilder};
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::dev::AppConfig;
use actix_web::middleware::from_fn;
use actix_web::{App, Error as WebError, web};
use hivesum_actors::limits::{ClientKey, Permit, Permits};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::tls::Tls;
use crate::config::{Limits, ServeConfig};
use crate::connection::{Connection, Socket, Timeouts, WholeHeads};
use crate::gate::{Proxies, gate};
use crate::server::ServeError;
use crate::service::Service;
use crate::{assets, routes};

/// How long a connection stays open after the answer to a body that was not read, so that the client sees the answer.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// Accepts connections.
#[derive(Clone)]
struct Acceptor {
    connections: Arc<Permits>,
    proxies: Arc<Proxies>,
    timeouts: Timeouts,
    tls: Option<Arc<Tls>>,
}

/// What clients connect to.
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A client that has connected.
enum Client {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// Serves on the listener once it is polled. At the end, requests in progress get the drain timeout to finish.
pub(super) fn serve(
    config: &ServeConfig,
    service: web::Data<Service>,
    listener: Listener,
    tls: Option<Arc<Tls>>,
) -> Result<Server, ServeError> {
    let limits = config.limits.clone();
    let acceptor = Acceptor {
        connections: service.connections.clone(),
        proxies: service.gate.proxies(),
        timeouts: Timeouts {
            head: limits.head_timeout,
            write: limits.write_timeout,
            idle: limits.keep_alive,
            pace: limits.body_pace,
        },
        tls,
    };
    let builder = ServerBuilder::new()
        .workers(config.workers.get())
        // Our own limit refuses a connection; the server's limit would let it and all later ones wait.
        .max_concurrent_connections(limits.max_connections.saturating_add(1024))
        .shutdown_timeout(limits.drain_timeout.as_secs().max(1))
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let app = move || http(&service, &limits, &stopping);
    let builder = match listener {
        Listener::Tcp(listener) => builder.listen("hivesum", listener, move || {
            let acceptor = acceptor.clone();
            fn_service(move |socket: TcpStream| admit(acceptor.clone(), Client::Tcp(socket))).and_then(app())
        }),
        Listener::Unix(listener) => builder.listen_uds("hivesum", listener, move || {
            let acceptor = acceptor.clone();
            fn_service(move |socket: UnixStream| admit(acceptor.clone(), Client::Unix(socket))).and_then(app())
        }),
    };
    Ok(builder?.run())
}

/// HTTP on the connections that were admitted, for one worker.
fn http(
    service: &web::Data<Service>,
    limits: &Limits,
    stopping: &GracefulShutdownSignal,
) -> impl ServiceFactory<
    (WholeHeads<Connection>, Option<SocketAddr>),
    Config = (),
    Response = (),
    Error = DispatchError,
    InitError = (),
> + use<> {
    let app = App::new()
        .app_data(service.clone())
        .app_data(service.gate.clone())
        .configure(|app| routes::configure(app, &service.metrics))
        .default_service(web::to(assets::asset))
        .wrap(from_fn(gate));
    let stopping = stopping.clone();
    HttpService::build()
        .graceful_shutdown_signal(move || {
            let stopping = stopping.clone();
            async move { stopping.notified().await }
        })
        // The connection times it: see `Timeouts::idle`.
        .keep_alive(if limits.keep_alive.is_zero() { KeepAlive::Disabled } else { KeepAlive::Os })
        .client_request_timeout(limits.head_timeout)
        .client_disconnect_timeout(CLOSE_WITHIN)
        .h1_allow_half_closed(false)
        .on_connect_ext(|heads: &WholeHeads<Connection>, data| {
            data.insert(heads.connection().phase());
            data.insert(heads.connection().answer());
            data.insert(heads.connection().client_end());
            data.insert(heads.verdict());
            if let Some(user) = heads.connection().peer_user() {
                data.insert(user);
            }
        })
        .h1(map_config(app.into_factory().map_err(|error: WebError| error.error_response()), |()| AppConfig::default()))
}

/// Takes a permit for the connection, then performs the TLS handshake if TLS is configured. The connection is closed if
/// no permit is left or the handshake is too slow.
async fn admit(
    acceptor: Acceptor,
    client: Client,
) -> Result<(WholeHeads<Connection>, Option<SocketAddr>), DispatchError> {
    let (socket, permit, peer) = match client {
        Client::Tcp(socket) => {
            let peer = socket.peer_addr()?;
            socket.set_nodelay(true)?;
            let permit = acceptor.permit(peer).ok_or_else(|| refused(&peer))?;
            (acceptor.secure(socket).await?, permit, Some(peer))
        }
        Client::Unix(socket) => {
            let user = socket.peer_cred()?.uid();
            let permit = acceptor.connections.take(Some(ClientKey::User(user)));
            let permit = permit.map_err(|_| refused(&format_args!("user {user}")))?;
            (Socket::Unix(socket), permit, None)
        }
    };
    let connection = Connection::new(socket, acceptor.timeouts, Some(permit));
    let phase = connection.phase();
    Ok((WholeHeads::new(connection, phase, acceptor.timeouts.head), peer))
}

fn refused(peer: &dyn std::fmt::Display) -> Error {
    tracing::debug!(%peer, "a connection was refused: too many are open");
    Error::from(ErrorKind::ConnectionRefused)
}

impl Acceptor {
    /// The socket, after the TLS handshake if TLS is configured.
    async fn secure(&self, socket: TcpStream) -> Result<Socket, Error> {
        let Some(tls) = &self.tls else { return Ok(Socket::Plain(socket)) };
        let stream = timeout(self.timeouts.head, tls.acceptor().accept(socket)).await.map_err(Error::from)?;
        Ok(Socket::Tls(Box::new(stream?)))
    }

    /// A permit for the peer; none beyond the limit for all or for one address. Connections of a trusted proxy serve
    /// many clients, so the limit for one address does not apply to them.
    fn permit(&self, peer: SocketAddr) -> Option<Permit> {
        let own = !self.proxies.trusts(peer.ip());
        self.connections.take(own.then(|| ClientKey::of_address(peer.ip()))).ok()
    }
}
