#!/usr/bin/env bash
# hivesum against other tools, on the same files, in one run.
#
# Creates the corpora where they are missing, checks once that all digests are equal, measures every installed peer, and
# prints a Markdown table for the README, with a list of missing peers. Wall times are medians and CPU times means of
# hyperfine's runs; peak memory is that of the largest process of the command. Every command has warm-up runs right
# before its runs, as the kernel may evict the page cache in between.
#
# Work that is `cold` is measured after the kernel dropped its caches before every run, which takes root.
#
#   benches/peers.sh                     about half an hour on two cores, 9 GB of disk
#   benches/peers.sh MEDIUM BIG          only work whose name begins so
#   HIVESUM_CORPUS=DIR benches/peers.sh  corpora (`small`, `medium`, ...) in another directory
#   HIVESUM_RUNS=9 benches/peers.sh      more runs of each command; the default is 5
#   HIVESUM_BIN=FILE benches/peers.sh    measure this binary instead of building one
set -euo pipefail
export LC_ALL=C

# shellcheck source=benches/corpus.sh
source "$(dirname "$0")/corpus.sh"
cd "$(dirname "$0")/.."

readonly small=$corpus/small medium=$corpus/medium big=$corpus/big
readonly tiny=$corpus/tiny wide=$corpus/wide dirs=$corpus/dirs
readonly runs=${HIVESUM_RUNS:-5}
readonly warmups=2
readonly wanted=("$@")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

has() { command -v "$1" >/dev/null; }
quoted() { printf '%q' "$1"; }

make_big() {
  [[ -f $big ]] && return
  say "making $big"
  head -c 2G /dev/urandom >"$big.part"
  mv "$big.part" "$big"
}

# The shell command of a contestant in the work that is compared: its tree or file, and its algorithm. Where xargs has to
# use the cores, it runs `jobs` processes at a time.
command_of() {
  local who=$1 jobs=$2 what found hasher
  what=$(quoted "$input") hasher=$(quoted "$hivesum")
  found="find $what -type f -print0 | xargs -0 -P$jobs"
  case $who in
    'hivesum: ARGUMENTS'*) echo "find $what -type f -print0 | xargs -0 -n8192 $hasher hash -a $algorithm --" ;;
    'hivesum: '*'three at once') echo "$hasher hash -a blake3,sha256,md5 $what" ;;
    'hivesum: '*) echo "$hasher hash -a $algorithm $what" ;;
    'hivesum, '*' alone') echo "$hasher hash -a $(name_of "$(sed 's/hivesum, \(.*\) alone/\1/' <<<"$who")") $what" ;;
    'xargs b3sum') echo "$found -n8192 b3sum --num-threads 1" ;;
    'xargs rhash') echo "$found -n2048 rhash --$algorithm" ;;
    'rhash -r') echo "rhash -r --$algorithm $what" ;;
    'xargs openssl') echo "$found -n2048 openssl dgst -$algorithm -r" ;;
    'xargs coreutils') echo "$found -n2048 ${algorithm}sum" ;;
    'hashdeep') echo "hashdeep -j$jobs -r -c $algorithm $what" ;;
    'b3sum') echo "b3sum $what" ;;
    'b3sum, one thread') echo "b3sum --num-threads 1 $what" ;;
    'openssl') echo "openssl dgst -$algorithm -r $what" ;;
    'coreutils') echo "${algorithm}sum $what" ;;
    'xxhsum') echo "xxhsum -H2 $what" ;;
    *) say "unknown contestant: $who"; exit 2 ;;
  esac
}

# The option of an algorithm, which most tools have in common.
name_of() {
  case $1 in
    SHA-1 | SHA-256 | SHA-512) tr -d - <<<"${1,,}" ;;
    XXH3-128) echo xxh3_128 ;;
    *) echo "${1,,}" ;;
  esac
}

# The program that has to be installed for a contestant.
program_of() {
  case $1 in
    hivesum*) echo "$hivesum" ;;
    *b3sum*) echo b3sum ;;
    *rhash*) echo rhash ;;
    *openssl) echo openssl ;;
    *coreutils) echo "${algorithm}sum" ;;
    *) echo "$1" ;;
  esac
}

version_of() {
  case $1 in
    openssl) openssl version ;;
    hashdeep) echo "hashdeep $(hashdeep -V)" ;;
    *) "$1" --version ;;
  esac | head -n 1
}

# The sorted `digest  path` lines of a contestant. `rhash -r` and hashdeep print a header; hashdeep prints tables. Only
# some mark and escape a path with a backslash.
digests_of() {
  local lines=$work/lines
  # One process at a time, as several would interleave their lines.
  eval "$(command_of "$1" 1)" >"$lines"
  sed -E -e '/^(%%%%|##|;)/d' -e 's/^[0-9]+,([0-9a-f]+),/\1  /' -e 's/^([0-9a-f]+) \*/\1  /' \
    -e '/^\\/{s/^\\//;s/\\\\/\\/g}' "$lines" | sort
}

