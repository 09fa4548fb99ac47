//! `--server`: finds the state directory of a running service of this machine by where it listens.
//!
//! The kernel says which socket listens there, `/proc` which process has it open, and that process's control socket
//! where its state is. So nothing is asked of whoever listens. Whether the command is allowed is decided at the control
//! socket, as with `--state`. A service of another machine, or one that `/proc` hides, is not found, which is said.

mod processes;
mod sockets;

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use fluent_uri::Uri;
use hivesum::control::socket::NAME;

use self::processes::{Holders, holders_of};
use self::sockets::{Listening, TcpTable, UnixTable};
use super::error::{NOT_RUNNING, StatusError, path_error, system_text};
use super::quote::quoted;

/// What else finds a service.
const OR_ELSE: &str = "give its state directory with --state DIR";

/// Where a service listens, as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ServerAddress {
    /// `http://HOST:PORT` or `https://HOST:PORT`. What follows is of no interest.
    Tcp { host: String, port: u16 },
    /// `unix:PATH`: its control socket, or the socket that it serves HTTP on.
    Unix(PathBuf),
}

impl FromStr for ServerAddress {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let wrong = "must be http://HOST:PORT, https://HOST:PORT or unix:PATH";
        if let Some(path) = word.strip_prefix("unix:") {
            return if path.is_empty() { Err(wrong) } else { Ok(Self::Unix(path.into())) };
        }
        let uri = Uri::parse(word).map_err(|_| wrong)?;
        let usual_port = match uri.scheme().as_str() {
            "http" => 80,
            "https" => 443,
            _ => return Err(wrong),
        };
        let authority = uri.authority().ok_or(wrong)?;
        let port = authority.port_to_u16().map_err(|_| "the port is a number up to 65535")?.unwrap_or(usual_port);
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() { Err(wrong) } else { Ok(Self::Tcp { host: host.to_owned(), port }) }
    }
}

impl ServerAddress {
    /// The state directory of the service that listens there.
    ///
    /// # Errors
    /// With exit status 69 if nothing listens there; otherwise what is in the way of finding it.
    pub(super) fn state_directory(&self) -> anyhow::Result<PathBuf> {
        match self {
            Self::Tcp { host, port } => of_tcp(host, *port),
            Self::Unix(path) => of_unix(&std::path::absolute(path)?),
        }
    }
}

fn of_tcp(host: &str, port: u16) -> anyhow::Result<PathBuf> {
    let shown = format!("{}:{port}", if host.contains(':') { format!("[{host}]") } else { host.to_owned() });
    let resolved = (host, port).to_socket_addrs();
    let addresses: Vec<SocketAddr> =
        resolved.map_err(|error| anyhow::anyhow!("{host:?} has no address: {}", system_text(&error)))?.collect();
    if !addresses.iter().any(|address| is_local(address.ip())) {
        anyhow::bail!(
            "{shown} is not an address of this machine: only a service of this machine is found by its address; \
             another one is reached through its API"
        );
    }
    let listening = TcpTable::read()?.listening_on(&addresses);
    if listening.is_empty() {
        return Err(nobody(&shown));
    }
    of_holder(&listening, &shown)
}

