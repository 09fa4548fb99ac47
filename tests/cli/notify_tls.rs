//! Webhooks and mail over TLS: told to receivers whose certificate an authority has signed that is trusted, and to no
//! other.

use std::sync::Arc;
use std::time::Instant;

use hivesum_test_support::{LONGEST_WAIT, has_tool};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::mail_server::{MailServer, MailTls};
use super::receivers::{HookServer, SECRET};
use super::work_dir::{HIVESUM, Ran, WorkDir};

/// What is said of a certificate that nobody has signed who is trusted.
const UNTRUSTED: &str = "no answer: no authority that is trusted here has signed its certificate";

/// What is said of one for other names.
const ELSEWHERE: &str = "no answer: its certificate is for other names\n";

/// What is said of one that an authority should sign others with.
const AN_AUTHORITYS: &str = "no answer: its certificate is an authority's (CA:TRUE), and none that ";

/// What is said of a server that does not offer TLS.
const NO_STARTTLS: &str = "no answer: STARTTLS is not supported on this server";

/// What is said of one that does not begin with it.
const NO_TLS: &str = "no answer: it does not speak TLS";

const EC_KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

/// Makes the certificate of an authority, `NAME.pem`, as many make one for a server.
fn authority(dir: &WorkDir, name: &str) {
    let files = format!("-keyout {name}.key -out {name}.pem");
    openssl(dir, &format!("req -x509 {EC_KEY} -days 2 -subj /CN={name} -addext subjectAltName={HERE} {files}"));
}

/// A receiver's certificate for this name, signed by this authority.
fn certified(dir: &WorkDir, authority: &str, name: &str) -> Arc<ServerConfig> {
    dir.write("extensions", format!("subjectAltName = {name}\nbasicConstraints = CA:FALSE\n"));
    openssl(dir, &format!("req -new {EC_KEY} -subj /CN=receiver -keyout receiver.key -out receiver.csr"));
    let signed_by = format!("-CA {authority}.pem -CAkey {authority}.key -CAcreateserial -extfile extensions");
    openssl(dir, &format!("x509 -req -in receiver.csr {signed_by} -days 2 -out receiver.pem"));
    served(dir, "receiver")
}

/// What serves with the certificate `NAME.pem`.
fn served(dir: &WorkDir, name: &str) -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_file(dir.path(format!("{name}.pem"))).unwrap();
    let key = PrivateKeyDer::from_pem_file(dir.path(format!("{name}.key"))).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    Arc::new(config.with_single_cert(vec![certificate], key).unwrap())
}

fn openssl(dir: &WorkDir, args: &str) {
    let ran = dir.run("openssl", args.split(' '));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr());
}

/// Where the receivers of the tests are.
const HERE: &str = "IP:127.0.0.1";

/// A directory with the certificates of the authorities `ours` and `another`; `None` where they cannot be made.
fn with_authorities() -> Option<WorkDir> {
    if !has_tool("openssl") {
        return None;
    }
    let dir = WorkDir::new();
    authority(&dir, "ours");
    authority(&dir, "another");
    Some(dir)
}

/// Writes a configuration `h.toml` with the sinks `hook` and `mail`, which has a password and this line.
fn told_to(dir: &WorkDir, hook: &HookServer, mail: &MailServer, line: &str) {
    dir.write("secret", SECRET);
    dir.write("password", "open sesame");
    let config = format!(
        "[[sink]]\nname = 'hook'\nkind = 'webhook'\nurl = '{}'\nsecret_file = 'secret'\ntimeout_seconds = 30\n
         [[sink]]\nname = 'mail'\nkind = 'smtp'\nserver = '{}'\n{line}\nfrom = 'a@b.example'\nto = ['c@d.example']
         user = 'me'\npassword_file = 'password'\ntimeout_seconds = 30\n",
        hook.url, mail.address
    );
    dir.write("h.toml", config);
}

/// Runs hivesum where this authority is trusted, and no other.
fn trusting(dir: &WorkDir, authority: &str, args: &[&str]) -> Ran {
    let mut command = dir.command(HIVESUM);
    command.args(args).env("SSL_CERT_FILE", dir.path(format!("{authority}.pem"))).env_remove("SSL_CERT_DIR");
    Ran::of(command.output().unwrap())
}

