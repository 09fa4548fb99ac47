#!/usr/bin/env bash
# bagit-python 1.9.0 (PyPI): a valid bag is refused if a value in bag-info.txt
# holds NEXT LINE (U+0085) or LINE SEPARATOR (U+2028).
#
# RFC 8493 ends a line of bag-info.txt with LF, CR or CRLF, and these two are
# neither. bagit-python writes such a value itself, from the dictionary that
# make_bag takes, as one line; when it reads the file again, its text reader ends
# a line at every separator that Unicode has, so that the second part of the
# value is taken for an element without a colon. Both characters come with text
# that was pasted from word processors or converted from EBCDIC.
#
# Output seen:
#   U+0085: written, then BagValidationError
#   U+2028: written, then BagValidationError
#   U+00A0: written and read
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
python3 -m venv venv
venv/bin/pip install -q bagit==1.9.0
venv/bin/python - >seen 2>/dev/null <<'PYTHON'
import pathlib
import bagit

for code in (0x85, 0x2028, 0xA0):
    bag = pathlib.Path(f"bag{code:04x}")
    bag.mkdir()
    (bag / "file").write_text("content")
    try:
        # It opens the bag again as its last step.
        bagit.make_bag(str(bag), {"External-Description": f"first{chr(code)}second"})
        bagit.Bag(str(bag)).validate()
        print(f"U+{code:04X}: written and read")
    except bagit.BagError as error:
        print(f"U+{code:04X}: written, then {type(error).__name__}")
PYTHON
cat seen
diff seen - <<'WANT' && echo "as described"
U+0085: written, then BagValidationError
U+2028: written, then BagValidationError
U+00A0: written and read
WANT
