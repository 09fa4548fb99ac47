#!/usr/bin/env bash
# Hashes a real tree with hivesum and with system tools and compares the digests of every file: by the command line, by
# a job of the API, and one file by an upload with curl.
#
#   tests/agree.sh [DIR]        (DIR is /usr by default; needs sha256sum, b3sum, curl)
set -euo pipefail
tree=$(realpath "${1:-/usr}")
cd "$(dirname "$0")/.."
cargo build --release --quiet
hivesum=$PWD/target/release/hivesum

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

find "$tree" -xdev -type f -print0 >"$work/names"
xargs -0 -P2 -n512 sha256sum <"$work/names" | sort >"$work/sha256"
xargs -0 -P2 -n512 b3sum <"$work/names" | sort >"$work/blake3"

"$hivesum" hash --one-file-system -a sha256 "$tree" 2>/dev/null | sort >"$work/our-sha256"
compare 'command line, sha256' "$work/sha256" "$work/our-sha256"
"$hivesum" hash --one-file-system "$tree" 2>/dev/null | sort >"$work/our-blake3"
compare 'command line, blake3' "$work/blake3" "$work/our-blake3"

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
    sed -E "s|^(\\\\?)([0-9a-f]+)  |\\1\\2  $tree/|" | sort >"$work/job-$algorithm"
  compare "job, $algorithm" "$work/$algorithm" "$work/job-$algorithm"
done

IFS= read -r -d '' one <"$work/names"
answer=$(curl -sS -X POST -T "$one" "$url/api/v1/hash?algorithms=sha256")
sed -n 's/.*"sha256": *"\([0-9a-f]*\)".*/\1/p' <<<"$answer" >"$work/uploaded"
sha256sum <"$one" | cut -d' ' -f1 >"$work/one"
compare 'upload by curl, sha256' "$work/one" "$work/uploaded"
