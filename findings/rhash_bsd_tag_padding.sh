#!/usr/bin/env bash
# rhash 1.4.3 (Debian 12, rhash 1.4.3-3): whether coreutils can check a list that
# "rhash --bsd" wrote depends on how long the algorithm's name is.
#
# rhash pads the tag to six columns ("MD5   (f) = ...", "SHA1  (f) = ..."), as if
# to align a table, even when the list has one algorithm. coreutils 9.1 takes no
# more than one blank there in md5sum and sha1sum, two in cksum. So lists of
# SHA224 and longer pass, one of MD5 has "no properly formatted checksum lines"
# for both, and one of SHA1 has none for sha1sum but passes in cksum. In a list
# of two algorithms "cksum --check" skips the MD5 line, checks the other and
# exits with 0 unless --strict is given. rhash reads all of them, so its own
# round trip hides it.
#
# Output seen:
#   MD5   (file): md5sum rc 1, cksum rc 1, rhash rc 0
#   SHA1  (file): sha1sum rc 1, cksum rc 0, rhash rc 0
#   SHA224 (file): sha224sum rc 0, cksum rc 0, rhash rc 0
#   SHA512 (file): sha512sum rc 0, cksum rc 0, rhash rc 0
#   MD5 wrong, SHA256 right: cksum rc 0, cksum --strict rc 1, rhash rc 1
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
apt-get -qq -o APT::Sandbox::User=root download rhash=1.4.3-3 librhash0=1.4.3-3 coreutils=9.1-1
for deb in *.deb; do dpkg-deb -x "$deb" root; done
export LD_LIBRARY_PATH
LD_LIBRARY_PATH=$(dirname "$(find "$tmp/root" -name 'librhash.so.*' | head -n 1)")
echo text >file
rc() { local rc=0; "$tmp/root/usr/bin/$1" "${@:2}" list >/dev/null 2>&1 || rc=$?; echo "$1 rc $rc"; }
{
    for name in md5 sha1 sha224 sha512; do
        root/usr/bin/rhash --bsd --$name file >list
        echo "$(sed 's/ = .*//' list): $(rc ${name}sum --check), $(rc cksum --check), $(rc rhash --check)"
    done
    root/usr/bin/rhash --bsd --md5 --sha256 file | sed '/^MD5/s/= ..../= 0000/' >list
    echo "MD5 wrong, SHA256 right: $(rc cksum --check), $(rc cksum --check --strict | sed 's/cksum/& --strict/'), $(rc rhash --check)"
} | tee seen
diff seen - <<'WANT' && echo "as described"
MD5   (file): md5sum rc 1, cksum rc 1, rhash rc 0
SHA1  (file): sha1sum rc 1, cksum rc 0, rhash rc 0
SHA224 (file): sha224sum rc 0, cksum rc 0, rhash rc 0
SHA512 (file): sha512sum rc 0, cksum rc 0, rhash rc 0
MD5 wrong, SHA256 right: cksum rc 0, cksum --strict rc 1, rhash rc 1
WANT
