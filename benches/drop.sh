#!/usr/bin/env bash
# Many small files dropped on the page, against copyparty: the same drop in the same Chromium, in turn.
#
# hivesum hashes what is dropped and keeps nothing; copyparty, whose page hashes as well, uploads it. Each pair gives a
# ratio of wall times, from the drop to the page's word that all is done, and the median of the ratios is what counts.
# The longest task of hivesum's page is printed too: it is to stay below 100 ms. Then one file of 1 GiB, in the BLAKE3 and
# SHA-256 that the page asks for, against the same file sent to a server that drops it: an upload takes no longer than
# its transport. Needs chromium, chromedriver, python3.
#
#   benches/drop.sh HIVESUM                         HIVESUM is a release build
#   HIVESUM_FILES=1000 HIVESUM_RUNS=5 benches/drop.sh HIVESUM
#   HIVESUM_FILES=0 HIVESUM_RUNS=7 benches/drop.sh HIVESUM        the large file alone
set -euo pipefail
export LC_ALL=C

(($# == 1)) || { echo "usage: $0 HIVESUM" >&2; exit 2; }
hivesum=$(realpath "$1")
readonly files=${HIVESUM_FILES:-10000} runs=${HIVESUM_RUNS:-3}
work=$(mktemp -d)
pids=()
trap '((${#pids[@]})) && kill "${pids[@]}" 2>/dev/null; wait; rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet copyparty==1.20.26 selenium==4.51.0
python3 - "$work/drop" "$files" <<'PYTHON'
import os, pathlib, sys
for number in range(int(sys.argv[2])):
    directory = pathlib.Path(sys.argv[1], f"{number // 500:03}")
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{number:05}").write_bytes(os.urandom(1024))
PYTHON
head -c 1G /dev/urandom >"$work/large"

for ((run = 0; run < runs; run++)); do mkdir -p "$work/store/$run"; done
"$hivesum" serve --no-auth --rate-limit off --listen 127.0.0.1:0 --state "$work/state" >"$work/hivesum.out" 2>&1 &
pids+=($!)
until url=$(sed -n "s/^listening on //p" "$work/hivesum.out" 2>/dev/null) && [[ $url ]]; do
  kill -0 "${pids[-1]}" || { cat "$work/hivesum.out" >&2; exit 1; }
done
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$work/venv/bin/copyparty" -i 127.0.0.1 -p "$port" -v "$work/store::rwmd" -q >"$work/copyparty.out" 2>&1 &
pids+=($!)
until curl -sf "http://127.0.0.1:$port/" >/dev/null; do
  kill -0 "${pids[-1]}" || { cat "$work/copyparty.out" >&2; exit 1; }
done
"$work/venv/bin/python" "$(dirname "$0")/drop.py" --hivesum "$url" --copyparty "http://127.0.0.1:$port" \
  --directory "$work/drop" --large "$work/large" --files "$files" --runs "$runs" --chromium "$(command -v chromium)" \
  --chromedriver "$(command -v chromedriver)"
