// Checksum files of results [{name, size, modified, digests}], in the formats that hivesum and other tools read.

// Without the folder that was dropped, if all are in it: as they are named from inside.
export function relative(results) {
	const folder = results[0]?.name.match(/^[^/]+\//)?.[0];
	if (!folder || !results.every(({ name }) => name.startsWith(folder))) return results;
	return results.map((result) => ({ ...result, name: result.name.slice(folder.length) }));
}

const lines = (list) => list.map((line) => `${line}\n`).join('');

// A line break in a name is escaped, and the line begins with a backslash, as in coreutils.
function line(name, write) {
	const written = name.replace(/[\\\n\r]/g, (c) => ({ '\n': '\\n', '\r': '\\r' })[c] ?? '\\\\');
	return (written === name ? '' : '\\') + write(written);
}

const fileOfSums = (algorithm) => (algorithm === 'blake3' ? 'B3SUMS' : `${algorithm.toUpperCase()}SUMS`);

const sums = (results, algorithm) => lines(results.filter(({ digests }) => digests[algorithm]).map(({ name, digests }) => line(name, (written) => `${digests[algorithm]}  ${written}`)));

function tagged(results, known) {
	const tags = Object.fromEntries(known.map((one) => [one.name, one.bsd_tag]));
	const tag = (algorithm) => tags[algorithm] ?? algorithm.replace(/^blake(2b|3)_/, 'BLAKE$1-');
	return lines(results.flatMap(({ name, digests }) => Object.entries(digests).map(([algorithm, hex]) => line(name, (written) => `${tag(algorithm)} (${written}) = ${hex}`))));
}

const time = (ms) => (Number.isFinite(ms) && ms > 0 ? new Date(ms).toISOString() : '');
const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

const csv = (results, algorithms) => lines([['path', 'size', 'modified_at', ...algorithms],
	...results.map(({ name, size, modified, digests }) => [name, String(size), time(modified), ...algorithms.map((one) => digests[one] ?? '')])].map((row) => row.map(quoted).join()));

const item = ({ name, size, modified, digests }) => JSON.stringify({ path: name, size, modified_at: time(modified) || undefined, status: 'hashed', digests });
const summary = (results) => ({ files: results.length, hashed: results.length, errors: 0, skipped: 0, bytes: results.reduce((sum, { size }) => sum + size, 0), complete: true });

const json = (results, algorithms) => `{"algorithms":${JSON.stringify(algorithms)},"items":[\n${results.map(item).join(',\n')}\n],"summary":${JSON.stringify(summary(results))}}\n`;
const ndjson = (results) => lines([...results.map(item), JSON.stringify({ summary: summary(results) })]);

// [{format, title, fileName, files, text()}]: SHA-256 first. `known` is the answer of GET /algorithms; `files` are those written.
export function formats(results, known) {
	const order = ['sha256', 'blake3', ...known.map(({ name }) => name)];
	const has = new Set(results.flatMap(({ digests }) => Object.keys(digests)));
	const algorithms = [...new Set(order)].filter((name) => has.has(name));
	const whole = [['bsd', 'BSD tags', 'CHECKSUMS', () => tagged(results, known)], ['csv', 'CSV, sizes and times too', 'hivesum.csv', () => csv(results, algorithms)],
		['json', 'JSON, everything', 'hivesum.json', () => json(results, algorithms)], ['ndjson', 'NDJSON, one line per file', 'hivesum.ndjson', () => ndjson(results)]];
	return [...algorithms.map((one) => ({ format: one, title: fileOfSums(one), fileName: fileOfSums(one), files: results.filter(({ digests }) => digests[one]).length, text: () => sums(results, one) })),
		...whole.map(([format, title, fileName, text]) => ({ format, title, fileName, files: results.length, text }))];
}
