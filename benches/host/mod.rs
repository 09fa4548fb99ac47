//! The server's half of the benches: a server on a port of its own, in this process, on its own thread and System.
//!
//! [`Hosted`] owns the port and the stop signal; what is served is the caller's.

#![allow(clippy::unwrap_used, reason = "a bench whose own server does not start has nothing to measure")]

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

/// A server that accepts until this is stopped.
#[derive(Debug)]
pub(crate) struct Hosted {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// The port, and the signal to end.
pub(crate) struct Door {
    /// Bound to a free port of the loopback.
    pub(crate) listener: TcpListener,
    /// Ready when the server is to end.
    pub(crate) stopped: oneshot::Receiver<()>,
}

impl Hosted {
    /// Runs `serve` on a System of its own. Connections wait in the kernel until it accepts.
    pub(crate) fn start<Serve>(serve: impl FnOnce(Door) -> Serve + Send + 'static) -> Self
    where
        Serve: Future<Output = ()> + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let run = move || actix_web::rt::System::new().block_on(serve(Door { listener, stopped }));
        Self { address, stop, thread: std::thread::spawn(run) }
    }

    /// hivesum itself, as `serve --no-auth --rate-limit off` runs it over one directory.
    pub(crate) fn start_hivesum(root: &Path, state: &Path) -> Self {
        let config = ServeConfig {
            roots: vec![RootConfig { name: Some(ROOT.to_owned()), path: root.to_owned() }],
            access: Access::Open,
            limits: Limits { rate: RateLimit::Off, ..Limits::default() },
            ..ServeConfig::new(state.to_owned())
        };
        Self::start(async move |door: Door| {
            let server = Server::start(config, door.listener).await.unwrap();
            server.run_until(async { drop(door.stopped.await) }).await.unwrap();
        })
    }

    /// Ends the server and waits until it has ended.
    pub(crate) fn stop(self) {
        let _ = self.stop.send(());
        self.thread.join().unwrap();
    }
}

/// Serves an App of the bench's own, with as many event loops as hivesum has, until the door says stop.
pub(crate) async fn serve_app(door: Door, routes: impl Fn(&mut ServiceConfig) + Clone + Send + 'static) {
    let app = move || App::new().configure(routes.clone());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let server: HttpService =
        HttpServer::new(app).workers(cores).tcp_nodelay(true).disable_signals().listen(door.listener).unwrap().run();
    let handle = server.handle();
    let running = actix_web::rt::spawn(server);
    let _ = door.stopped.await;
    handle.stop(false).await;
    running.await.unwrap().unwrap();
}
