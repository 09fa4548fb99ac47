#!/usr/bin/env bash
# `hivesum check` against `md5sum -c` and `sha256sum -c`, on the same manifests, in pairs.
#
# Makes a tree of 100,000 small files with its SHA256SUMS and 1,000 small MD5 manifests of them, checks once that both
# tools print the same verdicts in the same order, and then runs them in turn. Each pair gives a ratio of wall times;
# the median of the ratios is what counts, so a machine that slows down meanwhile slows both. On Debian the manifests
# of the installed packages are checked, too.
#
#   benches/check.sh                     about three minutes and 700 MB of disk
#   HIVESUM_CORPUS=DIR benches/check.sh  keep the tree in DIR for the next time
#   HIVESUM_RUNS=21 benches/check.sh     more pairs of each; the default is 11
#   HIVESUM_BIN=FILE benches/check.sh    measure this binary instead of building one
set -euo pipefail
export LC_ALL=C

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HIVESUM_CORPUS=${HIVESUM_CORPUS:-$work/corpus}
# shellcheck source=benches/corpus.sh
source "$(dirname "$0")/corpus.sh"
cd "$(dirname "$0")/.."

readonly runs=${HIVESUM_RUNS:-11}
readonly small_files=100000 manifests=1000
readonly dpkg=/var/lib/dpkg/info

# make_manifests TREE: SHA256SUMS in the tree, and its files in many manifests beside it.
make_manifests() {
  local tree=$1 part manifest
  [[ -f $tree/SHA256SUMS ]] && return
  say "making the manifests of $tree"
  mkdir -p "$tree.md5sums"
  (
    cd "$tree"
    find . -type f -name '*.dat' | sort >"$work/names"
    split -a 4 -d -n "l/$manifests" --additional-suffix=.names "$work/names" "$work/part-"
    for part in "$work"/part-*.names; do
      manifest=$(basename "$part" .names).md5sums
      xargs md5sum <"$part" >"$tree.md5sums/$manifest"
    done
    xargs sha256sum <"$work/names" >"$work/SHA256SUMS"
    mv "$work/SHA256SUMS" SHA256SUMS
  )
}

# microseconds COMMAND...: its wall time in microseconds. Its output goes to a file, as it would in a script.
microseconds() {
  local before=${EPOCHREALTIME/./}
  # A package whose files were changed is a failure of both.
  "$@" >"$work/out" 2>"$work/err" || true
  echo $((${EPOCHREALTIME/./} - before))
}

median() { sort -n | awk '{ all[NR] = $1 } END { print (NR % 2) ? all[(NR + 1) / 2] : (all[NR / 2] + all[NR / 2 + 1]) / 2 }'; }

# pairs WHAT DIR TOOL MANIFEST...: prints the median of the ratios of wall times, ours to theirs.
pairs() {
  local what=$1 directory=$2 tool=$3 ours theirs run
  shift 3
  cd "$directory"
  microseconds "$tool" -c "$@" >/dev/null
  mv "$work/out" "$work/theirs"
  microseconds "$hivesum" check "$@" >/dev/null
  cmp "$work/out" "$work/theirs" || { say "DIFFERENT: $what"; exit 1; }
  : >"$work/ratios"
  : >"$work/times"
  for ((run = 0; run < runs; run++)); do
    theirs=$(microseconds "$tool" -c "$@")
    ours=$(microseconds "$hivesum" check "$@")
    echo "$ours $theirs" | awk '{ printf "%.4f\n", $1 / $2 }' >>"$work/ratios"
    echo "$ours $theirs" >>"$work/times"
  done
  printf '%s: %.2f of the time of %s -c (%s of %s ms, %d verdicts, %d pairs)\n' "$what" \
    "$(median <"$work/ratios")" "$tool" \
    "$(cut -d ' ' -f 1 "$work/times" | median | awk '{ printf "%.0f", $1 / 1000 }')" \
    "$(cut -d ' ' -f 2 "$work/times" | median | awk '{ printf "%.0f", $1 / 1000 }')" \
    "$(wc -l <"$work/theirs")" "$runs"
  cd "$OLDPWD"
}

build
hivesum=$(realpath "$hivesum")
mkdir -p "$corpus"
tree=$corpus/check-$small_files
make_tree "$tree" "$small_files"
make_manifests "$tree"
wait_until_settled "$tree" "$tree/SHA256SUMS"

pairs "SHA256SUMS over $small_files small files" "$tree" sha256sum SHA256SUMS
pairs "$manifests MD5 manifests of $((small_files / manifests)) files" "$tree" md5sum "$tree".md5sums/*
if compgen -G "$dpkg/*.md5sums" >/dev/null; then
  pairs "$(find "$dpkg" -name '*.md5sums' -printf . | wc -c) manifests of Debian packages" / md5sum "$dpkg"/*.md5sums
else
  echo "SKIPPED: needs the manifests of installed packages, $dpkg/*.md5sums (Debian)"
fi
echo "$cores cores, $(sha256sum --version | head -n 1), $("$hivesum" --version)"
