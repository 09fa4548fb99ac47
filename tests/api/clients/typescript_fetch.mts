// Hashes a file with the typescript-fetch client of OpenAPI Generator. Arguments: URL, token, file, manifest.
import { readFileSync } from "node:fs";
import { Configuration, HashingApi, JobsApi } from "./generated/index.js";

const [url, token, file, manifest] = process.argv.slice(2) as [string, string, string, string];
const configuration = new Configuration({ basePath: url, accessToken: token });
const hashing = new HashingApi(configuration);

async function hashed(content: Blob): Promise<object> {
  return (await hashing.hashBody({ body: content, algorithms: ["sha256", "sha512"] })).digests;
}

async function job(): Promise<string> {
  const body = new Blob([readFileSync(manifest)]);
  return (await new JobsApi(configuration).verify({ root: "files", body, name: "SHA256SUMS" })).id;
}

console.log(JSON.stringify({
  raw: await hashed(new Blob([readFileSync(file)])), empty: await hashed(new Blob([])), job: await job(),
}));
