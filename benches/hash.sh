#!/usr/bin/env bash
# `hivesum hash` of two builds in turn, on the same tree of 100,000 small files, for several algorithms.
#
# The output of both is compared first. Each pair gives a ratio of wall times, new over old, and the median of the
# ratios is what counts.
#
#   benches/hash.sh OLD NEW [ALGORITHM...]   OLD and NEW are hivesum binaries
#   HIVESUM_CORPUS=DIR benches/hash.sh ...   keep the tree in DIR for the next time
#   HIVESUM_RUNS=21 benches/hash.sh ...      more pairs; the default is 11
set -euo pipefail
export LC_ALL=C

(($# >= 2)) || { echo "usage: $0 OLD NEW [ALGORITHM...]" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
old=$(realpath "$1") new=$(realpath "$2")
shift 2
(($#)) || set -- blake3 sha256 md5 sha1 sha512 sha3-256 xxh3-128
export HIVESUM_CORPUS=${HIVESUM_CORPUS:-$work/corpus}
# shellcheck source=benches/corpus.sh
source "$(dirname "$0")/corpus.sh"
readonly runs=${HIVESUM_RUNS:-11}
make_tree "$corpus/small" 100000
wait_until_settled "$corpus/small"

# digests BINARY ALGORITHM: one digest of all digests.
digests() {
  "$1" hash -a "$2" "$corpus/small" | sort | sha256sum
}

# hash_tree BINARY ALGORITHM: the microseconds that it takes.
hash_tree() {
  local began=${EPOCHREALTIME/./}
  "$1" hash -q -a "$2" "$corpus/small" >/dev/null
  echo $((${EPOCHREALTIME/./} - began))
}

for algorithm in "$@"; do
  [[ $(digests "$old" "$algorithm") == $(digests "$new" "$algorithm") ]] || {
    echo "$algorithm: the digests differ" >&2
    exit 1
  }
  for ((run = 0; run < runs; run++)); do
    if ((run % 2)); then
      after=$(hash_tree "$new" "$algorithm") before=$(hash_tree "$old" "$algorithm")
    else
      before=$(hash_tree "$old" "$algorithm") after=$(hash_tree "$new" "$algorithm")
    fi
    echo "$before $after"
  done | awk '{ printf "%.3f %d %d\n", $2 / $1, $1, $2 }' | sort -n | awk -v name="$algorithm" '
    { ratio[NR] = $1 }
    END { printf "%-10s %.3f of the time (%.3f to %.3f)\n", name, ratio[int((NR + 1) / 2)], ratio[1], ratio[NR] }'
done
