// Hashes a file with openapi-fetch and the types of openapi-typescript. Arguments: URL, token, file, manifest.
// openapi-fetch sends every body as JSON unless it is given a serializer, and calls binary a string.
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Hashed = components["schemas"]["Hashed"];

const [url, token, file, manifest] = process.argv.slice(2) as [string, string, string, string];
const client = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${token}` } });
const query = { algorithms: ["sha256", "sha512"] };
const content = readFileSync(file);
const binary = {
  headers: { "Content-Type": "application/octet-stream" },
  bodySerializer: (bytes: unknown) => bytes as Uint8Array,
};

async function hashed(bytes: Uint8Array): Promise<Hashed["digests"]> {
  const { data, error } = await client.POST("/api/v1/hash", { params: { query }, body: bytes as never, ...binary });
  if (data === undefined || Array.isArray(data)) throw new Error(JSON.stringify(error ?? data));
  return data.digests;
}

async function parts(): Promise<object[]> {
  const form = new FormData();
  form.append("file", new Blob([content]), "one");
  form.append("file", new Blob([]), "two");
  const { data, error } = await client.POST("/api/v1/hash", { params: { query }, body: form as never, bodySerializer: () => form });
  if (!Array.isArray(data)) throw new Error(JSON.stringify(error ?? data));
  return data.map((part) => ({ name: part.name, ...part.digests }));
}

async function job(): Promise<string> {
  const query = { root: "files", name: "SHA256SUMS" };
  const { data, error } = await client.POST("/api/v1/verify", { params: { query }, body: readFileSync(manifest) as never, ...binary });
  if (data === undefined) throw new Error(JSON.stringify(error));
  return data.id;
}

console.log(JSON.stringify({
  raw: await hashed(content), empty: await hashed(new Uint8Array()), parts: await parts(), job: await job(),
}));