#[test]
fn an_alert_stays_queued_until_the_authorities_of_its_receivers_are_trusted() {
    let Some(dir) = with_authorities() else { return };
    let tls = certified(&dir, "ours", HERE);
    let (hook, mail) = (HookServer::with_tls(Some(tls.clone())), MailServer::with_tls(MailTls::Starttls(tls)));
    told_to(&dir, &hook, &mail, "");
    dir.write("t/song", "as it should be");
    let scrub = ["scrub", "--state", "s", "--config", "h.toml", "t"];
    let baseline = [&scrub[..], &["--notify", "hook", "--notify", "mail"]].concat();
    assert_eq!(trusting(&dir, "ours", &baseline).code, Some(0));
    dir.write("t/song", "somebody has written");
    let ran = trusting(&dir, "another", &scrub);
    let said = ran.stderr();
    for sink in ["hook", "mail"] {
        let words = format!("{sink}: not everything was told: {UNTRUSTED}");
        assert!(said.contains(&words), "{words} is missing in {said}");
    }
    assert!(!hook.has_more() && !mail.has_more());
    assert_eq!(mail.commands(), ["EHLO", "STARTTLS"], "no password, and nobody's address");
    // The wait after the first failure is over after some runs.
    let (mut told, mut letter) = (None, None);
    let began = Instant::now();
    while (told.is_none() || letter.is_none()) && began.elapsed() < LONGEST_WAIT {
        assert_eq!(trusting(&dir, "ours", &scrub).code, Some(1));
        told = told.or_else(|| hook.try_next());
        letter = letter.or_else(|| mail.try_next());
    }
    assert_eq!(told.unwrap().body["data"]["alerts"], 1);
    assert!(letter.unwrap().contains("modified: song"));
}

#[test]
fn a_test_over_tls_is_taken_where_the_certificate_is_for_that_name_and_from_a_trusted_authority() {
    let Some(dir) = with_authorities() else { return };
    let ours = certified(&dir, "ours", HERE);
    let of_others = certified(&dir, "ours", "IP:127.0.0.2,DNS:elsewhere.example");
    for (line, encrypts) in [("", MailTls::Starttls as fn(_) -> _), ("tls = 'implicit'", MailTls::Implicit)] {
        for (tls, trusted, refused) in [
            (ours.clone(), "ours", None),
            (ours.clone(), "another", Some(UNTRUSTED)),
            (of_others.clone(), "ours", Some(ELSEWHERE)),
            (served(&dir, "ours"), "ours", Some(AN_AUTHORITYS)),
        ] {
            let (hook, mail) = (HookServer::with_tls(Some(tls.clone())), MailServer::with_tls(encrypts(tls)));
            told_to(&dir, &hook, &mail, line);
            let ran = trusting(&dir, trusted, &["notify", "test", "--config", "h.toml"]);
            let Some(words) = refused else {
                assert_eq!(ran.expect_success(), "hook: taken (status 204)\nmail: taken (code 250)\n");
                assert_eq!(hook.next().body["type"], "test");
                assert!(mail.next().contains("Subject: hivesum: a test\r\n"));
                assert!(mail.commands().contains(&"AUTH".to_owned()), "{:?}", mail.commands());
                continue;
            };
            let said = ran.stderr();
            assert_eq!(ran.code, Some(1), "{said}");
            for sink in ["hook", "mail"] {
                let words = format!("hivesum: {sink}: not taken: {words}");
                assert!(said.contains(&words), "{line}: {words} is missing in {said}");
            }
            assert!(!hook.has_more() && !mail.has_more(), "{line}: {words}");
            assert!(!mail.commands().contains(&"AUTH".to_owned()), "{:?}", mail.commands());
        }
    }
}

#[test]
fn a_mail_server_that_does_not_offer_tls_gets_no_password_and_no_mail() {
    let Some(dir) = with_authorities() else { return };
    for (line, words) in [("", NO_STARTTLS), ("tls = 'implicit'", NO_TLS)] {
        let (hook, mail) = (HookServer::start(), MailServer::start());
        told_to(&dir, &hook, &mail, line);
        let ran = trusting(&dir, "ours", &["notify", "test", "mail", "--config", "h.toml"]);
        assert_eq!((ran.code, ran.stderr()), (Some(1), format!("hivesum: mail: not taken: {words}\n")));
        assert!(!mail.has_more());
        let commands = mail.commands();
        assert!(!commands.iter().any(|command| ["AUTH", "MAIL", "DATA"].contains(&command.as_str())), "{commands:?}");
    }
}

#[test]
fn without_any_authority_sinks_over_tls_are_refused_at_the_start() {
    let Some(dir) = with_authorities() else { return };
    let (hook, mail) = (HookServer::with_tls(Some(certified(&dir, "ours", HERE))), MailServer::start());
    for (line, sink) in [("tls = 'none'", "hook"), ("", "mail")] {
        told_to(&dir, &hook, &mail, line);
        let ran = trusting(&dir, "nobody", &["notify", "test", sink, "--config", "h.toml"]);
        let words = "TLS cannot be used: No CA certificates were loaded from the system";
        assert!(ran.code == Some(2) && ran.stderr().contains(words), "{}", ran.stderr());
    }
}
