#!/usr/bin/env bash
# cfv 3.2.0 (PyPI): of a file whose name ends with spaces, it writes a line into
# a .crc listing that its own check does not find again.
#
# A .crc listing is a table: name, size and CRC-32 in columns that blanks fill
# up. The end of a name is the last character before the blanks, so that a name
# that ends with a blank comes back without it. cfv writes such a line without a
# word. The formats beside it that cfv writes (sfv, csv) keep the name. A program
# that writes such tables has to refuse the name, and one that reads them cannot
# tell a file that is missing from one that is called so.
#
# Output seen:
#   crc: 'ends ' is listed, and its own check says: ends : No such file or directory
#   crc: 2 files, 1 OK, 1 not found.
#   sfv: 2 files, 2 OK.
#   csv: 2 files, 2 OK.
set -euo pipefail
export LC_ALL=C

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q install --disable-pip-version-check cfv==3.2.0
cfv=$work/venv/bin/cfv

mkdir "$work/tree"
cd "$work/tree"
printf a >'plain'
printf b >'ends '
for format in crc sfv csv; do
  "$cfv" -C -q -t "$format" -f "$work/list.$format" -p .
  "$cfv" -f "$work/list.$format" -p . >"$work/said.$format" 2>&1 || true
done

grep -q '^ends   *1  71beeff9' "$work/list.crc" || { echo 'crc: the file is not listed' >&2; exit 1; }
grep -q '^ends : No such file or directory' "$work/said.crc" || { cat "$work/said.crc" >&2; exit 1; }
echo "crc: 'ends ' is listed, and its own check says: $(grep '^ends' "$work/said.crc")"
counts() { sed -n 's/^.*: \([0-9]* files, [^.]*\.\).*$/\1/p' "$work/said.$1"; }
[[ $(counts crc) == '2 files, 1 OK, 1 not found.' ]] || { cat "$work/said.crc" >&2; exit 1; }
echo "crc: $(counts crc)"
for format in sfv csv; do
  [[ $(counts "$format") == '2 files, 2 OK.' ]] || { cat "$work/said.$format" >&2; exit 1; }
  echo "$format: $(counts "$format")"
done
