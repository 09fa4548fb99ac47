#!/usr/bin/env bash
# git 2.x: in .gitignore the pattern a**/? ignores "ab".
#
# gitignore(5): "**/" in front matches in all directories, and "other consecutive
# asterisks are considered regular asterisks". So a**/? should be a*/?, which has
# a slash and cannot match the name "ab" in the top directory. Git compares the
# plain beginning of a pattern, "a", before the rest, and then finds **/? at the
# beginning of what is left, where it means "in all directories". The same rule
# with a wildcard in front ([a]**/?) does what the page says. Whoever matches
# such patterns without git gets other files than git for the first form.
#
# Output seen (git 2.39.5 and 2.47.3):
#   a**/? ab: ignored
#   [a]**/? ab: not ignored
#   a**/? ax/b: ignored
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
git -c init.defaultBranch=main init -q .
try() {
    printf '%s\n' "$1" >.gitignore
    if git check-ignore -q --no-index "$2"; then echo "$1 $2: ignored"; else echo "$1 $2: not ignored"; fi
}
{
    try 'a**/?' ab
    try '[a]**/?' ab
    try 'a**/?' ax/b
} | tee seen

diff seen - <<'WANT' && echo "as described"
a**/? ab: ignored
[a]**/? ab: not ignored
a**/? ax/b: ignored
WANT
