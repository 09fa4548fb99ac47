#!/usr/bin/env bash
# hashdeep 4.4 (Debian 12, hashdeep 4.4-7.1+b1): the report of a verbose audit
# (-a -vv) always says that 0 files were examined and 0 known files expected.
#
# The two counts that -vv adds on top of -v, "Input files examined" and "Known
# files expecting", stay at 0 whatever was audited, while the counts under them
# are right. An audit of three files against a list of three "passes" with 3
# matched out of 0. A script that takes "examined: 0" for "the audit looked at
# nothing" rejects every good audit, and one that adds the counts up finds that
# they never agree. Only matched + moved + new and the exit status can be used.
#
# Output seen (list of one, two and three):
#   all three: rc 0, examined 0, expecting 0, matched 3, new 0, not found 0
#   three left out: rc 1, examined 0, expecting 0, matched 2, new 0, not found 1
#   four added: rc 1, examined 0, expecting 0, matched 3, new 1, not found 0
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
apt-get -qq -o APT::Sandbox::User=root download hashdeep=4.4-7.1+b1
for deb in *.deb; do dpkg-deb -x "$deb" root; done
hashdeep=$tmp/root/usr/bin/hashdeep
mkdir files; cd files
for name in one two three four; do echo "$name" >"$name"; done
"$hashdeep" -l one two three >../known
audit() {
    local label=$1 rc=0
    shift
    "$hashdeep" -l -a -vv -k ../known "$@" >../said 2>&1 || rc=$?
    count() { sed -n "s/^ *$1: //p" ../said; }
    echo "$label: rc $rc, examined $(count 'Input files examined'), expecting $(count 'Known files expecting')," \
        "matched $(count 'Files matched'), new $(count 'New files found'), not found $(count 'Known files not found')"
}
{
    audit 'all three' one two three
    audit 'three left out' one two
    audit 'four added' one two three four
} | tee ../seen
diff ../seen - <<'WANT' && echo "as described"
all three: rc 0, examined 0, expecting 0, matched 3, new 0, not found 0
three left out: rc 1, examined 0, expecting 0, matched 2, new 0, not found 1
four added: rc 1, examined 0, expecting 0, matched 3, new 1, not found 0
WANT
