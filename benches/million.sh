#!/usr/bin/env bash
# A job over a million files: time and memory of the job, of its result pages and of its exports.
#
# Then searches of its results, one at a time and 16 at a time, and its duplicates.
#
# Creates the corpora where they are missing: `small` (100,000 files, shared with peers.sh), `million` and
# `ten-thousand`, with the same sizes and number of directories. Every tree is read once before. The command line and
# jobs take turns, and medians are reported. The database is on the file system of the corpora and syncs every commit
# (synchronous=FULL). Memory is the kernel's high-water mark of the service's process, minus its memory after the start.
#
#   benches/million.sh                     about three minutes on two cores, 10 GB of disk, 10 GB of page cache
#   HIVESUM_CORPUS=DIR benches/million.sh  corpora in another directory
#   HIVESUM_RUNS=5 benches/million.sh      more runs of each command; the default is 3
#   HIVESUM_BIN=FILE benches/million.sh    measure this binary instead of building one
set -euo pipefail
export LC_ALL=C

# shellcheck source=benches/corpus.sh
source "$(dirname "$0")/corpus.sh"
cd "$(dirname "$0")/.."

readonly runs=${HIVESUM_RUNS:-3} pages=200
for tool in curl jq; do
  command -v "$tool" >/dev/null || { say "million.sh needs $tool (Debian: apt-get install $tool)"; exit 2; }
done

