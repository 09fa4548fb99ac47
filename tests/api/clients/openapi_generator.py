"""Hashes a file with the Python client of OpenAPI Generator. Arguments: URL, token, file, manifest."""

import json
import sys
from pathlib import Path

from generated import ApiClient, Configuration, HashingApi, JobsApi

url, token, file, manifest = sys.argv[1:]
client = ApiClient(Configuration(host=url, access_token=token))
hashing = HashingApi(client)


def hashed(content):
    return hashing.hash_body(body=content, algorithms=["sha256", "sha512"]).digests


job = JobsApi(client).verify(root="files", body=Path(manifest).read_bytes(), name="SHA256SUMS")
print(json.dumps({"raw": hashed(Path(file).read_bytes()), "empty": hashed(b""), "job": str(job.id)}))
