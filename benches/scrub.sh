#!/usr/bin/env bash
# `hivesum scrub`: its speed against find, dd and b3sum, the size of what it keeps, and the page cache after it.
#
# Creates the corpora where they are missing: `many` (1,000,000 files of 11 bytes in 1,000 directories), `small`
# (100,000 files, shared with peers.sh), `pair` (two files of 2 GiB) and `hot` (three of 256 MiB). Takes their
# baselines, checks the digests of all of them but `many` against b3sum's, and measures in pairs, each with its ratio.
# The median of the ratios is what counts; on a machine that does other work, see the CPU times too. Every run has to
# print nothing, and to have read the files that it should. The state is on the file system of the corpora and syncs
# every commit (synchronous=FULL).
#
#   survey     nothing is due: against find, which prints the size, time and inode of each file; warm
#   large      everything is due: against dd, which reads the same files with O_DIRECT and hashes nothing
#   small      everything is due: against xargs b3sum, each from a dropped cache
#   state      bytes a file beside its name, by table; bytes a MiB for files from 4 MiB on
#   residency  pages of files in the page cache before and after they are scrubbed, and others beside them
#
# Dropping the cache takes root; without it `small` is left out, and `residency` shows what happens to be cached.
#
#   benches/scrub.sh                     about ten minutes on two cores, 10 GB of disk, 1,100,000 inodes
#   benches/scrub.sh survey state        these parts alone
#   HIVESUM_CORPUS=DIR benches/scrub.sh  corpora in another directory
#   HIVESUM_RUNS=5 benches/scrub.sh      more or fewer pairs; the default is 9
#   HIVESUM_BIN=FILE benches/scrub.sh    measure this binary instead of building one
set -euo pipefail
export LC_ALL=C

# shellcheck source=benches/corpus.sh
source "$(dirname "$0")/corpus.sh"
cd "$(dirname "$0")/.."

readonly runs=${HIVESUM_RUNS:-9} small_files=100000
for tool in 'b3sum (apt-get install b3sum)' 'fincore (apt-get install util-linux-extra)' 'python3 (apt-get install python3)' \
  'sqlite3 (apt-get install sqlite3)'; do
  command -v "${tool%% *}" >/dev/null || { echo "SKIPPED: needs $tool"; exit "${HIVESUM_REQUIRE_TOOLS:-0}"; }
done

row() { printf '| %s | %s | %s |\n' "$@" | tee -a "$work/table" >&2; }
may_drop() { [[ -w /proc/sys/vm/drop_caches ]]; }
drop_caches() { sync && echo 3 >/proc/sys/vm/drop_caches; }
stay_warm() { :; }

# make_files TREE SIZE NAME...: files of random bytes.
make_files() {
  local tree=$corpus/$1 size=$2 name
  shift 2
  [[ -d $tree ]] && return
  say "making $tree"
  rm -rf "$tree.part"
  mkdir "$tree.part"
  for name in "$@"; do head -c "$size" /dev/urandom >"$tree.part/$name"; done
  mv "$tree.part" "$tree"
}

# scrub TREE [OPTION...]: a run that finds all well.
scrub() {
  local tree=$1
  shift
  "$hivesum" scrub --state "$work/$tree.state" --no-progress --verbose "$@" "$corpus/$tree" >"$work/found" 2>"$work/said" &&
    [[ ! -s $work/found ]] && return
  say "a scrub of $tree has found something:"
  head -n 6 "$work/found" "$work/said" >&2
  exit 1
}

# has_read FILES: whether the last scrub has read so many, all of them from the device.
has_read() {
  local files
  files=$(sed -n 's/.*: read \([0-9,]*\) files\?, .*/\1/p' "$work/said" | tr -d ,)
  [[ $files == "$1" ]] && [[ $(wc -l <"$work/said") == 1 ]] && return
  say "read $files files, and not $1 from the device:"
  cat "$work/said" >&2
  exit 1
}

count_files() { find "$corpus/$1" -type f -printf . | wc -c; }