row() { printf '| %s | %s | %s |\n' "$@"; }
calc() { awk "BEGIN { printf \"$1\", $2 }"; }
median() { sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
ask() { curl -sS --fail-with-body "$@"; }

# The microseconds that a command takes.
micros() {
  local began=${EPOCHREALTIME/./}
  "$@" >/dev/null
  echo $((${EPOCHREALTIME/./} - began))
}

serve() {
  "$hivesum" serve --no-auth --rate-limit off --listen 127.0.0.1:0 --state "$work/state" \
    ten="$corpus/ten-thousand" small="$corpus/small" million="$corpus/million" >"$work/said" 2>/dev/null &
  server=$!
  until url=$(sed -n 's/^listening on //p' "$work/said") && [[ -n $url ]]; do sleep 0.1; done
  jobs_url=$url/api/v1/jobs
  idle_kib=$(memory_kib VmRSS)
}

stop() {
  [[ -z ${server:-} ]] || { kill "$server" && wait "$server"; }
  rm -rf "$work"
}

memory_kib() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$server/status"; }

# memory_of KIB COMMAND...: the peak memory of the service while the command runs, minus KIB, in MiB.
memory_of() {
  local before=$1
  shift
  echo 5 >"/proc/$server/clear_refs"
  "$@" >/dev/null
  calc %.0f "($(memory_kib VmHWM) - $before) / 1024"
}

begin_job() { ask --json "{\"root\": \"$1\"}" "$jobs_url" | jq -r .id >"$work/id"; }
follow_job() { ask -N "$jobs_url/$(<"$work/id")/events"; }
job() { begin_job "$1" && follow_job; }
command_line() { "$hivesum" hash "$1"; }

# Waits until the sort index of the last job is built, so that the service is idle.
wait_until_idle() {
  local results
  results=$jobs_url/$(<"$work/id")/results
  until ask -o /dev/null "$results?sort=size&limit=1" 2>/dev/null; do :; done
}

# compare_times NAME TREE ROOT FILES TARGET: the job against the command line. Sets `alone` and `served` to the medians.
compare_times() {
  local name=$1 tree=$corpus/$2 root=$3 files=$4 target=${5:-} run
  say "== $name"
  command_line "$tree" >/dev/null
  : >"$work/alone" >"$work/served"
  for ((run = 0; run < runs; run++)); do
    micros command_line "$tree" >>"$work/alone"
    micros job "$root" >>"$work/served"
    wait_until_idle
  done
  alone=$(median <"$work/alone") served=$(median <"$work/served")
  row "$name: command line" "$(calc '%.2f s, %d files/s' "$alone / 1e6, $files * 1e6 / $alone")" ''
  row "$name: job, results committed" "$(calc '%.2f s, %d files/s' "$served / 1e6, $files * 1e6 / $served")" ''
  row "$name: job / command line" "$(calc %.2f "$served / $alone")" "$target"
}

page_seconds() { ask -o /dev/null -w '%{time_total}\n' "$jobs_url/$(<"$work/id")/results?position=$1"; }
worst() {
  sort -n "$1" | awk '{ all[NR] = $1 * 1000 }
    END { printf "worst of %d: %.1f ms, median %.1f ms", NR, all[NR], all[int((NR + 1) / 2)] }'
}
rows_now() { ask "$jobs_url/$(<"$work/id")/results?limit=1" | jq .total; }
anywhere() { echo $(((RANDOM << 15 | RANDOM) % ($(rows_now) + 1))); }

measure_pages() {
  : >"$work/first" >"$work/any"
  while "$@"; do
    page_seconds 0 >>"$work/first"
    page_seconds "$(anywhere)" >>"$work/any"
  done
}

measure_job() {
  say '== pages while a job of a million files runs'
  begin_job million
  follow_job >/dev/null &
  measure_pages kill -0 $! 2>/dev/null
  row 'first page while it runs' "$(worst "$work/first")" 'under 50 ms'
  row 'a page anywhere while it runs' "$(worst "$work/any")" 'under 200 ms'
  row 'its sort index, after its end' "$(calc '%.1f s' "$(micros wait_until_idle) / 1e6")" ''
  left=$pages
  measure_pages eval '((left-- > 0))'
  row 'first page' "$(worst "$work/first")" 'under 50 ms'
  row 'a page anywhere' "$(worst "$work/any")" 'under 200 ms'
}

search_seconds() { ask -o /dev/null -w '%{time_total}\n' "$1?q=$2&position=$((RANDOM % 1000))"; }

# Parts of few names, of names in one directory of 16, of none, and of all.
measure_searches() {
  say '== searches among the results of a million files'
  local of=$jobs_url/$(<"$work/id")/results part
  export -f ask search_seconds
  for part in file-0001 3/00/f nowhere file-; do
    for ((left = 20; left > 0; left--)); do search_seconds "$of" "$part"; done >"$work/found"
    row "q=$part" "$(worst "$work/found"), $(ask "$of?q=$part&limit=1" | jq .total) found" 'under 30 ms each'
  done
  row '48 searches, 16 at a time' "$(calc '%.2f s' \
    "$(micros xargs -P16 -I{} bash -c 'search_seconds "$1" file-000' - "$of" < <(seq 48)) / 1e6")" 'side by side'
  row 'memory of a search, over idle' "$(memory_of "$idle_kib" search_seconds "$of" file-) MiB" ''
  row 'duplicates' "$(calc '%.2f s' "$(micros ask "${of%results}duplicates?min_size=0") / 1e6")" ''
  row 'memory of duplicates, over idle' "$(memory_of "$idle_kib" ask "${of%results}duplicates?min_size=2") MiB" ''
}

# measure_export NAME JOB: exports of its results and its manifest.
measure_export() {
  local name=$1 of=$jobs_url/$2 memory time what
  for what in results manifest; do
    memory=$(memory_of "$idle_kib" ask -H 'Accept: application/x-ndjson, */*' -o "$work/export" "$of/$what")
    time=$(micros ask -H 'Accept: application/x-ndjson, */*' -o "$work/export" "$of/$what")
    row "$what of $name, all, $(calc '%.0f MB' "$(stat -c %s "$work/export") / 1e6")" \
      "$(calc '%.1f s' "$time / 1e6"), $memory MiB over idle" 'constant, page caches included'
  done
}

main() {
  work=$(mktemp -d -p "$(mkdir -p "$corpus" && echo "$corpus")")
  trap stop EXIT
  build
  make_tree "$corpus/ten-thousand" 10000
  make_tree "$corpus/small" 100000
  make_tree "$corpus/million" 1000000
  wait_until_settled "$corpus"/{ten-thousand,small,million}
  serve
  row what result target
  row --- --- ---
  compare_times '10,000 files' ten-thousand ten 10000
  local ten_alone=$alone ten_served=$served
  compare_times 'SMALL, 100,000 files' small small 100000 'at most 1.35'
  local small_job
  small_job=$(<"$work/id")
  say '== memory'
  command_line "$corpus/million" >/dev/null
  row 'memory of a job of 1,000,000 files, over idle' "$(memory_of "$idle_kib" job million) MiB" \
    "at most $((cores * 16 + 32)) MiB"
  wait_until_idle
  compare_times '1,000,000 files' million million 1000000
  row 'files/s of a million / of 10,000, command line' "$(calc %.2f "100 * $ten_alone / $alone")" 'at least 0.9'
  row 'files/s of a million / of 10,000, job' "$(calc %.2f "100 * $ten_served / $served")" 'at least 0.9'
  measure_job
  measure_searches
  measure_export '100,000 files' "$small_job"
  measure_export '1,000,000 files' "$(<"$work/id")"
}

main "$@"
