#!/usr/bin/env bash
# `hivesum duplicates` against fclones on a real tree: checks that both find the same groups, and compares their times.
#
# Both leave out empty files, follow no symbolic links, and count hard links as one copy. fclones is told to include
# hidden and ignored files and to report as JSON, as hivesum does. They treat unreadable and changing files differently,
# so choose a tree that does not change.
#
#   benches/duplicates.sh [DIR]               DIR is /usr by default
#   HIVESUM_RUNS=21 benches/duplicates.sh     more runs of each; the default is 11
#   HIVESUM_BIN=FILE benches/duplicates.sh    measure this binary instead of building one
set -euo pipefail
export LC_ALL=C

tree=$(realpath "${1:-/usr}")
given=${HIVESUM_BIN:+$(realpath "$HIVESUM_BIN")}
readonly tree given runs=${HIVESUM_RUNS:-11}
cd "$(dirname "$0")/.."

for tool in 'fclones (cargo install fclones)' 'hyperfine (apt-get install hyperfine)' 'python3 (apt-get install python3)'; do
  command -v "${tool%% *}" >/dev/null || { echo "SKIPPED: needs $tool"; exit "${HIVESUM_REQUIRE_TOOLS:-0}"; }
done
hivesum=$given
if [[ -z $hivesum ]]; then
  cargo build --release --bin hivesum >&2
  hivesum=${CARGO_TARGET_DIR:-target}/release/hivesum
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ours=$(printf '%q ' "$hivesum" duplicates --format json "$tree")
theirs=$(printf '%q ' fclones group --hidden --no-ignore --format json "$tree")

# An unreadable file is an error in both, and the rest is still compared.
eval "$ours" >"$work/ours" || true
eval "$theirs" >"$work/theirs" 2>/dev/null
python3 - "$work/ours" "$work/theirs" "$tree" <<'PYTHON'
import base64, json, os, re, sys

ours, theirs = (json.load(open(path)) for path in sys.argv[1:3])
tree = os.fsencode(sys.argv[3])

def bytes_of(text):  # fclones writes names in STFU-8: \\, \n, \r, \t and \xHH
    named = {b'n': b'\n', b'r': b'\r', b't': b'\t', b'\\': b'\\'}
    escape = lambda found: bytes([int(found[1][1:], 16)]) if found[1][:1] == b'x' else named[found[1]]
    return re.sub(rb'\\(x[0-9A-Fa-f]{2}|[nrt\\])', escape, text.encode())

def names_of(group):
    exact = group.get('paths_b64')
    names = map(base64.b64decode, exact) if exact else map(str.encode, group['paths'])
    return frozenset(os.path.join(tree, name) for name in names)

ours = {(group['size'], names_of(group)) for group in ours['groups']}
theirs = {(group['file_len'], frozenset(map(bytes_of, group['files']))) for group in theirs['groups']}
for who, alone in ('hivesum', ours - theirs), ('fclones', theirs - ours):
    for size, names in sorted(alone, key=lambda one: min(one[1]))[:5]:
        print(f'only {who} has {size} bytes:', *sorted(names))
if ours != theirs:
    sys.exit(f'DIFFERENT: hivesum has {len(ours)} groups, fclones {len(theirs)}')
print(f'{len(ours)} groups of {sum(len(names) for _, names in ours)} names agree')
PYTHON

hyperfine --style basic --warmup 2 --runs "$runs" --ignore-failure --export-csv "$work/figures" \
  --command-name hivesum "$ours" --command-name fclones "$theirs" >&2
# command,mean,stddev,median,user,system,min,max
awk -F , 'NR > 1 { median[$1] = $4; cpu[$1] = $5 + $6 }
  END {
    for (who in median) printf "%s: %.3f s, %.2f s of CPU\n", who, median[who], cpu[who]
    printf "hivesum takes %.2f of the time of fclones\n", median["hivesum"] / median["fclones"]
  }' "$work/figures"
echo "$(nproc) cores, $(find "$tree" -type f -printf . | wc -c) files in $tree, $runs runs, $(fclones --version), $("$hivesum" --version)"
