#!/usr/bin/env bash
# xxhsum 0.8.1 (Debian 12, xxhash 0.8.1-1) and the lines of checksum files in
# which coreutils mark a name with a backslash or a line feed.
#
# md5sum and its kin begin such a line with a backslash and write the name as
# "a\\b" or "n\nl". xxhsum writes the same lists otherwise, but never marks a
# name: the one with a line feed becomes two lines, and its own check fails on
# it. A line that is marked is "improperly formatted" to it, is passed over,
# and the exit status is 0 all the same unless --strict is given: the file of
# that line was not checked. In a tagged list the two halves of a name with a
# line feed are passed over alike. So whoever makes XXH lists as coreutils
# would, for xxhsum to check, loses just these files.
#
# Output seen:
#   plain list of its own: rc 1, OK: a\b plain
#   tagged list of its own: rc 0, OK: a\b plain
#   marked list: rc 0, OK: plain
#   marked list --strict: rc 1, OK: plain
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
apt-get -qq -o APT::Sandbox::User=root download xxhash=0.8.1-1
dpkg-deb -x xxhash_*.deb root
xxhsum=$tmp/root/usr/bin/xxhsum
mkdir files
cd files
echo 1 >'a\b'
echo 2 >$'n\nl'
echo 3 >plain
"$xxhsum" -H2 -- * >../plain
"$xxhsum" -H2 --tag -- * >../tagged
# The digests of the plain list under the names as coreutils write them.
digest() { "$xxhsum" -H2 -- "$1" | head -n 1 | cut -d ' ' -f 1; }
printf '\\%s  a\\\\b\n\\%s  n\\nl\n%s  plain\n' "$(digest 'a\b')" "$(digest $'n\nl')" "$(digest plain)" >../marked
check() {
    local rc=0 said
    said=$("$xxhsum" "${@:2}" -c "$1" 2>/dev/null) || rc=$?
    echo "rc $rc, OK: $(sed -n 's/: OK$//p' <<<"$said" | paste -s -d ' ')"
}
{
    echo "plain list of its own: $(check ../plain)"
    echo "tagged list of its own: $(check ../tagged)"
    echo "marked list: $(check ../marked)"
    echo "marked list --strict: $(check ../marked --strict)"
} | tee ../seen
diff ../seen - <<'WANT' && echo "as described"
plain list of its own: rc 1, OK: a\b plain
tagged list of its own: rc 0, OK: a\b plain
marked list: rc 0, OK: plain
marked list --strict: rc 1, OK: plain
WANT