check_digests() {
  local ours=$1 peer
  shift
  digests_of "$ours" >"$work/ours"
  for peer in "$@"; do
    digests_of "$peer" >"$work/theirs"
    if ! cmp -s "$work/ours" "$work/theirs"; then
      say "the digests of $peer are not those of $ours:"
      diff "$work/ours" "$work/theirs" | head -n 6 >&2
      exit 1
    fi
    say "equal digests: $ours, $peer ($(wc -l <"$work/ours"))"
  done
}

# The peak memory of the largest process of the command, in MiB.
peak_memory_of() {
  if [[ ! -x /usr/bin/time ]]; then
    echo '?'
    return
  fi
  /usr/bin/time -o "$work/memory" -f %M sh -c "$(command_of "$1" "$cores")" >/dev/null
  awk '{ printf "%.0f MiB", $1 / 1024 }' "$work/memory"
}

# Whether the command line names this work, or none.
is_wanted() {
  local one
  ((${#wanted[@]})) || return 0
  for one in "${wanted[@]}"; do
    [[ $1 != "$one"* ]] || return 0
  done
  return 1
}

# compare WORK TARGET PEER...: one call of hyperfine, with one row for each contestant. The target is `best 0.75`
# or `slowest 1.1`: the peer to compare with, and the share of its time that hivesum may take.
compare() {
  local name=$1 target=$2 ours="hivesum: $1" who contestants=() arguments=()
  shift 2
  is_wanted "$name" || return 0
  if [[ $name == *' cold,'* && ! -w /proc/sys/vm/drop_caches ]]; then
    say "$name: not measured, only root drops the caches"
    return
  fi
  case $name in
    SMALL* | ARGUMENTS*) input=$small ;;
    MEDIUM*) input=$medium ;;
    TINY*) input=$tiny ;;
    WIDE*) input=$wide ;;
    DIRS*) input=$dirs ;;
    USR*) input=/usr ;;
    ONE*) input=$small/00/00/file-0000.dat ;;
    *) input=$big ;;
  esac
  algorithm=$(name_of "${name#*, }")
  for who in "$ours" "$@"; do
    if ! has "$(program_of "$who")"; then
      missing["$(program_of "$who")"]=1
      continue
    fi
    contestants+=("$who")
    arguments+=(--command-name "$who" "$(command_of "$who" "$cores")")
  done
  say "== $name"
  # Digests of different algorithms cannot be compared.
  [[ $name == *'at once'* ]] || check_digests "${contestants[@]}"
  local before=(--warmup "$warmups")
  if [[ $name == *' cold,'* ]]; then
    before=(--prepare 'sync; echo 3 >/proc/sys/vm/drop_caches')
  fi
  hyperfine --style basic "${before[@]}" --runs "$runs" --export-csv "$work/figures" "${arguments[@]}" >&2
  for who in "${contestants[@]}"; do
    peak_memory_of "$who"
    echo
  done >"$work/peaks"
  print_rows "$name" "$target"
}

# Command names may have commas, so columns are counted from the end: command,mean,stddev,median,user,system,min,max.
print_rows() {
  tail -n +2 "$work/figures" | paste -d '\t' - "$work/peaks" | awk -v name="$1" -v target="$2" -v verdicts="$work/verdicts" -F '\t' '
    {
      count = split($1, field, ",")
      who = $1
      for (cut = 0; cut < 7; cut++) sub(/,[^,]*$/, "", who)
      gsub(/"/, "", who)
      sub(/: .*/, "", who)
      median = field[count - 4]
      if (NR == 1) ours = median
      if (NR == 2 || (NR > 2 && (target ~ /best/ ? median < rival : median > rival))) { rival = median; rival_name = who }
      share = NR == 1 ? "" : sprintf("%.2f", ours / median)
      cpu = field[count - 3] + field[count - 2]
      printf "| %s | %s | %.3f s | %.2f s | %s | %s |\n", name, who, median, cpu, $2, share
    }
    END {
      if (NR < 2) { printf "- %s: no peer to compare with\n", name >>verdicts; exit }
      split(target, wanted, " ")
      printf "- %s: **%.2f** x the %s installed peer (%s); target: %s\n", name, ours / rival, wanted[1], rival_name, wanted[2] >>verdicts
    }' >>"$work/table"
}

print_report() {
  local program
  echo '| work | who | wall | CPU | peak memory | hivesum takes, of its time |'
  echo '| --- | --- | ---: | ---: | ---: | ---: |'
  cat "$work/table"
  echo
  cat "$work/verdicts"
  echo
  echo "$cores cores ($(awk -F ': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)), warm page cache unless cold, $runs runs, $(date +%F)."
  echo "SMALL: $(find "$small" -type f -printf '%s\n' | awk '{ sum += $1 } END { printf "%d files, %.0f MB", NR, sum / 1e6 }')" \
    "in $(find "$small" -mindepth 2 -type d | wc -l) directories." \
    "MEDIUM: $(find "$medium" -type f -printf '%s\n' | awk '{ sum += $1 } END { printf "%d files, %.0f MB", NR, sum / 1e6 }')." \
    "BIG: one file of $(stat -c %s "$big" | awk '{ printf "%.0f MB", $1 / 1e6 }')." \
    "TINY, WIDE, DIRS: 200,000, 200,000 and 100,000 files of 100 to 900 bytes in 2,000, 1 and 100,000 directories." \
    "ARGUMENTS: SMALL, named one by one. ONE: a file of $(stat -c %s "$small/00/00/file-0000.dat") bytes."
  echo
  echo "- hivesum: $("$hivesum" --version)${given:+, the binary named by HIVESUM_BIN}"
  for program in b3sum rhash openssl sha256sum hashdeep xxhsum; do
    if [[ -n ${missing[$program]:-} ]]; then
      echo "- $program: not installed, not measured (Debian: \`apt-get install $(package_of "$program")\`)"
    else
      echo "- $program: $(version_of "$program")"
    fi
  done
  [[ -x /usr/bin/time ]] || echo "- peak memory: not measured, /usr/bin/time is not installed (Debian: \`apt-get install time\`)"
}

package_of() {
  case $1 in
    sha256sum) echo coreutils ;;
    xxhsum) echo xxhash ;;
    *) echo "$1" ;;
  esac
}

