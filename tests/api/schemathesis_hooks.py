"""Values of the formats that are the API's own, for schemathesis: each is one that the service has to accept."""

import base64

import schemathesis
from hypothesis import strategies as st

# Components of paths and globs: none is `.` or `..`.
names = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_. \u00e9", min_size=1).filter(
    lambda name: name.strip() == name and name not in (".", "..")
)
paths = st.lists(names, min_size=1, max_size=4).map("/".join)
parts = names | st.sampled_from(["*", "**", "?", "*.jpg", "[a-z]", "[!0-9]x", "{a,b}", "{a,{b,c}}*"])

# Algorithms and the hexadecimal digits of their digests.
DIGITS = {"crc32": 8, "md5": 32, "sha1": 40, "sha256": 64, "sha512": 128, "blake3": 64}


READS_MANIFESTS = ("POST /api/v1/verify", "POST /api/v1/manifests/read")


@st.composite
def checksum_files(draw):
    """An entry for each of the algorithms, which it names."""
    digits = draw(st.binary(min_size=64, max_size=64)).hex()
    lines = [f"{name.upper()} ({draw(paths)}) = {digits[:length]}\n" for name, length in DIGITS.items()]
    return "".join(lines)


@schemathesis.hook
def filter_case(context, case):
    """Leaves out what cannot be expressed, and what the tool gets wrong."""
    query, fields = case.query or {}, case.headers or {}
    digests = [str(fields[name]) for name in ("Content-Digest", "Repr-Digest") if name in fields]
    # No schema relates parameters to the body. An algorithm that no entry has is refused, as nothing would be left; and
    # so is the digest that all files of a form should have.
    asked = query.get("algorithm")
    if case.operation.label == "POST /api/v1/verify" and isinstance(asked, str) and asked not in DIGITS:
        return False
    # What it is compared with lies on the server, in one place, or is the body.
    stored = [name for name in ("manifest_path", "against") if name in query]
    if stored and (len(stored) > 1 or type(case.body).__name__ != "NotSet"):
        return False
    # A job that is repeated has its own settings and its own manifest.
    if "repeat" in query and (set(query) - {"repeat", "root", "path"} or type(case.body).__name__ != "NotSet"):
        return False
    # A job that reads every file from the device reuses no digest.
    if isinstance(case.body, dict) and case.body.get("from_device") and case.body.get("reuse_unchanged_from"):
        return False
    # Bytes have one format for all clients, so no schema says that these must be those of a checksum file; as text it
    # does, and the generated clients send one as bytes.
    if case.operation.label in READS_MANIFESTS and case.media_type == "application/octet-stream":
        return False
    if case.media_type == "multipart/form-data" and (digests or "expect" in query):
        return False
    # Every client takes `.` and `..` out of an address, which is then that of another resource.
    if str((case.path_parameters or {}).get("name", "x")) in ("", ".", ".."):
        return False
    # It takes the number 0 for a string that has the pattern of a digest field.
    return "0" not in digests


schemathesis.openapi.format("checksum-file", checksum_files())
schemathesis.openapi.format("path-base64", paths.map(lambda path: base64.b64encode(path.encode()).decode()))
schemathesis.openapi.format("glob", st.lists(parts, min_size=1, max_size=3).map("/".join))
