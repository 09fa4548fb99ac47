//! Three ways to hash in an actix-web service: on the event loop, on a thread pool, and by hivesum's engine.
//!
//! Each serves the same two requests, GET /healthz and POST /digest, and hashes the same files repeatedly while its
//! [`Load`] is on. The first two are as good as they can be: the loop yields after every file, and the pool hashes one
//! file per core at a time.

#![allow(clippy::unwrap_used, reason = "a bench that cannot go on must fail")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::rt;
use actix_web::web::{self, Bytes, Data};
use hivesum_actors::scan::ScanSpec;
use hivesum_actors::{Engine, EngineConfig};
use hivesum_core::digest::{Algorithm, Algorithms, MultiHasher};
use hivesum_core::walk::Target;

use crate::host::{Endpoint, serve_app};

/// What every shape computes.
const ALGORITHMS: Algorithms = Algorithms::single(Algorithm::Sha256);

/// How often a server checks whether its load is on.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// The files that are hashed in the background, and whether they are hashed now.
#[derive(Debug)]
pub(crate) struct Load {
    tree: PathBuf,
    files: Vec<PathBuf>,
    tree_bytes: u64,
    next: AtomicUsize,
    on: AtomicBool,
    hashed_bytes: AtomicU64,
}

impl Load {
    /// All files in the directories of `tree`.
    pub(crate) fn new(tree: &Path) -> Arc<Self> {
        let entries = |directory: &Path| -> Vec<PathBuf> {
            let mut paths: Vec<_> = directory.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
            paths.sort();
            paths
        };
        let files: Vec<_> = entries(tree).iter().flat_map(|directory| entries(directory)).collect();
        let tree_bytes = files.iter().map(|file| file.metadata().unwrap().len()).sum();
        let (next, on, hashed_bytes) = (AtomicUsize::new(0), AtomicBool::new(false), AtomicU64::new(0));
        Arc::new(Self { tree: tree.to_owned(), files, tree_bytes, next, on, hashed_bytes })
    }

    /// Starts or stops the hashing.
    pub(crate) fn turn(&self, on: bool) {
        self.on.store(on, Ordering::Relaxed);
    }

    /// Whether files have to be hashed.
    pub(crate) fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    /// Bytes hashed so far.
    pub(crate) fn hashed_bytes(&self) -> u64 {
        self.hashed_bytes.load(Ordering::Relaxed)
    }

    /// Counts the whole tree as hashed once more.
    pub(crate) fn count_tree(&self) {
        self.count(self.tree_bytes);
    }

    fn count(&self, bytes: u64) {
        self.hashed_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Hashes the next file, starting over after the last.
    fn hash_next(&self) {
        let path = &self.files[self.next.fetch_add(1, Ordering::Relaxed) % self.files.len()];
        let bytes = std::fs::read(path).unwrap();
        std::hint::black_box(digest_of(&bytes));
        self.count(bytes.len() as u64);
    }
}

/// Where hashing runs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// In the handlers and in tasks on the event loop.
    EventLoop,
    /// By `web::block`, on threads of normal priority.
    Pool,
    /// By the engine, on hashers of idle priority.
    Engine,
}

impl Shape {
    /// Serves until the stop signal.
    pub(crate) async fn serve(self, endpoint: Endpoint, load: Arc<Load>) {
        match self {
            Self::EventLoop => serve_on_the_loop(endpoint, load).await,
            Self::Pool => serve_on_a_pool(endpoint, load).await,
            Self::Engine => serve_by_the_engine(endpoint, load).await,
        }
    }
}

async fn serve_on_the_loop(endpoint: Endpoint, load: Arc<Load>) {
    let routes = move |app: &mut web::ServiceConfig| {
        // Called once on every event loop, so that each of them hashes.
        rt::spawn(hash_on_the_loop(load.clone()));
        app.route("/healthz", web::get().to(alive)).route("/digest", web::post().to(digest_here));
    };
    serve_app(endpoint, routes).await;
}

async fn hash_on_the_loop(load: Arc<Load>) {
    loop {
        if load.is_on() {
            load.hash_next();
            tokio::task::yield_now().await;
        } else {
            rt::time::sleep(POLL_INTERVAL).await;
        }
    }
}

async fn serve_on_a_pool(endpoint: Endpoint, load: Arc<Load>) {
    let routes = move |app: &mut web::ServiceConfig| {
        rt::spawn(hash_on_a_pool(load.clone()));
        app.route("/healthz", web::get().to(alive)).route("/digest", web::post().to(digest_on_a_pool));
    };
    serve_app(endpoint, routes).await;
}

async fn hash_on_a_pool(load: Arc<Load>) {
    loop {
        if load.is_on() {
            let load = load.clone();
            web::block(move || load.hash_next()).await.unwrap();
        } else {
            rt::time::sleep(POLL_INTERVAL).await;
        }
    }
}

async fn serve_by_the_engine(endpoint: Endpoint, load: Arc<Load>) {
    let engine = Engine::start(EngineConfig::default()).await.unwrap();
    let hashing = rt::spawn(hash_by_the_engine(engine.clone(), load));
    let shared = Data::new(engine.clone());
    let routes = move |app: &mut web::ServiceConfig| {
        app.app_data(shared.clone())
            .route("/healthz", web::get().to(alive))
            .route("/digest", web::post().to(digest_by_the_engine));
    };
    serve_app(endpoint, routes).await;
    hashing.abort();
    engine.drain(Duration::from_secs(5)).await;
}

async fn hash_by_the_engine(engine: Engine, load: Arc<Load>) {
    loop {
        if !load.is_on() {
            rt::time::sleep(POLL_INTERVAL).await;
            continue;
        }
        let dir = File::open(&load.tree).unwrap().into();
        let mut scan =
            engine.scan(ScanSpec::new(vec![Target::Directory { dir, shown: Vec::new() }], ALGORITHMS)).unwrap();
        while let Some(rows) = scan.next().await
            && load.is_on()
        {
            load.count(rows.iter().map(|row| row.meta.size).sum());
        }
    }
}

async fn alive() -> &'static str {
    "ok\n"
}

async fn digest_here(body: Bytes) -> String {
    digest_of(&body)
}

async fn digest_on_a_pool(body: Bytes) -> String {
    web::block(move || digest_of(&body)).await.unwrap()
}

async fn digest_by_the_engine(engine: Data<Engine>, body: Bytes) -> String {
    let mut upload = engine.upload(ALGORITHMS).unwrap();
    upload.absorb(body).await.unwrap();
    in_hex(&upload.finish().await.unwrap().digests)
}

fn digest_of(bytes: &[u8]) -> String {
    let mut states = MultiHasher::new(&ALGORITHMS);
    let mut digest = Vec::with_capacity(ALGORITHMS.digest_bytes());
    states.update(bytes);
    states.finalize_reset_into(&mut digest);
    in_hex(&digest)
}

fn in_hex(digest: &[u8]) -> String {
    hex::encode(digest)
}
