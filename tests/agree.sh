#!/usr/bin/env bash
# Hashes a real tree with hivesum and with other tools and compares the digests of every file: by the command line in
# every algorithm that an installed tool has, with vectors of each width; by a job of the API; and one file by an upload
# with curl.
#
#   tests/agree.sh [DIR]        (DIR is /usr by default; needs sha256sum, b3sum, curl)
#   HIVESUM_BIN=FILE tests/agree.sh   this binary instead of building one
set -euo pipefail
tree=$(realpath "${1:-/usr}")
cd "$(dirname "$0")/.."
hivesum=${HIVESUM_BIN:-$PWD/target/release/hivesum}
[[ -n ${HIVESUM_BIN:-} ]] || cargo build --release --quiet

for tool in sha256sum b3sum curl; do
  command -v "$tool" >/dev/null || { echo "SKIPPED: needs $tool (apt-get install $tool)"; exit "${HIVESUM_REQUIRE_TOOLS:-0}"; }
done

work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
export LC_ALL=C

compare() { # what, expected, found
  if cmp -s "$2" "$3"; then
    printf '%-34s %8d files agree\n' "$1" "$(wc -l <"$2")"
  else
    echo "$1: DIFFERENT"
    diff "$2" "$3" | head -20 || true
    exit 1
  fi
}

# The tools print `digest  path` or `digest *path`. Only some mark and escape a path with a backslash or a line break.
plain() { sed -E -e 's/^\\//' -e 's/^([0-9a-f]+) [ *]/\1  /' -e 's/\\\\/\\/g' | sort; }

declare -A tools=(
  [sha256]=sha256sum [blake3]=b3sum [md5]=md5sum [sha1]=sha1sum [sha224]=sha224sum [sha384]=sha384sum [sha512]=sha512sum
  [blake2b]=b2sum [blake2s]='openssl dgst -r -blake2s256' [sha512_224]='openssl dgst -r -sha512-224'
  [sha512_256]='openssl dgst -r -sha512-256' [sha3_224]='openssl dgst -r -sha3-224' [sha3_256]='openssl dgst -r -sha3-256'
  [sha3_384]='openssl dgst -r -sha3-384' [sha3_512]='openssl dgst -r -sha3-512' [sm3]='openssl dgst -r -sm3'
  [ripemd160]='openssl dgst -r -ripemd160' [xxh3_128]='xxhsum -q -H2' [xxh64]='xxhsum -q -H1' [xxh32]='xxhsum -q -H0'
)

find "$tree" -xdev -type f -print0 >"$work/names"
for algorithm in "${!tools[@]}"; do
  read -ra tool <<<"${tools[$algorithm]}"
  command -v "${tool[0]}" >/dev/null || { echo "$algorithm: needs ${tool[0]}, not compared"; continue; }
  # One process at a time: several would interleave their lines.
  xargs -0 -n512 "${tool[@]}" <"$work/names" | plain >"$work/$algorithm"
  for lanes in avx512 avx2 portable; do
    HIVESUM_LANES=$lanes "$hivesum" hash --one-file-system -a "$algorithm" "$tree" 2>/dev/null | plain >"$work/ours"
    compare "command line, $algorithm, $lanes" "$work/$algorithm" "$work/ours"
  done
done

"$hivesum" serve "tree=$tree" --listen 127.0.0.1:0 --no-auth --state "$work/state" >"$work/out" 2>"$work/log" &
server=$!
until url=$(sed -n 's/^listening on //p' "$work/out") && [ -n "$url" ]; do
  kill -0 "$server" || { cat "$work/log"; exit 1; }
  sleep 0.05
done
id=$(curl -sS --json '{"root": "tree", "algorithms": ["sha256", "blake3"]}' "$url/api/v1/jobs" | sed -n 's/.*"id": *"\([^"]*\)".*/\1/p')
# The event stream ends with the job.
curl -sSN "$url/api/v1/jobs/$id/events" >"$work/events"
for algorithm in sha256 blake3; do
  curl -sS "$url/api/v1/jobs/$id/manifest?format=gnu&algorithm=$algorithm" |
    sed -E "s|^(\\\\?)([0-9a-f]+)  |\\1\\2  $tree/|" | plain >"$work/job-$algorithm"
  compare "job, $algorithm" "$work/$algorithm" "$work/job-$algorithm"
done

IFS= read -r -d '' one <"$work/names"
answer=$(curl -sS -X POST -T "$one" "$url/api/v1/hash?algorithms=sha256")
sed -n 's/.*"sha256": *"\([0-9a-f]*\)".*/\1/p' <<<"$answer" >"$work/uploaded"
sha256sum <"$one" | cut -d' ' -f1 >"$work/one"
compare 'upload by curl, sha256' "$work/one" "$work/uploaded"