# take_baseline TREE
take_baseline() {
  local before=${EPOCHREALTIME/./} took
  rm -rf "$work/$1.state"
  scrub "$1"
  took=$((${EPOCHREALTIME/./} - before))
  row "baseline of $1, $(count_files "$1") files" "$(awk "BEGIN { printf \"%.2f s\", $took / 1e6 }")" ''
}

# check_digests TREE: those of the baseline against b3sum's.
check_digests() {
  "$hivesum" collections manifest --format b3sum --state "$work/$1.state" "$corpus/$1" | sort >"$work/ours"
  (cd "$corpus/$1" && find . -type f -printf '%P\0' | xargs -0 -n512 b3sum | sort) >"$work/theirs"
  cmp "$work/ours" "$work/theirs" || exit 1
  say "equal digests: $1, $(wc -l <"$work/ours") files"
}

# timed COMMAND: its wall time and the CPU time of all its processes, in seconds.
timed() {
  local TIMEFORMAT='%3R %3U %3S'
  { time "$@" >/dev/null 2>"$work/errors"; } 2>"$work/time" || { cat "$work/errors" >&2; exit 1; }
  awk '{ print $1, $2 + $3 }' "$work/time"
}

# pairs NAME TARGET PREPARE CHECK OURS THEIRS: two commands in turn, each after PREPARE, and CHECK after ours.
pairs() {
  local name=$1 target=$2 prepare=$3 check=$4 ours=$5 theirs=$6 run o t
  say "== $name"
  for ((run = 0; run < runs; run++)); do
    # The order changes, so that neither always follows the other.
    if ((run % 2)); then
      "$prepare"
      t=$(timed "$theirs")
    fi
    "$prepare"
    o=$(timed "$ours")
    "$check"
    if ((run % 2 == 0)); then
      "$prepare"
      t=$(timed "$theirs")
    fi
    echo "$o $t"
  done >"$work/pairs"
  awk '{ printf "%.3f s  %.3f s  %.3f (CPU %.2f s  %.2f s)\n", $1, $3, $1 / $3, $2, $4 }' "$work/pairs" >&2
  row "$name" "$(awk '
    function median(all, count,   at, to, one) {
      for (at = 2; at <= count; at++) {
        one = all[at]
        for (to = at - 1; to > 0 && all[to] > one; to--) all[to + 1] = all[to]
        all[to + 1] = one
      }
      return all[int((count + 1) / 2)]
    }
    { ours[NR] = $1; our_cpu[NR] = $2; theirs[NR] = $3; their_cpu[NR] = $4; ratio[NR] = $1 / $3 }
    END {
      middle = median(ratio, NR)
      printf "%.3f x the time (%.3f to %.3f), %.3f x the rate; ", middle, ratio[1], ratio[NR], 1 / middle
      printf "%.2f s / %.2f s, CPU %.2f s / %.2f s", median(ours, NR), median(theirs, NR), median(our_cpu, NR), median(their_cpu, NR)
    }' "$work/pairs")" "$target"
}

