#!/usr/bin/env bash
# bagit.py 1.9.0 (PyPI bagit): a bag that it has made itself is invalid to it when
# a file name has three line feeds.
#
# RFC 8493, 2.1.3, has line feeds in names written as %0A. bagit.py writes all of
# them so, but on reading it passes re.IGNORECASE to re.sub in the place of the
# count: its value is 2, so two are decoded and the third is left as "%0A", and
# "%0a" is never decoded. One or two line feeds hide it.
#
# Output seen:
#   2 line feeds: valid
#   3 line feeds: invalid
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
python3 -m venv env
env/bin/pip install --quiet bagit==1.9.0
for count in 2 3; do
    mkdir "bag$count"
    name=$(for ((i = 0; i < count; i++)); do printf 'a\n'; done; printf x)
    echo text >"bag$count/${name%x}b"
    env/bin/bagit.py --quiet --sha256 "bag$count"
    if env/bin/bagit.py --quiet --validate "bag$count" 2>/dev/null; then verdict=valid; else verdict=invalid; fi
    echo "$count line feeds: $verdict"
done | tee seen
diff seen - <<'WANT' && echo "as described"
2 line feeds: valid
3 line feeds: invalid
WANT
