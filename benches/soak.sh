#!/usr/bin/env bash
# A soak: everything that the service does, at once and over and over, while its memory, its open files, its threads
# and its state are measured.
#
# Jobs run one after another on a tree of 2,000 small files, and only the last 50 are kept. Beside them: verifications,
# uploads, event streams and exports that are read to their end or dropped, exports in every format, pages, cancels,
# deletions, sessions, and tokens that another process creates and revokes. A sample is taken every 3 s. What is told:
# the slope an hour of each measure by least squares, with its standard error, after the first ten minutes (the first
# quarter of a shorter run); the statuses of all answers; and what is left open once the load has stopped.
#
# Exits with 1 if there was an answer with status 500, the service died or logged an error, open files or threads grew,
# the state was not bounded by --keep-jobs, or anonymous memory grew by more than 1 MiB an hour. The last is told but
# does not count in runs under 40 minutes, which are too short for it. What is mapped from files belongs to the kernel's
# cache, so the slope of VmRSS is only told.
#
#   benches/soak.sh [BINARY]                   40 minutes; without BINARY, builds one
#   HIVESUM_SOAK_MINUTES=3 benches/soak.sh     for this long
#   HIVESUM_SOAK_SAMPLES=FILE benches/soak.sh  keep the samples

# The loads are called by their names: load_KIND.
# shellcheck disable=SC2317
set -euo pipefail
export LC_ALL=C

