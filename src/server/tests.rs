use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;

use super::*;
use crate::config::Access;
use crate::routes::PANICS;

/// What was logged, in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Everything that this process logs from here on: no other unit test of this crate starts logging.
    fn start() -> Self {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_writer(log.clone());
        subscriber.try_init().expect("logging was not started before");
        log
    }

    fn events(&self) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// One request, and the head and body of its answer, on a connection that stays.
fn ask(stream: &mut TcpStream, path: &str) -> (String, String) {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).unwrap();
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("the connection lives");
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    (head, String::from_utf8(body).unwrap())
}

#[test]
fn a_handler_that_panics_is_a_problem_that_the_log_names_and_the_connection_lives() {
    let log = Log::start();
    let state = tempfile::tempdir().unwrap();
    let mut config = ServeConfig::new(state.path().join("state"));
    (config.listen, config.access) = ("127.0.0.1:0".parse().unwrap(), Access::Open);
    let listener = bind(config.listen).unwrap();
    let (stop, (started_in, started)) = (CancellationToken::new(), mpsc::channel());
    let until = stop.clone().cancelled_owned();
    let service = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = Server::start(config, listener).await.unwrap();
            started_in.send(server.address().unwrap()).unwrap();
            server.run_until(until).await.unwrap();
        });
    });
    let mut stream = TcpStream::connect(started.recv().unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    for _ in 0..3 {
        let (head, body) = ask(&mut stream, PANICS);
        assert!(head.starts_with("HTTP/1.1 500 ") && head.contains("application/problem+json"), "{head}");
        assert!(head.contains("x-content-type-options: nosniff\r\n"), "{head}");
        let problem: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((&problem["status"], &problem["code"]), (&500.into(), &"internal".into()), "{body}");
        assert!(!body.contains("as the test wants it"), "what it said is for the log alone: {body}");
        let failed =
            |event: &Value| event["message"] == "a request failed" && event["request_id"] == problem["request_id"];
        let event = log.events().into_iter().find(failed).expect("the log names the request");
        assert_eq!(event["level"], "ERROR");
        assert!(event["cause"].to_string().contains("as the test wants it"), "{event}");
        assert!(ask(&mut stream, "/healthz").0.starts_with("HTTP/1.1 200 "));
    }
    drop(stream);
    stop.cancel();
    service.join().unwrap();
}
