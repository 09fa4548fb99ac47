//! The algorithms that are used in the field but not computed here.
//!
//! They are known by name, so that a tag or a file's name that means one of them is never taken for another.

/// The usual written name of a digest algorithm that is known but not supported, such as `GOST R 34.11-94` of `gost94`;
/// `None` for every other word. Case does not matter, nor do `-`, `_`, `/`, dots and blanks.
///
/// ```
/// use hivesum_core::digest::unsupported_algorithm;
///
/// assert_eq!(unsupported_algorithm("HAS-160"), Some("HAS-160"));
/// assert_eq!(unsupported_algorithm("sha256"), None);
/// ```
#[must_use]
pub fn unsupported_algorithm(word: &str) -> Option<&'static str> {
    if word.len() > MAX_WORD_BYTES {
        return None;
    }
    let squeezed: String = word.chars().filter(|letter| !"-_/. ".contains(*letter)).collect();
    let squeezed = squeezed.to_ascii_lowercase();
    let has_word = |(words, _): &&(&[&str], &str)| words.contains(&squeezed.as_str());
    let known = UNSUPPORTED.iter().find(has_word);
    known.map(|(_, name)| *name)
}

/// Longer words are not looked up.
const MAX_WORD_BYTES: usize = 32;

/// The words that mean an algorithm, squeezed and in lower case, and its usual written name.
const UNSUPPORTED: &[(&[&str], &str)] = &[
    (&["gost", "gost94", "gostr341194", "gosthash", "mdgost94"], "GOST R 34.11-94"),
    (&["gost94cryptopro", "gostcryptopro", "gostcrypto"], "GOST R 34.11-94 (CryptoPro)"),
    (
        &["gost12256", "gost256", "gost2012256", "streebog256", "stribog256", "mdgost12256"],
        "GOST R 34.11-2012 (256 bits)",
    ),
    (
        &["gost12512", "gost512", "gost2012512", "streebog512", "stribog512", "mdgost12512"],
        "GOST R 34.11-2012 (512 bits)",
    ),
    (&["gost12", "gost2012", "gostr34112012", "streebog", "stribog"], "GOST R 34.11-2012 (Streebog)"),
    (&["has160", "has"], "HAS-160"),
    (&["snefru", "snefru128"], "Snefru-128"),
    (&["snefru256"], "Snefru-256"),
    (&["edonr", "edonr256"], "EDON-R 256"),
    (&["edonr512"], "EDON-R 512"),
    (&["edonr224", "edonr384"], "EDON-R"),
    (&["btih", "bittorrent"], "BTIH (BitTorrent info hash)"),
    (&["btmh"], "BTMH (BitTorrent info hash)"),
    (&["aich"], "AICH"),
    (&["tth", "tthl", "tigertree", "treetiger"], "TTH (Tiger tree hash)"),
    (&["tiger2", "tiger128", "tiger160"], "Tiger2 or a shortened Tiger"),
    (&["skein", "skein256", "skein512", "skein1024", "skein256256", "skein512256", "skein512512"], "Skein"),
    (&["sha0"], "SHA-0"),
    (&["md2"], "MD2"),
    (&["md6", "md6128", "md6256", "md6512"], "MD6"),
    (&["md5sha1"], "MD5-SHA1"),
    (&["mdc2"], "MDC-2"),
    (&["adler", "adler32"], "Adler-32"),
    (&["fletcher", "fletcher16", "fletcher32", "fletcher64"], "Fletcher's checksum"),
    (&["fletcher2", "fletcher4"], "Fletcher's checksum of ZFS"),
    (&["fnv", "fnv0", "fnv1", "fnv1a", "fnv32", "fnv64", "fnv132", "fnv164", "fnv1a32", "fnv1a64"], "FNV"),
    (&["joaat"], "Jenkins's one-at-a-time hash"),
    (&["sum", "bsd", "bsdsum"], "the BSD checksum of sum"),
    (&["sysv", "sysvsum"], "the System V checksum of sum"),
    (&["crc", "cksum", "posix", "posixcksum", "crc32posix", "crc32cksum"], "the POSIX CRC of cksum"),
    (
        &["crc32bzip2", "crc32mpeg2", "crc32mpeg", "crc32d", "crc32q", "crc32k", "crc32mef"],
        "another CRC-32 than that of zip",
    ),
    (&["crc8", "crc16", "crc16ccitt", "crc16modbus", "crc24"], "a CRC of fewer than 32 bits"),
    (
        &["crc64iso", "crc64goiso", "crc64jones", "crc64redis", "crc64we", "crc64ms"],
        "another CRC-64 than those of xz and NVMe",
    ),
    (&["haval", "haval128", "haval160", "haval192", "haval224", "haval256"], "HAVAL"),
    (&["haval1283", "haval1603", "haval1923", "haval2243", "haval2563"], "HAVAL"),
    (&["haval1284", "haval1604", "haval1924", "haval2244", "haval2564"], "HAVAL"),
    (&["haval1285", "haval1605", "haval1925", "haval2245", "haval2565"], "HAVAL"),
    (&["ripemd", "rmd"], "RIPEMD"),
    (&["ripemd128", "rmd128"], "RIPEMD-128"),
    (&["ripemd256", "rmd256"], "RIPEMD-256"),
    (&["ripemd320", "rmd320"], "RIPEMD-320"),
    (&["whirlpool0", "whirlpoolt"], "an early version of Whirlpool"),
    (&["jh", "jh224", "jh256", "jh384", "jh512"], "JH"),
    (&["groestl", "grøstl", "groestl224", "groestl256", "groestl384", "groestl512"], "Grøstl"),
    (&["fsb", "fsb160", "fsb224", "fsb256", "fsb384", "fsb512"], "FSB"),
    (&["blake", "blake1", "blake224", "blake256", "blake384", "blake512"], "BLAKE (the first)"),
    (&["blake2sp"], "BLAKE2sp"),
    (&["blake2bp"], "BLAKE2bp"),
    (&["blake2x", "blake2xb", "blake2xs"], "BLAKE2X"),
    (
        &["blake2s8", "blake2s64", "blake2s128", "blake2s160", "blake2s192", "blake2s224"],
        "BLAKE2s with other than 256 bits",
    ),
    (&["keccak", "keccak224", "keccak256", "keccak288", "keccak384", "keccak512"], "Keccak (before SHA-3)"),
    (&["k12", "kangarootwelve", "kt128", "kt256", "kangaroo12"], "KangarooTwelve"),
    (&["shake", "shake128", "shake256", "cshake128", "cshake256", "rawshake128", "rawshake256"], "SHAKE"),
    (&["turboshake", "turboshake128", "turboshake256"], "TurboSHAKE"),
    (&["parallelhash", "parallelhash128", "parallelhash256"], "ParallelHash"),
    (&["ascon", "asconhash", "asconhash256", "asconxof"], "Ascon-Hash"),
    (&["imohash"], "imohash"),
    (&["murmur", "murmur2", "murmur3", "murmurhash", "murmurhash3", "murmur3a", "murmur3c", "murmur3f"], "MurmurHash"),
    (&["cityhash", "city32", "city64", "city128"], "CityHash"),
    (&["farmhash", "farm32", "farm64", "farm128"], "FarmHash"),
    (&["metrohash", "metro64", "metro128", "metrohash64", "metrohash128"], "MetroHash"),
    (&["highwayhash", "highway64", "highway128", "highway256", "highwayhash256"], "HighwayHash"),
    (&["siphash", "siphash24", "siphash13", "siphash128"], "SipHash"),
    (&["seahash"], "SeaHash"),
    (&["wyhash"], "wyhash"),
    (&["t1ha", "t1ha0", "t1ha1", "t1ha2"], "t1ha"),
    (&["xxh364seed", "xxh3128seed", "xxh3seed", "xxh3secret"], "XXH3 with a seed"),
    (&["lsh256", "lsh512", "lsh"], "LSH"),
    (&["kupyna", "kupyna256", "kupyna512"], "Kupyna"),
    (&["belthash", "bash256", "bash384", "bash512"], "a digest of STB 34.101"),
    (&["ssdeep", "fuzzy", "ctph"], "ssdeep"),
    (&["tlsh"], "TLSH"),
    (&["sdhash"], "sdhash"),
    (&["phash"], "a perceptual hash"),
    (&["panama"], "Panama"),
    (&["radiogatun", "radiogatun32", "radiogatun64"], "RadioGatún"),
    (&["sapphire"], "Sapphire II"),
];

