"""Hashes a file with the client that openapi-python-client generated. Arguments: URL, token, file, manifest."""

import io
import json
import sys
from pathlib import Path

from generated import AuthenticatedClient
from generated.api.hashing import hash_body
from generated.api.jobs import verify
from generated.models import HashBodyFilesBody
from generated.types import File

url, token, file, manifest = sys.argv[1:]
client = AuthenticatedClient(base_url=url, token=token, raise_on_unexpected_status=True)
content = Path(file).read_bytes()


def file_of(content, name=None):
    return File(payload=io.BytesIO(content), file_name=name)


def hashed(body):
    return hash_body.sync(client=client, body=body, algorithms=["sha256", "sha512"])


parts = hashed(HashBodyFilesBody(file=[file_of(content, "one"), file_of(b"", "two")]))
job = verify.sync(client=client, body=file_of(Path(manifest).read_bytes()), root="files", name="SHA256SUMS")
print(
    json.dumps(
        {
            "raw": hashed(file_of(content)).digests.to_dict(),
            "empty": hashed(file_of(b"")).digests.to_dict(),
            "parts": [{"name": part.name, **part.digests.to_dict()} for part in parts],
            "job": str(job.id),
        }
    )
)
