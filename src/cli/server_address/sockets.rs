//! The kernel's lists of sockets, `/proc/net/tcp`, `tcp6` and `unix` (`proc_pid_net(5)`): those that listen.
//!
//! A line that is not understood is left out: it cannot be the socket that is looked for.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::cli::error::path_error;

/// `TCP_LISTEN` of the kernel's `tcp_states.h`, as the list has it.
const LISTEN: &str = "0A";

/// `__SO_ACCEPTCON` of the kernel's `net.h`: the socket listens.
const ACCEPTS: u32 = 1 << 16;

/// A socket that listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Listening {
    /// The number by which descriptors name it.
    pub(super) inode: u64,
    /// The user that made it. The list of Unix sockets does not say it.
    pub(super) user: Option<u32>,
}

/// The TCP sockets that listen.
pub(super) struct TcpTable(Vec<(SocketAddr, Listening)>);

impl TcpTable {
    /// Reads both lists. A kernel without IPv6 has only the first.
    pub(super) fn read() -> anyhow::Result<Self> {
        let mut sockets: Vec<_> = read("/proc/net/tcp")?.lines().filter_map(tcp_line).collect();
        match fs::read_to_string("/proc/net/tcp6") {
            Ok(list) => sockets.extend(list.lines().filter_map(tcp_line)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(path_error("/proc/net/tcp6".as_ref(), &error)),
        }
        Ok(Self(sockets))
    }

    /// Those that take connections to the first of these addresses at which any does. Several share one with
    /// `SO_REUSEPORT`.
    pub(super) fn listening_on(&self, addresses: &[SocketAddr]) -> Vec<Listening> {
        let taking = |asked: &SocketAddr| {
            let ranked = self.0.iter().filter_map(|(bound, listening)| Some((rank(bound, asked)?, *listening)));
            let ranked: Vec<(u8, Listening)> = ranked.collect();
            let best = ranked.iter().map(|(rank, _)| *rank).min()?;
            Some(ranked.into_iter().filter(|(rank, _)| *rank == best).map(|(_, listening)| listening).collect())
        };
        addresses.iter().find_map(taking).unwrap_or_default()
    }
}

/// Which socket the kernel prefers for connections to an address, the lowest first: one that is bound to the address
/// itself, to all of its kind, and one for all of IPv6, which usually takes IPv4, too. `None` if it takes none.
fn rank(bound: &SocketAddr, asked: &SocketAddr) -> Option<u8> {
    if bound.port() != asked.port() {
        return None;
    }
    match (bound.ip(), asked.ip()) {
        (bound, asked) if bound.to_canonical() == asked.to_canonical() => Some(0),
        (IpAddr::V4(any), IpAddr::V4(_)) if any.is_unspecified() => Some(1),
        (IpAddr::V6(any), IpAddr::V6(_)) if any.is_unspecified() => Some(1),
        (IpAddr::V6(any), IpAddr::V4(_)) if any.is_unspecified() => Some(2),
        _ => None,
    }
}

/// `0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 1000 0 4242 ...`: the bytes of the address
/// as words of the machine.
fn tcp_line(line: &str) -> Option<(SocketAddr, Listening)> {
    let columns: Vec<_> = line.split_whitespace().take(10).collect();
    let [_, local, _, LISTEN, _, _, _, user, _, inode] = columns[..] else { return None };
    let (address, port) = local.split_once(':')?;
    let word = |index: usize| {
        let digits = address.get(8 * index..8 * (index + 1))?;
        u32::from_str_radix(digits, 16).ok().map(u32::to_ne_bytes)
    };
    let address = match address.len() {
        8 => IpAddr::from(Ipv4Addr::from(word(0)?)),
        32 => {
            let mut bytes = [0; 16];
            for (index, four) in bytes.chunks_exact_mut(4).enumerate() {
                four.copy_from_slice(&word(index)?);
            }
            IpAddr::from(Ipv6Addr::from(bytes))
        }
        _ => return None,
    };
    let port = u16::from_str_radix(port, 16).ok()?;
    Some((SocketAddr::new(address, port), Listening { inode: inode.parse().ok()?, user: Some(user.parse().ok()?) }))
}

/// The Unix sockets that listen, with the addresses that they were bound to.
pub(super) struct UnixTable(Vec<(Vec<u8>, u64)>);

impl UnixTable {
    pub(super) fn read() -> anyhow::Result<Self> {
        let list = fs::read("/proc/net/unix").map_err(|error| path_error("/proc/net/unix".as_ref(), &error))?;
        Ok(Self(list.split(|&byte| byte == b'\n').filter_map(unix_line).collect()))
    }

