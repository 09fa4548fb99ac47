#!/usr/bin/env bash
# AIDE 0.18.3 (Debian 12, aide 0.18.3-1+deb12u5, built with mhash) and rhash
# 1.4.3: the tiger and crc32 digests in an AIDE database are not those that
# other tools compute for the same file.
#
# AIDE calls the groups "tiger" and "crc32" and stores base64. Decoded, tiger has
# the three 64-bit words of the usual Tiger digest with the bytes of each word
# reversed, and crc32 is not the CRC of zip and zlib at all. A program that reads
# an AIDE database to check files must not compare these two.
#
# Output seen (file of "hello" and a line feed):
#   aide tiger:  78b937537e7429b5a6996726dd01c418ac6c14ce13501693
#   rhash tiger: b529747e5337b97818c401dd266799a693165013ce146cac
#   aide crc32:  e280c0c1
#   rhash crc32: 363a3020
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
apt-get -qq -o APT::Sandbox::User=root download aide=0.18.3-1+deb12u5 rhash=1.4.3-3 librhash0=1.4.3-3 libmhash2
for deb in *.deb; do dpkg-deb -x "$deb" root; done
libs=$(dirname "$(find root -name 'librhash.so.*' | head -n 1)")
export LD_LIBRARY_PATH="$tmp/$libs"
mkdir tree; echo hello >tree/f
printf 'database_in=file:%s/in\ndatabase_out=file:%s/out\ngzip_dbout=no\nroot_prefix=%s\n/f f tiger+crc32\n' \
    "$tmp" "$tmp" "$tmp/tree" >aide.conf
root/usr/bin/aide --config aide.conf --init >/dev/null
column() { # the hexadecimal value of one attribute of /f
    local at
    at=$(sed -n 's/^@@db_spec //p' out | tr ' ' '\n' | grep -nx "$1" | cut -d: -f1)
    sed -n 's,^/f ,/f ,p' out | cut -d' ' -f"$at" | base64 -d | od -An -tx1 | tr -d ' \n'
}
{
    echo "aide tiger:  $(column tiger)"
    echo "rhash tiger: $(root/usr/bin/rhash --tiger tree/f | cut -d' ' -f1)"
    echo "aide crc32:  $(column crc32)"
    echo "rhash crc32: $(root/usr/bin/rhash --printf='%c\n' tree/f)"
} | tee seen
diff seen - <<'WANT' && echo "as described"
aide tiger:  78b937537e7429b5a6996726dd01c418ac6c14ce13501693
rhash tiger: b529747e5337b97818c401dd266799a693165013ce146cac
aide crc32:  e280c0c1
rhash crc32: 363a3020
WANT
