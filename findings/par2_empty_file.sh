#!/usr/bin/env bash
# par2cmdline 0.8.1 (Debian 12, par2 0.8.1-3): an empty file given to "par2
# create" is left out of the set, so "verify" calls the set whole when the file
# is gone or no longer empty, and "repair" does not bring it back.
#
# A PAR2 set names each file with its length and MD5, which an empty file has as
# well. par2 drops such a file with one line, "Skipping 0 byte file", and exits
# with 0; the recovery files hold no trace of it. A folder whose empty files
# matter (locks, markers, __init__.py) is "correct" to par2 without them, where
# any list of checksums made of the same files reports them missing.
#
# Output seen:
#   create: rc 0, Skipping 0 byte file: marker
#   whole: verify rc 0, All files are correct, repair is not required.
#   marker gone: verify rc 0, All files are correct, repair is not required.
#   marker gone: sha256sum --check rc 1
#   after repair (rc 0): marker is not there
#   marker no longer empty: verify rc 0, All files are correct, repair is not required.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
apt-get -qq -o APT::Sandbox::User=root download par2=0.8.1-3
for deb in *.deb; do dpkg-deb -x "$deb" root; done
par2=$tmp/root/usr/bin/par2
mkdir files; cd files
verify() {
    local rc=0
    "$par2" verify -q set.par2 >../said 2>&1 || rc=$?
    echo "$1: verify rc $rc, $(tail -n 1 ../said)"
}
{
    seq 1 3000 >numbers.txt; : >marker
    sha256sum numbers.txt marker >../sums
    rc=0; "$par2" create -q -r10 set.par2 numbers.txt marker >../said 2>&1 || rc=$?
    echo "create: rc $rc, $(grep 'Skipping' ../said | sed 's|: .*/|: |')"
    verify 'whole'
    rm marker
    verify 'marker gone'
    rc=0; sha256sum --check --status ../sums 2>/dev/null || rc=$?
    echo "marker gone: sha256sum --check rc $rc"
    rc=0; "$par2" repair -q set.par2 >../said 2>&1 || rc=$?
    echo "after repair (rc $rc): marker is $([ -e marker ] && echo there || echo not there)"
    echo text >marker
    verify 'marker no longer empty'
} | tee ../seen
diff ../seen - <<'WANT' && echo "as described"
create: rc 0, Skipping 0 byte file: marker
whole: verify rc 0, All files are correct, repair is not required.
marker gone: verify rc 0, All files are correct, repair is not required.
marker gone: sha256sum --check rc 1
after repair (rc 0): marker is not there
marker no longer empty: verify rc 0, All files are correct, repair is not required.
WANT
