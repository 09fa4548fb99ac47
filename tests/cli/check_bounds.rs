//! `hivesum check` reads any bytes in bounded memory and without a panic.

use std::io::Write;
use std::process::Stdio;

use hivesum_test_support::process::peak_bytes_if_running;

use super::work_dir::{HIVESUM, Ran, WorkDir};

/// The most memory that a manifest may take, whatever it holds.
const MEMORY_BYTES: u64 = 256 << 20;

/// Bytes that look random: xorshift64 (Marsaglia 2003).
struct Noise(u64);

impl Noise {
    fn fill(&mut self, piece: &mut [u8]) {
        for chunk in piece.chunks_mut(8) {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            chunk.copy_from_slice(&self.0.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// Feeds `check` with so many bytes, and gives what it printed and the most memory that it used.
fn check(options: &[&str], head: &[u8], mebibytes: usize, mut fill: impl FnMut(&mut [u8])) -> (Ran, u64) {
    let dir = WorkDir::new();
    let file = |name: &str| std::fs::File::create(dir.path(name)).unwrap();
    let mut command = dir.command(HIVESUM);
    // What it prints goes to files, because nobody reads it before it was fed.
    command.arg("check").args(options).stdin(Stdio::piped()).stdout(file("stdout")).stderr(file("stderr"));
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut piece = vec![0; 1 << 20];
    // It may have seen enough before the end.
    let mut written = stdin.write_all(head);
    let mut peak = 0;
    for _ in 0..mebibytes {
        fill(&mut piece);
        written = written.and_then(|()| stdin.write_all(&piece));
        peak = peak_bytes_if_running(child.id()).unwrap_or(peak);
    }
    drop(stdin);
    let code = child.wait().unwrap().code();
    let read = |name: &str| std::fs::read(dir.path(name)).unwrap();
    (Ran { stdout: read("stdout"), stderr: read("stderr"), code }, peak)
}

fn assert_refused(ran: &Ran, peak: u64, what: &str) {
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(1), ""), "{what}: {}", ran.stderr());
    assert!(!ran.stderr().contains("panicked") && ran.stderr().lines().count() < 10, "{what}: {}", ran.stderr());
    assert!(peak < MEMORY_BYTES, "{what}: {peak} bytes");
}

#[test]
fn three_hundred_megabytes_of_noise_are_no_manifest() {
    let mut noise = Noise(0x9E37_79B9_7F4A_7C15);
    let (ran, peak) = check(&[], b"", 300, |piece| noise.fill(piece));
    assert_refused(&ran, peak, "noise");
    assert_eq!(ran.stderr(), "hivesum: 'standard input': no properly formatted checksum lines found\n");
}

#[test]
fn noise_after_the_beginning_of_every_form_is_refused() {
    let heads: [&[u8]; 9] = [
        b"%%%% HASHDEEP-1.0\n%%%% size,md5,filename\n",
        b"path,size,md5\r\n",
        b"{\"items\":[\n",
        b"{\"path\":\"",
        b"\x1f\x8b\x08\0",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\xef\xbb\xbf",
        b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n",
    ];
    for (number, head) in heads.into_iter().enumerate() {
        let mut noise = Noise(0x2545_F491_4F6C_DD1D + number as u64);
        for options in [&[][..], &["--zero"], &["--base64"]] {
            let (ran, peak) = check(options, head, 8, |piece| noise.fill(piece));
            assert_refused(&ran, peak, &format!("{} {options:?}", String::from_utf8_lossy(head)));
        }
    }
}

#[test]
fn a_line_of_one_gibibyte_is_no_entry() {
    for (head, byte) in [("", b'a'), ("", b' '), ("SHA256 (", b'a'), ("MD5 ", b' ')] {
        let (ran, peak) = check(&[], head.as_bytes(), 1024, |piece| piece.fill(byte));
        assert_refused(&ran, peak, &format!("{head}{}...", char::from(byte)));
    }
}

#[test]
fn hundreds_of_long_names_are_read_in_pages_of_bounded_size() {
    // 200 MiB of names. No path is that long, so each is told to be too long.
    let line = format!("{}  {}\n", "0".repeat(32), "x".repeat((256 << 10) - 35));
    assert_eq!(line.len(), 256 << 10);
    let (ran, peak) = check(&["-a", "md5", "--status"], b"", 200, |piece| {
        piece.chunks_mut(line.len()).for_each(|chunk| chunk.copy_from_slice(line.as_bytes()));
    });
    assert_eq!((ran.code, ran.stderr.ends_with(b": File name too long\n")), (Some(1), true));
    assert!(peak < 128 << 20, "{peak} bytes");
}
