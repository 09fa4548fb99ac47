#!/usr/bin/env bash
# mtree 20180822 of NetBSD (Debian 12, mtree-netbsd 20180822-7): a tree that is
# checked with the specification that mtree has just made of it has files missing.
#
# A name with "*", "?" or "[" is written as it is, and the check takes it for a
# pattern: with a file "*" beside "a" and "b" nothing has changed, yet "a" and
# "b" are reported missing, and the exit status is 0 all the same.
#
# Output seen:
#   star: rc 0, says missing: ./a ./b
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
apt-get -qq -o APT::Sandbox::User=root download mtree-netbsd=20180822-7
apt-get -qq -o APT::Sandbox::User=root download libnbcompat0 2>/dev/null || true
for deb in *.deb; do dpkg-deb -x "$deb" root; done
mtree=$(find "$tmp/root" -name mtree -path '*bin*' | head -n 1)
mkdir star
touch star/'*' star/a star/b
{
    "$mtree" -c -k type,size -p star >spec
    rc=0; "$mtree" -p star -f spec >said 2>&1 || rc=$?
    echo "star: rc $rc, says missing: $(sed -n 's/^missing: //p' said | sort | tr '\n' ' ' | sed 's/ $//')"
} | tee seen
diff seen - <<'WANT' && echo "as described"
star: rc 0, says missing: ./a ./b
WANT
