//! The server side of the benches: a server in this process, with its own port, thread and System.
//!
//! [`Hosted`] owns the port and the stop signal, the caller decides what is served.

#![allow(clippy::unwrap_used, reason = "a bench that cannot go on must fail")]

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::thread::JoinHandle;

use actix_web::dev::Server as HttpService;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpServer};
use hivesum::config::{Access, Limits, RateLimit, RootConfig, ServeConfig};
use hivesum::server::Server;
use tokio::sync::oneshot;

/// The name of the only root.
pub(crate) const ROOT: &str = "bench";

/// A running server.
#[derive(Debug)]
pub(crate) struct Hosted {
    /// Its address.
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// The port to serve, and the signal to stop.
pub(crate) struct Endpoint {
    /// Bound to a free port on loopback.
    pub(crate) listener: TcpListener,
    /// Completes when the server has to stop.
    pub(crate) stopped: oneshot::Receiver<()>,
}

impl Hosted {
    /// Runs `serve` on its own System. The kernel queues connections until the server accepts.
    pub(crate) fn start<Serve>(serve: impl FnOnce(Endpoint) -> Serve + Send + 'static) -> Self
    where
        Serve: Future<Output = ()> + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let run = move || actix_web::rt::System::new().block_on(serve(Endpoint { listener, stopped }));
        Self { address, stop, thread: std::thread::spawn(run) }
    }

    /// Starts hivesum as `serve --no-auth --rate-limit off` does, with one root.
    pub(crate) fn start_hivesum(root: &Path, state: &Path) -> Self {
        let config = ServeConfig {
            roots: vec![RootConfig { name: Some(ROOT.to_owned()), path: root.to_owned() }],
            access: Access::Open,
            limits: Limits { rate: RateLimit::Off, ..Limits::default() },
            ..ServeConfig::new(state.to_owned())
        };
        Self::start(async move |endpoint: Endpoint| {
            let server = Server::start(config, endpoint.listener).await.unwrap();
            server.run_until(async { drop(endpoint.stopped.await) }).await.unwrap();
        })
    }

    /// Stops the server and waits for its end.
    pub(crate) fn stop(self) {
        let _ = self.stop.send(());
        self.thread.join().unwrap();
    }
}

/// Serves an App with as many event loops as hivesum has, until the stop signal.
pub(crate) async fn serve_app(endpoint: Endpoint, routes: impl Fn(&mut ServiceConfig) + Clone + Send + 'static) {
    let app = move || App::new().configure(routes.clone());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let server: HttpService = HttpServer::new(app)
        .workers(cores)
        .tcp_nodelay(true)
        .disable_signals()
        .listen(endpoint.listener)
        .unwrap()
        .run();
    let handle = server.handle();
    let running = actix_web::rt::spawn(server);
    let _ = endpoint.stopped.await;
    handle.stop(false).await;
    running.await.unwrap().unwrap();
}
