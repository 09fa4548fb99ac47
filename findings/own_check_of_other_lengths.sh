#!/usr/bin/env bash
# b3sum 1.8.7, shasum 6.02 (perl 5.36) and xxhsum 0.8.1: three tools
# whose own --check calls a file in order damaged, because their untagged lines
# do not say which of their own options made them.
#
# "b3sum --length 64" writes 128 digits and "b3sum --check" wants 64: not a line
# that is badly formatted, but "Invalid hash length" and "1 computed checksum did
# NOT match". "shasum -a 512256" writes 64 digits; without -a "shasum --check"
# takes them for SHA-256 and says FAILED, while the tagged form of the same
# digest (SHA512/256) passes. "xxhsum --little-endian" writes reversed digits in
# the same shape, and "xxhsum --check" reads them as big-endian: FAILED; with
# --tag the tag is XXH64_LE and they pass. b2sum, by contrast, takes the length
# from the digits, so "b2sum -l 64 f | b2sum --check" passes.
#
# Output seen:
#   b3sum --length 64: rc 1, 1 computed checksum did NOT match
#   shasum -a 512256: rc 1, file: FAILED
#   shasum, tagged SHA512/256: rc 0, file: OK
#   xxhsum --little-endian: rc 1, file: FAILED
#   xxhsum --little-endian --tag: rc 0, file: OK
#   b2sum -l 64: rc 0, file: OK
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
cargo install --quiet --locked --root "$tmp/cargo" b3sum@1.8.7
apt-get -qq -o APT::Sandbox::User=root download xxhash=0.8.1-1 coreutils=9.1-1
for deb in *.deb; do dpkg-deb -x "$deb" root; done
xxhsum=$tmp/root/usr/bin/xxhsum b2sum=$tmp/root/usr/bin/b2sum b3sum=$tmp/cargo/bin/b3sum
shasum --version | grep -qx 6.02
echo text >file
check() {
    local what=$1 rc=0
    shift
    "$@" --check list >said 2>&1 || rc=$?
    echo "$what: rc $rc, $(grep -oE '^file: (OK|FAILED)|1 computed checksum did NOT match' said | head -n 1)"
}
{
    "$b3sum" --length 64 file >list; check 'b3sum --length 64' "$b3sum"
    shasum -a 512256 file >list; check 'shasum -a 512256' shasum
    echo "SHA512/256 (file) = $(cut -c1-64 list)" >list; check 'shasum, tagged SHA512/256' shasum
    "$xxhsum" -q --little-endian file >list; check 'xxhsum --little-endian' "$xxhsum"
    "$xxhsum" -q --little-endian --tag file >list; check 'xxhsum --little-endian --tag' "$xxhsum"
    "$b2sum" -l 64 file >list; check 'b2sum -l 64' "$b2sum"
} | tee seen
diff seen - <<'WANT' && echo "as described"
b3sum --length 64: rc 1, 1 computed checksum did NOT match
shasum -a 512256: rc 1, file: FAILED
shasum, tagged SHA512/256: rc 0, file: OK
xxhsum --little-endian: rc 1, file: FAILED
xxhsum --little-endian --tag: rc 0, file: OK
b2sum -l 64: rc 0, file: OK
WANT