main() {
  declare -gA missing=()
  if ! has hyperfine; then
    say 'peers.sh measures with hyperfine, which is not installed (Debian: apt-get install hyperfine)'
    exit 2
  fi
  build
  mkdir -p "$corpus"
  make_tree "$small" 100000
  make_medium "$medium"
  make_big
  make_even "$tiny" 2000 200000
  make_even "$wide" 1 200000
  make_even "$dirs" 100000 100000
  wait_until_settled "$small" "$medium" "$big" "$tiny" "$wide" "$dirs"
  compare 'SMALL, BLAKE3' 'best 0.50' 'xargs b3sum'
  compare 'SMALL, SHA-256' 'best 0.50' 'xargs rhash' 'rhash -r' 'xargs openssl' 'xargs coreutils' 'hashdeep'
  compare 'SMALL, MD5' 'best 0.48' 'xargs openssl' 'xargs coreutils'
  compare 'SMALL, SHA-1' 'best 0.46' 'xargs openssl' 'xargs coreutils'
  compare 'SMALL, SHA-512' 'best 0.45' 'xargs openssl' 'xargs coreutils'
  compare 'SMALL, SHA3-256' 'best 0.38' 'xargs openssl'
  compare 'MEDIUM, SHA-256' 'best 0.45' 'xargs openssl' 'xargs coreutils'
  compare 'MEDIUM, MD5' 'best 0.22' 'xargs openssl' 'xargs coreutils'
  compare 'MEDIUM, SHA-1' 'best 0.33' 'xargs openssl' 'xargs coreutils'
  compare 'MEDIUM, SHA-512' 'best 0.33' 'xargs openssl' 'xargs coreutils'
  compare 'MEDIUM, SHA3-256' 'best 0.33' 'xargs openssl'
  compare 'MEDIUM, BLAKE3' 'best 1.0' 'xargs b3sum'
  compare 'TINY, BLAKE3' 'best 0.6' 'xargs b3sum'
  compare 'WIDE, BLAKE3' 'best 0.6' 'xargs b3sum'
  compare 'DIRS, BLAKE3' 'best 0.65' 'xargs b3sum'
  compare 'USR, BLAKE3' 'best 0.65' 'xargs b3sum'
  compare 'USR, SHA-256' 'best 0.4' 'xargs openssl' 'xargs coreutils'
  compare 'ARGUMENTS, BLAKE3' 'best 0.9' 'xargs b3sum'
  compare 'ONE, BLAKE3' 'best 1.1' 'b3sum'
  compare 'SMALL cold, BLAKE3' 'best 0.40' 'xargs b3sum'
  compare 'SMALL cold, SHA-256' 'best 0.40' 'xargs openssl'
  compare 'TINY cold, BLAKE3' 'best 0.30' 'xargs b3sum'
  compare 'MEDIUM cold, BLAKE3' 'best 0.40' 'xargs b3sum'
  compare 'BIG, BLAKE3' 'best 0.85' 'b3sum' 'b3sum, one thread'
  compare 'BIG, SHA-256' 'best 0.85' 'openssl' 'coreutils'
  compare 'BIG, SHA-512' 'best 1.0' 'openssl' 'coreutils'
  compare 'BIG, MD5' 'best 1.0' 'openssl' 'coreutils'
  compare 'BIG, SHA-1' 'best 1.0' 'openssl' 'coreutils'
  compare 'BIG, SHA3-256' 'best 1.0' 'openssl'
  compare 'BIG, XXH3-128' 'best 1.0' 'xxhsum'
  compare 'BIG, three at once' 'slowest 1.1' 'hivesum, BLAKE3 alone' 'hivesum, SHA-256 alone' 'hivesum, MD5 alone'
  print_report
}

main