    pub(super) fn listening_on(&self, path: &[u8]) -> Vec<Listening> {
        let sockets = self.0.iter().filter(|(bound, _)| bound == path);
        sockets.map(|&(_, inode)| Listening { inode, user: None }).collect()
    }

    /// The address of a socket, if it listens.
    pub(super) fn address_of(&self, inode: u64) -> Option<&[u8]> {
        self.0.iter().find(|(_, listening)| *listening == inode).map(|(path, _)| &path[..])
    }
}

/// `0000000000000000: 00000002 00000000 00010000 0001 01 4242 /run/a b.sock`.
fn unix_line(line: &[u8]) -> Option<(Vec<u8>, u64)> {
    let mut columns = line.splitn(2, |&byte| byte == b'/');
    let (head, path) = (std::str::from_utf8(columns.next()?).ok()?, columns.next()?);
    let columns: Vec<_> = head.split_whitespace().collect();
    let [_, _, _, flags, _, _, inode] = columns[..] else { return None };
    let listens = u32::from_str_radix(flags, 16).ok()? & ACCEPTS != 0;
    let inode = inode.parse().ok()?;
    listens.then(|| ([b"/", path].concat(), inode))
}

fn read(path: &str) -> anyhow::Result<String> {
    fs::read_to_string(path).map_err(|error| path_error(path.as_ref(), &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hivesum_test_support::comes_true;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_listener_is_found_at_its_address_and_connections_are_not() {
        for (bind, asked) in [("127.0.0.1:0", "127.0.0.1"), ("0.0.0.0:0", "127.0.0.1"), ("[::1]:0", "::1")] {
            let Ok(listener) = TcpListener::bind(bind) else { continue };
            let address = SocketAddr::new(asked.parse().unwrap(), listener.local_addr().unwrap().port());
            let _client = TcpStream::connect(address).unwrap();
            assert_eq!(TcpTable::read().unwrap().listening_on(&[address]).len(), 1, "{bind}");
            drop(listener);
            // A process that another test starts holds it, too, until its program runs.
            assert!(comes_true(|| TcpTable::read().unwrap().listening_on(&[address]).is_empty()), "{bind}");
        }
    }

    #[test]
    fn lines_are_read_as_the_kernel_writes_them_and_others_are_left_out() {
        let line =
            "   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0";
        let expected = Listening { inode: 4242, user: Some(1000) };
        assert_eq!(tcp_line(line), Some(("0.0.0.0:8080".parse().unwrap(), expected)));
        let v6 = line.replacen("00000000:1F90", &format!("{}:1F90", "0".repeat(32)), 1);
        assert_eq!(tcp_line(&v6), Some(("[::]:8080".parse().unwrap(), expected)));
        for other in
            [&*line.replace(" 0A ", " 01 "), &line.replace("1F90", "x"), &line[..60], "", "  sl  local_address"]
        {
            assert_eq!(tcp_line(other), None, "{other}");
        }
        let line = b"0000000000000000: 00000002 00000000 00010000 0001 01 4242 /run/a b/\xff.sock";
        assert_eq!(unix_line(line), Some((b"/run/a b/\xff.sock".to_vec(), 4242)));
        for other in [&line[..58], b"", b"Num RefCount Protocol Flags Type St Inode Path", b"0: 2 0 00000000 1 3 42 /a"]
        {
            assert_eq!(unix_line(other), None);
        }
    }

    #[test]
    fn the_socket_that_the_kernel_prefers_is_taken() {
        let at = |address: &str, inode| (address.parse().unwrap(), Listening { inode, user: None });
        let table = TcpTable(vec![
            at("[::]:80", 1),
            at("0.0.0.0:80", 2),
            at("127.0.0.1:80", 3),
            at("127.0.0.1:80", 4),
            at("127.0.0.1:81", 5),
            at("[::]:82", 6),
        ]);
        let inodes = |asked: &[&str]| {
            let asked: Vec<_> = asked.iter().map(|asked| asked.parse().unwrap()).collect();
            table.listening_on(&asked).into_iter().map(|listening| listening.inode).collect::<Vec<_>>()
        };
        assert_eq!(inodes(&["127.0.0.1:80"]), [3, 4]);
        assert_eq!(inodes(&["127.0.0.2:80"]), [2]);
        assert_eq!(inodes(&["[::1]:80", "127.0.0.1:80"]), [1]);
        assert_eq!(inodes(&["[::1]:81", "127.0.0.1:81"]), [5]);
        assert_eq!(inodes(&["127.0.0.1:82"]), [6]);
        assert!(inodes(&["127.0.0.2:81"]).is_empty());
    }
}