(($# <= 1)) || { echo "usage: $0 [BINARY]" >&2; exit 2; }
work=$(mktemp -d)
service='' loads=()
trap 'touch "$work/stop"; kill "$service" "${loads[@]}" 2>/dev/null; wait; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
export HIVESUM_CORPUS=$work/corpus HIVESUM_BIN=${1:-${HIVESUM_BIN:-}}
# shellcheck source=benches/corpus.sh
source "$(dirname "$0")/corpus.sh"

readonly minutes=${HIVESUM_SOAK_MINUTES:-40} keep_jobs=50 sample_seconds=3
readonly seconds=$((minutes * 60))
readonly warm_up=$((seconds / 4 < 600 ? seconds / 4 : 600))
readonly formats=(gnu bsd b3sum hashdeep sfv bagit csv json ndjson)
readonly samples=${HIVESUM_SOAK_SAMPLES:-$work/samples}
# Idle connections are closed after --keep-alive-seconds, 15; idle threads sooner.
readonly quiet_seconds=20 most_quiet_seconds=90

# --- The service

serve() {
  "$hivesum" serve --rate-limit off --keep-jobs "$keep_jobs" --listen 127.0.0.1:0 --state "$work/state" \
    "files=$corpus/small" >"$work/out" 2>"$work/log" &
  service=$!
  until grep -q '^listening on ' "$work/out"; do
    kill -0 "$service" || { cat "$work/log" >&2; exit 1; }
    sleep 0.1
  done
  url=$(sed -n 's/^listening on //p' "$work/out")
  token=$("$hivesum" token create --state "$work/state" --scope read,hash,admin 2>/dev/null)
}

# ask CURL-ARGUMENT...: the body goes to stdout; status and URL of each answer go to the answers of this load.
ask() {
  curl -s -H "Authorization: Bearer $token" -w '%{stderr}%{http_code} %{url_effective}\n' "$@" 2>>"$answers" || true
}

# visit PATH...: reads all these answers on one connection.
visit() { ask "${@/#/$url}" >/dev/null; }

# id_of: the id of the job on stdin.
id_of() { grep -o '"id":"[^"]*"' | head -n 1 | cut -d '"' -f 4; }

# submit MEMBERS: the id of a new job.
submit() { ask --json "{\"root\":\"files\",\"algorithms\":[\"blake3\",\"crc32\"]$1}" "$url/api/v1/jobs" | id_of; }

follow() { ask -N -m 60 "$url/api/v1/jobs/$1/events" >/dev/null; }

# --- The loads: each is one round, repeated until the end

load_jobs() {
  local id
  id=$(submit '') || return 0
  follow "$id"
  echo "$id" >"$work/last.part"
  mv "$work/last.part" "$work/last"
}

load_cancels() {
  local id
  id=$(submit ',"max_bytes_per_second":100000,"priority":"low"') || return 0
  ask -X POST "$url/api/v1/jobs/$id/cancel" >/dev/null
  follow "$id"
  ask -X DELETE "$url/api/v1/jobs/$id" >/dev/null
}

load_verify() {
  local id manifest=$work/manifest
  ask "$url/api/v1/jobs/$(<"$work/last")/manifest" >"$manifest"
  grep -q '^[0-9a-f]\{64\} ' "$manifest" || return 0
  # Some files are modified now and then.
  date +%N >"$corpus/small/00/00/file-0000.dat"
  id=$(ask --data-binary "@$manifest" -H 'Content-Type: text/plain' -H "Idempotency-Key: $RANDOM-$EPOCHREALTIME" \
    "$url/api/v1/verify?root=files" | id_of) || return 0
  follow "$id"
  visit "/api/v1/jobs/$id/results?verdict=modified" "/api/v1/jobs/$id/compare?with=$(<"$work/last")"
}

load_exports() {
  local job format
  job=/api/v1/jobs/$(<"$work/last")
  for format in "${formats[@]}"; do
    ask "$url$job/manifest?format=$format&algorithm=$([[ $format == sfv ]] && echo crc32 || echo blake3)" >/dev/null
  done
  ask -H 'Accept: application/x-ndjson' "$url$job/results?sort=-size" >/dev/null
  "$hivesum" jobs export "${job##*/}" --state "$work/state" >/dev/null 2>&1 || true
}

load_pages() {
  local job
  job=/api/v1/jobs/$(<"$work/last")
  visit / /api/v1/jobs "/api/v1/jobs?state=completed&limit=5" "$job" "$job/results?sort=size&position=1990" \
    "$job/results?q=file-0001" "$job/duplicates" /api/v1/stats /api/v1/roots "/api/v1/roots/files/entries?path=00" \
    /metrics /readyz /openapi.json /nothing "/api/v1/jobs/00000000-0000-0000-0000-000000000000"
}

load_uploads() {
  ask --data-binary "@$work/upload" -H 'Content-Type: application/octet-stream' \
    "$url/api/v1/hash?algorithms=blake3,sha256" >/dev/null
  ask -F "a=@$work/upload" -F "b=@$work/upload" "$url/api/v1/hash" >/dev/null
  # Given up in the middle.
  ask -m 0.2 --limit-rate 500k --data-binary "@$work/upload" -H 'Content-Type: application/octet-stream' \
    "$url/api/v1/hash" >/dev/null
}

# What is dropped by its client: event streams after half a second, exports after their first bytes.
load_drops() {
  local job
  job=/api/v1/jobs/$(<"$work/last")
  ask -N -m 0.5 "$url/api/v1/events" >/dev/null
  ask -N -m 0.2 -H 'Last-Event-ID: 0' "$url$job/events" >/dev/null
  ask -m 2 --limit-rate 50k -H 'Accept: application/x-ndjson' "$url$job/results" | head -c 20000 >/dev/null
  ask -m 2 --limit-rate 50k "$url$job/manifest?format=json" | head -c 20000 >/dev/null
}

load_tokens() {
  local session
  "$hivesum" token create --state "$work/state" --name soak 2>/dev/null >"$work/soak-token"
  session=$(ask -c - --json "{\"token\":\"$(<"$work/soak-token")\"}" "$url/api/v1/session" |
    awk '$6 ~ /^hivesum_/ { print $6 "=" $7 }')
  curl -s -b "$session" -w '%{stderr}%{http_code} %{url_effective}\n' "$url/api/v1/algorithms" >/dev/null 2>>"$answers"
  curl -s -b "$session" -w '%{stderr}%{http_code} %{url_effective}\n' -X DELETE "$url/api/v1/session" 2>>"$answers"
  "$hivesum" token list --state "$work/state" | awk -F '\t' '$4 == "soak" { print $1 }' |
    xargs -r -n 1 "$hivesum" token revoke --state "$work/state" >/dev/null 2>&1
}

readonly kinds=(jobs cancels verify exports pages uploads drops tokens)

# repeat KIND: rounds of one load, until the end.
repeat() {
  answers=$work/answers.$1
  until [[ -e $work/stop ]]; do "load_$1" || true; done
}

# --- What is measured

# open_now: open descriptors and threads of the service.
open_now() {
  local fds=(/proc/"$service"/fd/*)
  echo "${#fds[@]} $(sed -n 's/^Threads:\t//p' "/proc/$service/status")"
}

# sample SECOND: one line of samples: seconds, VmRSS and RssAnon in KiB, descriptors, threads, state in KiB.
sample() {
  local rss anon state
  read -r rss anon < <(awk '/^VmRSS:/ { rss = $2 } /^RssAnon:/ { anon = $2 } END { print rss, anon }' \
    "/proc/$service/status")
  # Files may go while they are counted.
  state=$(du -sk "$work/state" 2>/dev/null | cut -f 1) || true
  echo "$1 $rss $anon $(open_now) ${state:-0}" >>"$samples"
}

# slope COLUMN: by least squares after the warm-up: the slope an hour, its standard error, the mean.
slope() {
  awk -v column="$1" -v from="$warm_up" '
    $1 >= from { n++; x = $1 / 3600; y = $column; sx += x; sy += y; sxx += x * x; sxy += x * y; syy += y * y }
    END {
      if (n < 3) { print 0, 0, 0; exit }
      mx = sx / n; my = sy / n; dxx = sxx - n * mx * mx; dxy = sxy - n * mx * my; dyy = syy - n * my * my
      b = dxy / dxx; rest = (dyy - b * dxy) / (n - 2)
      printf "%.3f %.3f %.3f\n", b, sqrt((rest > 0 ? rest : 0) / dxx), my
    }' "$samples"
}

# grew COLUMN ALLOWED: whether the median of the last quarter is above that of the second one by more than a quarter
# and what is allowed.
grew() {
  local quarter medians=()
  for quarter in 1 3; do
    medians+=("$(awk -v column="$1" -v from=$((quarter * seconds / 4)) -v until=$(((quarter + 1) * seconds / 4)) \
      '$1 >= from && $1 <= until { print $column }' "$samples" | sort -n |
      awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }')")
  done
  echo "second quarter ${medians[0]}, last quarter ${medians[1]}"
  awk -v one="${medians[0]}" -v last="${medians[1]}" -v allowed="$2" 'BEGIN { exit !(last > one * 1.25 + allowed) }'
}

# is_quiet DESCRIPTORS THREADS: waits until no more than this is open.
is_quiet() {
  local waited now
  for ((waited = 0; waited < most_quiet_seconds; waited++)); do
    read -ra now < <(open_now)
    ((now[0] <= $1 && now[1] <= $2)) && return
    sleep 1
  done
  return 1
}

failed=0
fail() {
  echo "FAILED: $*"
  failed=1
}

report() {
  local row name column unit b error mean
  printf '\n%-16s %14s %14s %14s\n' "after $warm_up s" 'slope an hour' 'standard error' mean
  for row in VmRSS:2:KiB RssAnon:3:KiB descriptors:4: threads:5: state:6:KiB; do
    IFS=: read -r name column unit <<<"$row"
    read -r b error mean < <(slope "$column")
    printf '%-16s %14s %14s %14s %s\n' "$name" "$b" "$error" "$mean" "$unit"
  done
  printf '\nanswers by status (000: dropped by the client before the head):\n'
  cut -d ' ' -f 1 "$work"/answers.* | sort | uniq -c
}

judge() {
  local anon said
  read -r anon _ < <(slope 3)
  if awk -v slope="$anon" 'BEGIN { exit !(slope > 1024) }'; then
    if ((minutes >= 40)); then
      fail "anonymous memory grows by $anon KiB an hour, over 1 MiB"
    else
      echo "anonymous memory: $anon KiB an hour; runs under 40 minutes are too short to judge by it"
    fi
  fi
  if said=$(grew 4 8); then fail "open descriptors grow under load: $said"; fi
  if said=$(grew 5 4); then fail "threads grow under load: $said"; fi
  # The write-ahead log may hold 16 MiB more or less at any time.
  if said=$(grew 6 16384); then fail "the state grows though only $keep_jobs jobs are kept (KiB): $said"; fi
  if grep -h '^500 ' "$work"/answers.* | sort | uniq -c | head -n 20 | grep .; then fail 'answers with status 500'; fi
}

build
make_tree "$corpus/small" 2000
head -c 1048576 /dev/urandom >"$work/upload"
: >"$samples"
serve
say "one round of each load"
for kind in "${kinds[@]}"; do
  answers=$work/answers.$kind
  "load_$kind" || true
done
sleep "$quiet_seconds"
read -ra before < <(open_now)

say "$minutes minutes of load"
for kind in "${kinds[@]}"; do
  repeat "$kind" &
  loads+=($!)
done
began=$SECONDS
while ((SECONDS - began < seconds)); do
  kill -0 "$service" 2>/dev/null || { tail -n 20 "$work/log"; fail 'the service died'; exit 1; }
  sample $((SECONDS - began))
  sleep "$sample_seconds"
done
touch "$work/stop"
wait "${loads[@]}" || true
report
judge
is_quiet $((before[0] + 4)) $((before[1] + 2)) ||
  fail "before the load ${before[0]} descriptors and ${before[1]} threads were open, long after it $(open_now)"
echo "open before and after the load, descriptors and threads: ${before[*]}, $(open_now)"
if grep ' ERROR ' "$work/log" | head -n 20 | grep .; then fail 'the service logged errors'; fi
((failed)) || echo 'passed'
exit "$failed"