/// The address of a control socket names the state directory; that of another socket is looked up.
fn of_unix(path: &Path) -> anyhow::Result<PathBuf> {
    let shown = quoted(path.as_os_str());
    match fs::metadata(path) {
        Ok(found) if found.file_type().is_socket() => {}
        Ok(_) => anyhow::bail!("{shown}: it is not a socket"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(nobody(&shown)),
        Err(error) => return Err(path_error(path.as_os_str(), &error)),
    }
    let path = path.canonicalize().map_err(|error| path_error(path.as_os_str(), &error))?;
    if path.file_name() == Some(OsStr::new(NAME)) {
        return Ok(path.parent().unwrap_or(&path).to_owned());
    }
    let listening = UnixTable::read()?.listening_on(path.as_os_str().as_bytes());
    if listening.is_empty() {
        return Err(nobody(&shown));
    }
    of_holder(&listening, &shown)
}

/// Whether this machine has the address: others cannot be bound.
fn is_local(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

/// The state directory of the process that has one of these sockets open.
fn of_holder(listening: &[Listening], shown: &str) -> anyhow::Result<PathBuf> {
    let Holders { processes, is_complete } = holders_of(listening)?;
    let control = UnixTable::read()?;
    for process in &processes {
        if let Some(descriptor) = process.control_socket(&control) {
            return seen_from_here(&process.descriptor(descriptor));
        }
    }
    match processes.first() {
        Some(process) => anyhow::bail!(
            "{process} listens on {shown}, and it has no control socket of hivesum: give the address that hivesum \
             itself listens on, or {OR_ELSE}"
        ),
        None if is_complete => anyhow::bail!(
            "/proc shows no process that listens on {shown}: it is hidden, as in another container; {OR_ELSE}"
        ),
        None => {
            let of_user =
                listening.iter().find_map(|one| one.user).map(|user| format!(" (the socket is of user {user})"));
            anyhow::bail!(
                "which process listens on {shown} cannot be seen: /proc shows this user the sockets of its own processes \
                 alone; run this command as the user of the service{} or as root, or {OR_ELSE}",
                of_user.unwrap_or_default()
            )
        }
    }
}

/// The path of a directory that another process has open, if it is the same directory here.
fn seen_from_here(open: &Path) -> anyhow::Result<PathBuf> {
    let identity = |path: &Path| fs::metadata(path).map(|meta| (meta.dev(), meta.ino()));
    let failed = |error: &io::Error| path_error(open.as_os_str(), error);
    let path = fs::read_link(open).map_err(|error| failed(&error))?;
    let theirs = identity(open).map_err(|error| failed(&error))?;
    if identity(&path).is_ok_and(|ours| ours == theirs) {
        return Ok(path);
    }
    anyhow::bail!(
        "the state directory of the service, {}, is another one or none as this command sees it: the service runs in a \
         container or was moved; run this command in there, or {OR_ELSE}",
        quoted(path.as_os_str())
    )
}

fn nobody(shown: &str) -> anyhow::Error {
    let message = format!(
        "nothing listens on {shown} on this machine, as far as this command sees (a container has a network of its own): \
         start the service, or {OR_ELSE}"
    );
    StatusError { status: NOT_RUNNING, message }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hivesum_test_support::comes_true;
    use std::net::TcpListener;
    use std::os::unix::net::UnixListener;

    #[test]
    fn an_address_is_a_url_or_the_path_of_a_socket() {
        let tcp = |host: &str, port| Ok(ServerAddress::Tcp { host: host.to_owned(), port });
        for (word, address) in [
            ("http://127.0.0.1:8080", tcp("127.0.0.1", 8080)),
            ("http://127.0.0.1:8080/#token=x", tcp("127.0.0.1", 8080)),
            ("https://[::1]:1/hivesum/", tcp("::1", 1)),
            ("http://localhost", tcp("localhost", 80)),
            ("https://localhost", tcp("localhost", 443)),
            ("unix:/run/a b.sock", Ok(ServerAddress::Unix("/run/a b.sock".into()))),
        ] {
            assert_eq!(word.parse(), address, "{word}");
        }
        for word in ["", "localhost:80", "127.0.0.1:8080", "ftp://a", "http://", "http:///", "unix:", "http://a:65536"]
        {
            assert!(word.parse::<ServerAddress>().is_err(), "{word} was accepted");
        }
    }

    fn refusal(word: &str) -> String {
        word.parse::<ServerAddress>().unwrap().state_directory().unwrap_err().to_string()
    }

    #[test]
    fn what_is_not_a_service_of_this_machine_is_told_apart() {
        // RFC 5737: an address for documentation, which no machine has.
        assert!(refusal("http://192.0.2.1:80").contains("192.0.2.1:80 is not an address of this machine"));
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let (url, own) = (format!("http://{}", other.local_addr().unwrap()), std::process::id());
        let said = refusal(&url);
        assert!(said.starts_with(&format!("process {own} (")), "{said}");
        assert!(said.contains("no control socket of hivesum"), "{said}");
        drop(other);
        // A process that another test starts holds it, too, until its program runs.
        let is_gone = || refusal(&url).starts_with("nothing listens on 127.0.0.1:");
        assert!(comes_true(is_gone), "{}", refusal(&url));

        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().canonicalize().unwrap().join("other.sock");
        let word = format!("unix:{}", path.display());
        assert!(refusal(&word).starts_with("nothing listens on "), "{}", refusal(&word));
        let other = UnixListener::bind(&path).unwrap();
        assert!(refusal(&word).starts_with(&format!("process {own} (")), "{}", refusal(&word));
        drop(other);
        assert!(refusal(&word).starts_with("nothing listens on "), "it was left over");
        fs::remove_file(&path).unwrap();
        fs::write(&path, "").unwrap();
        assert!(refusal(&word).ends_with("it is not a socket"));
    }
}
