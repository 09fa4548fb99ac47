#!/usr/bin/env bash
# libarchive 3.6.2 (bsdtar) and NetBSD's mtree 20180822 (Debian 12): in an mtree
# specification "time=1.5" is not one and a half seconds but 1 s and 5 ns.
#
# What follows the dot is a count of nanoseconds, not a decimal fraction, although
# manuals call the value "seconds". bsdtar writes 5 ns as ".5" and 500,000,000 ns
# as ".500000000", and reads ".5" as 5 ns. A writer that drops trailing zeros, or
# a reader that takes the value for a decimal number, is off by up to a second and
# sees every file as touched.
#
# Output seen:
#   written for 1 s and 5 ns: time=1.5
#   written for 1.5 s: time=1.500000000
#   file made from time=1.5: 1.000000005
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
apt-get -qq -o APT::Sandbox::User=root download libarchive-tools=3.6.2-1+deb12u5 libarchive13=3.6.2-1+deb12u5
for deb in *.deb; do dpkg-deb -x "$deb" root; done
libs=$(dirname "$(find root -name 'libarchive.so.*' | head -n 1)")
export LD_LIBRARY_PATH="$tmp/$libs" TZ=UTC
bsdtar=$tmp/root/usr/bin/bsdtar
spec() { "$bsdtar" -cf - --format=mtree --options='!all,type,time' f | grep -o 'time=[0-9.]*'; }
echo x >f
{
    touch -d '1970-01-01 00:00:01.000000005' f; echo "written for 1 s and 5 ns: $(spec)"
    touch -d '1970-01-01 00:00:01.5' f; echo "written for 1.5 s: $(spec)"
    printf '#mtree\nf type=file time=1.5\n' >one.mtree
    "$bsdtar" -cf one.tar --format=pax @one.mtree
    mkdir to; "$bsdtar" -xf one.tar -C to
    echo "file made from time=1.5: $(stat -c %.9Y to/f)"
} | tee seen
diff seen - <<'WANT' && echo "as described"
written for 1 s and 5 ns: time=1.5
written for 1.5 s: time=1.500000000
file made from time=1.5: 1.000000005
WANT
