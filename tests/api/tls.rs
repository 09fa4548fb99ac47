//! TLS with the user's own certificate. Plain HTTP is refused.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use hivesum_test_support::has_tool;

use crate::program::serve;

/// Makes a certificate for this machine and its key with openssl. Whether the tools are installed.
fn certificate(dir: &Path) -> bool {
    if !has_tool("openssl") || !has_tool("curl") {
        return false;
    }
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .args(["-keyout", "key.pem", "-out", "cert.pem"])
        .current_dir(dir)
        .stderr(Stdio::null())
        .status();
    assert!(made.unwrap().success());
    true
}

#[test]
fn the_service_answers_tls_and_not_plain_http() {
    let dir = tempfile::tempdir().unwrap();
    if !certificate(dir.path()) {
        return;
    }
    let (root, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut child = serve(&root, &state, &["--tls-cert", "cert.pem", "--tls-key", "key.pem"])
        .current_dir(dir.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    let link = stderr.find_map(|line| line.unwrap().split_once("https://").map(|(_, link)| link.to_owned())).unwrap();
    let (address, token) = link.split_once("/#token=").unwrap();
    let mut said = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, format!("listening on https://{address}\n"));

    let curl = |more: &[&str]| {
        let output = Command::new("curl")
            .args(["-sSi", "--noproxy", "*", "--cacert", "cert.pem"])
            .args(more)
            .current_dir(dir.path())
            .output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    let body = format!("{{\"token\": \"{token}\"}}");
    let signed_in = curl(&["--json", &body, &format!("https://{address}/api/v1/session")]);
    assert!(signed_in.starts_with("HTTP/1.1 204") && signed_in.contains("; Secure"), "{signed_in}");
    for tls in ["--tlsv1.2", "--tlsv1.3"] {
        assert!(curl(&[tls, &format!("https://{address}/healthz")]).starts_with("HTTP/1.1 200"), "{tls}");
    }

    let mut clear = TcpStream::connect(address).unwrap();
    clear.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = clear.read_to_end(&mut answer);
    assert!(!String::from_utf8_lossy(&answer).contains("HTTP"), "{answer:?}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_hangup_reads_a_renewed_certificate_and_keeps_the_old_one_if_it_cannot_be_used() {
    let dir = tempfile::tempdir().unwrap();
    if !certificate(dir.path()) {
        return;
    }
    let (root, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut child = serve(&root, &state, &["--no-auth", "--tls-cert", "cert.pem", "--tls-key", "key.pem"])
        .current_dir(dir.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let url = said.trim().strip_prefix("listening on ").unwrap().to_owned() + "/healthz";
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut hang_up = |words: &str| {
        rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::HUP).unwrap();
        assert!(stderr.any(|line| line.unwrap().contains(words)), "{words}");
    };
    let trusts = |certificate: &str| {
        let curl = Command::new("curl")
            .args(["-sS", "--noproxy", "*", "--cacert", certificate, &url])
            .current_dir(dir.path())
            .output();
        curl.unwrap().status.success()
    };
    std::fs::rename(dir.path().join("cert.pem"), dir.path().join("old.pem")).unwrap();
    hang_up("the certificate is not replaced");
    assert!(trusts("old.pem"));
    assert!(certificate(dir.path()));
    assert!(trusts("old.pem") && !trusts("cert.pem"), "nobody has said that it was renewed");
    hang_up("the certificate and its key were read again");
    assert!(trusts("cert.pem") && !trusts("old.pem"));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn invalid_certificate_files_are_refused_with_their_name() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("empty.pem"), "").unwrap();
    let (root, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (certificate, key) in [("missing.pem", "missing.pem"), ("empty.pem", "empty.pem")] {
        let output = serve(&root, &state, &["--tls-cert", certificate, "--tls-key", key])
            .current_dir(dir.path())
            .stdout(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(certificate), "{said}");
    }
}