survey() { scrub many --aim 3650d; }
print_tree() { find "$corpus/many" -printf '%s %T@ %i\n'; }
# The share of ten years that is a few seconds is one file of 11 bytes, or a few.
has_surveyed() {
  sed -n 's/.*: read \([0-9]*\) files\?, .*/\1/p' "$work/said" | awk '{ exit !($1 <= 10) }' || { cat "$work/said" >&2; exit 1; }
}
scrub_pair() { scrub pair; }
read_pair() { for file in "$corpus"/pair/*; do dd if="$file" of=/dev/null iflag=direct bs=16M status=none; done; }
has_read_pair() { has_read 2; }
scrub_small() { scrub small; }
read_small() { find "$corpus/small" -type f -print0 | xargs -0 "-P$cores" -n512 b3sum; }
has_read_small() { has_read "$small_files"; }

# sizes TREE: the tables of its state, in a copy without a log.
sizes() {
  rm -rf "$work/copy"
  mkdir "$work/copy"
  cp "$work/$1.state"/hivesum.db* "$work/copy"
  sqlite3 "$work/copy/hivesum.db" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
  sqlite3 -separator ' ' "$work/copy/hivesum.db" "
    SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC;
    SELECT 'everything', page_count * page_size FROM pragma_page_count, pragma_page_size;
    SELECT 'names', sum(length(path)) FROM collection_files;
    SELECT 'pieces', sum(length(pieces)) FROM collection_pieces"
}

# state_beside_names TREE TARGET
state_beside_names() {
  local files
  files=$(count_files "$1")
  sizes "$1" >"$work/sizes"
  row "state of $1, bytes a file" "$(awk -v files="$files" '
    $1 == "names" { names = $2; next }
    $1 == "everything" { everything = $2; next }
    $1 ~ /collection_/ && $2 >= files { tables = tables sprintf("; %s %.1f", $1, $2 / files) }
    END { printf "%.1f beside names of %.1f%s", (everything - names) / files, names / files, tables }' "$work/sizes")" "$2"
}

# state_of_pieces TREE TARGET
state_of_pieces() {
  local mib
  mib=$(find "$corpus/$1" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum / 1048576 }')
  sizes "$1" >"$work/sizes"
  row "pieces of $1, bytes a MiB" "$(awk -v mib="$mib" '
    $1 == "pieces" { pieces = $2 }
    $1 ~ /collection_pieces/ { pages += $2 }
    END { printf "%.2f, with their pages %.2f", pieces / mib, pages / mib }' "$work/sizes")" "$2"
}

# The names of large files with the number of their pages in the page cache.
resident() { (cd "$corpus" && fincore --noheadings --raw --output FILE,PAGES {hot,pair}/*); }

residency() {
  local file
  say '== residency'
  if may_drop; then drop_caches; fi
  cat "$corpus/hot/whole" >/dev/null
  head -c 128M "$corpus/hot/half" >/dev/null
  resident >"$work/before"
  scrub pair && has_read 2
  scrub hot && has_read 3
  resident >"$work/after"
  while read -r file before after; do row "resident pages of $file" "$before before, $after after" 'as before'; done \
    < <(join "$work/before" "$work/after")
}

main() {
  local parts=" ${*:-survey large small state residency} "
  mkdir -p "$corpus"
  work=$(mktemp -d -p "$corpus")
  trap 'rm -rf "$work"' EXIT
  build
  make_many "$corpus/many"
  make_tree "$corpus/small" "$small_files"
  make_files pair 2G one two
  make_files hot 256M whole half none
  wait_until_settled "$corpus"/{many,small,pair,hot}
  row what result target
  row --- --- ---
  for tree in many small pair hot; do take_baseline "$tree"; done
  for tree in small pair hot; do check_digests "$tree"; done
  if [[ $parts == *' survey '* ]]; then
    print_tree >/dev/null
    pairs 'survey of many / find' 'at most 1.3 x the time' stay_warm has_surveyed survey print_tree
  fi
  [[ $parts != *' large '* ]] || pairs 'scrub of pair / dd' 'at least 0.95 x the rate' stay_warm has_read_pair scrub_pair read_pair
  if [[ $parts == *' small '* ]] && may_drop; then
    pairs 'scrub of small / xargs b3sum' 'at most 0.8 x the time' drop_caches has_read_small scrub_small read_small
  fi
  if [[ $parts == *' state '* ]]; then
    state_beside_names many 'at most 250'
    state_beside_names small 'at most 250'
    state_of_pieces pair 'at most 32'
  fi
  [[ $parts != *' residency '* ]] || residency
  cat "$work/table"
  echo
  echo "$cores cores ($(awk -F ': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)), $(df --output=fstype "$corpus" | tail -n 1), $runs pairs," \
    "$(date +%F), load $(cut -d ' ' -f 1-3 /proc/loadavg), $("$hivesum" --version)${given:+, the binary named by HIVESUM_BIN}, $(b3sum --version)"
}

main "$@"
