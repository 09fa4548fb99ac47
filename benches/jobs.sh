#!/usr/bin/env bash
# Jobs through the API: two builds in turn, on the same tree of 100,000 small files.
#
# Each build serves its own state directory, and hashes the tree once before it is measured. Then they take turns. A job
# is measured from its request to the end of its events, so with everything that is stored. Each pair gives a ratio of
# wall times, and the median of the ratios is what counts.
#
#   benches/jobs.sh OLD NEW              OLD and NEW are hivesum binaries
#   HIVESUM_CORPUS=DIR benches/jobs.sh   keep the tree in DIR for the next time
#   HIVESUM_RUNS=21 benches/jobs.sh      more pairs; the default is 11
set -euo pipefail
export LC_ALL=C

(($# == 2)) || { echo "usage: $0 OLD NEW" >&2; exit 2; }
work=$(mktemp -d)
pids=()
trap '((${#pids[@]})) && kill "${pids[@]}" 2>/dev/null; wait; rm -rf "$work"' EXIT
old=$(realpath "$1") new=$(realpath "$2")
export HIVESUM_CORPUS=${HIVESUM_CORPUS:-$work/corpus}
# shellcheck source=benches/corpus.sh
source "$(dirname "$0")/corpus.sh"
readonly runs=${HIVESUM_RUNS:-11}
make_tree "$corpus/small" 100000
wait_until_settled "$corpus/small"

# serve NAME BINARY: starts it on a free port, which goes to the file NAME.url.
serve() {
  "$2" serve --no-auth --rate-limit off --listen 127.0.0.1:0 --state "$work/$1" "files=$corpus/small" \
    >"$work/$1.out" 2>"$work/$1.err" &
  pids+=($!)
  until grep -q '^listening on ' "$work/$1.out"; do
    kill -0 "${pids[-1]}" || { cat "$work/$1.err" >&2; exit 1; }
  done
  sed -n 's/^listening on //p' "$work/$1.out" >"$work/$1.url"
}

# job NAME: the microseconds from the request to the end of its events.
job() {
  local url before id
  url=$(<"$work/$1.url")
  before=${EPOCHREALTIME/./}
  id=$(curl -sS --json '{"root":"files","algorithms":["blake3"]}' "$url/api/v1/jobs" | grep -o '"id":"[^"]*"' | cut -d '"' -f 4)
  curl -sSN "$url/api/v1/jobs/$id/events" | grep -q '^event: end'
  echo $((${EPOCHREALTIME/./} - before))
}

serve old "$old"
serve new "$new"
job old >/dev/null
job new >/dev/null
for ((run = 0; run < runs; run++)); do
  # The order changes, so that neither always follows the other.
  if ((run % 2)); then o=$(job old) n=$(job new); else n=$(job new) o=$(job old); fi
  echo "$o $n"
done | awk '{ printf "%.3f s  %.3f s  %.3f\n", $1 / 1e6, $2 / 1e6, $2 / $1 }' | tee "$work/ratios"
sort -n -k5 "$work/ratios" | awk '{ ratio[NR] = $5 } END { printf "new / old, median of %d pairs: %.3f\n", NR, ratio[int((NR + 1) / 2)] }'