#[cfg(test)]
mod tests {
    use super::super::kinds::Algorithm;
    use super::*;

    #[test]
    fn an_algorithm_that_is_not_computed_is_known_by_its_usual_name() {
        for (word, name) in [
            ("GOST94", "GOST R 34.11-94"),
            ("gost12-256", "GOST R 34.11-2012 (256 bits)"),
            ("GOST R 34.11-94", "GOST R 34.11-94"),
            ("Streebog_512", "GOST R 34.11-2012 (512 bits)"),
            ("HAS-160", "HAS-160"),
            ("SNEFRU-128", "Snefru-128"),
            ("EDON-R512", "EDON-R 512"),
            ("TTH", "TTH (Tiger tree hash)"),
            ("haval/256/5", "HAVAL"),
            ("RIPEMD-320", "RIPEMD-320"),
            ("Adler32", "Adler-32"),
            ("KECCAK-256", "Keccak (before SHA-3)"),
            ("CRC", "the POSIX CRC of cksum"),
        ] {
            assert_eq!(unsupported_algorithm(word), Some(name), "{word}");
        }
    }

    #[test]
    fn what_is_computed_or_means_nothing_is_not_called_unsupported() {
        for algorithm in Algorithm::ALL {
            for word in [algorithm.name(), algorithm.bsd_tag()].into_iter().chain(algorithm.spellings().iter().copied())
            {
                assert_eq!(unsupported_algorithm(word), None, "{word}");
            }
        }
        for word in
            ["", "-", "Release", "sha257", "checksums", "blake2b_256", "blake3_512", "s3_etag_8", &"gost".repeat(99)]
        {
            assert_eq!(unsupported_algorithm(word), None, "{word}");
        }
    }

    #[test]
    fn no_word_of_the_table_is_read_as_an_algorithm_or_stands_there_twice() {
        let mut words: Vec<&str> = UNSUPPORTED.iter().flat_map(|(words, _)| words.iter().copied()).collect();
        for word in &words {
            assert!(word.parse::<Algorithm>().is_err(), "{word}");
            assert!(unsupported_algorithm(word).is_some(), "{word} would never be found");
        }
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
    }
}
