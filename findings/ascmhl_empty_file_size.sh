#!/usr/bin/env bash
# ascmhl 1.2 (PyPI): the size of an empty file is left out of a generation.
#
# ASC MHL gives each path the attribute "size", and "ascmhl create" writes it for
# every file except an empty one, as if its size were not known. A reader that
# looks at sizes first, before it reads terabytes, has nothing to compare for
# exactly those files that are often the trace of a copy that failed.
#
# Output seen:
#   <path size="2" .../two.txt
#   <path .../empty.txt
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
python3 -m venv venv
venv/bin/pip -q --disable-pip-version-check install ascmhl==1.2 setuptools==80.9.0
mkdir card
printf 'ab' >card/two.txt
: >card/empty.txt
venv/bin/ascmhl create -h md5 card >log 2>&1
for name in two.txt empty.txt; do
    grep -oE '<path[^>]*>[^<]*' card/ascmhl/*.mhl | grep -F ">$name" |
        sed -E 's/ lastmodificationdate="[^"]*"//; s/>/ .../' | sed "s|\.\.\.$name|.../$name|"
done | tee seen

diff seen - <<'WANT' && echo "as described"
<path size="2" .../two.txt
<path .../empty.txt
WANT
