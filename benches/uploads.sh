#!/usr/bin/env bash
# Memory of many uploads at a time, and what is left of it when they have ended.
#
# A service gets 100 uploads of 100 MB at once, each by its own curl, and all digests are compared. Printed are the
# memory after the start, the most while they arrive (the kernel's high-water mark), and what is left of it after.
#
#   benches/uploads.sh                      half a minute
#   HIVESUM_UPLOADS=20 benches/uploads.sh   fewer uploads; the default is 100
#   HIVESUM_BIN=FILE benches/uploads.sh     measure this binary instead of building one
set -euo pipefail
export LC_ALL=C

# shellcheck source=benches/corpus.sh
source "$(dirname "$0")/corpus.sh"
cd "$(dirname "$0")/.."

readonly uploads=${HIVESUM_UPLOADS:-100}
command -v curl >/dev/null || { say 'uploads.sh needs curl (Debian: apt-get install curl)'; exit 2; }

work=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server"; wait; rm -rf "$work"' EXIT

mib() { awk -v name="$1:" '$1 == name { printf "%.0f", $2 / 1024 }' "/proc/$server/status"; }

main() {
  build
  head -c 100M /dev/urandom >"$work/body"
  "$hivesum" serve --no-auth --rate-limit off --listen 127.0.0.1:0 --state "$work/state" >"$work/said" 2>/dev/null &
  server=$!
  until url=$(sed -n 's/^listening on //p' "$work/said") && [[ -n $url ]]; do sleep 0.1; done
  local idle began expected
  idle=$(mib VmRSS)
  began=${EPOCHREALTIME/./}
  # shellcheck disable=SC2016 # the inner shell expands them
  seq "$uploads" | xargs -P"$uploads" -I{} bash -c \
    'curl -sS --fail-with-body -X POST -T "$1" "$2/api/v1/hash?algorithms=sha256" >"$1.{}"' - "$work/body" "$url"
  printf '%d uploads of 100 MB in %.1f s\n' "$uploads" "$(awk "BEGIN { print (${EPOCHREALTIME/./} - $began) / 1e6 }")"
  expected=$(sha256sum <"$work/body" | cut -d' ' -f1)
  [[ $(grep -lF "$expected" "$work"/body.* | wc -l) == "$uploads" ]] || { say 'the digests differ'; exit 1; }
  printf 'memory: %d MiB after the start, at most %d MiB more, %d MiB more at the end\n' \
    "$idle" "$(($(mib VmHWM) - idle))" "$(($(mib VmRSS) - idle))"
}

main
