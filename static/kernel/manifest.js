// Checksum files: reads those that people have, and writes results as one.

export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

const SUMS = /^(b2|b3|md5|sha1|sha224|sha256|sha384|sha512)sums?(?:\.txt)?$|\.(b2|b3|md5|sha1|sha224|sha256|sha384|sha512)(?:sum)?$/i;
const OTHERS = /\.(sfv|hashdeep|sums?|cksum)$|^(hashdeep|checksums?)(\.txt)?$/i;
const BY_LENGTH = { 8: ['crc32'], 32: ['md5'], 40: ['sha1'], 56: ['sha224'], 64: ['sha256', 'blake3'], 96: ['sha384'], 128: ['sha512', 'blake2b'] };

export const looksLikeManifest = (path) => SUMS.test(baseName(path)) || OTHERS.test(baseName(path));

const baseName = (path) => path.slice(path.lastIndexOf('/') + 1);

export function canonical(written) {
	const bare = written.toLowerCase().replace(/[^a-z0-9]/g, '').replace(/^sha2(256|512)$/, 'sha$1');
	const other = { b3: 'blake3', b2: 'blake2b', blake2: 'blake2b', blake2b512: 'blake2b', sha: 'sha1', sha512256: 'sha512_256', sha3256: 'sha3_256',
		sha3512: 'sha3_512', xxh3: 'xxh3_64', xxh364: 'xxh3_64', xxh128: 'xxh3_128', xxh3128: 'xxh3_128' };
	return other[bare] ?? (/^(blake3|blake2b|sha(1|224|256|384|512)|md5|crc32c?)$/.test(bare) ? bare : null);
}

const unescapeName = (odd, name) => (odd ? name.replace(/\\(.)/g, (whole, c) => ({ '\\': '\\', n: '\n', r: '\r' })[c] ?? whole) : name);
const entry = (name, hex, names) => ({ name, hex: hex.toLowerCase(), names });

export function parse(text, fileName) {
	const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
	const hint = SUMS.exec(baseName(fileName));
	const hinted = hint && canonical(hint[1] ?? hint[2]);
	const deep = lines[0].startsWith('%%%% HASHDEEP') && (lines.find((line) => line.startsWith('%%%% size,')) ?? '').slice(5).split(',');
	const read = deep ? (line) => deepLine(line, deep) : /\.sfv$/i.test(fileName) ? sfvLine : (line) => taggedLine(line) ?? gnuLine(line, hinted);
	const found = lines.filter((line) => line.trim() && !/^([#;]|%%%%)/.test(line)).map(read);
	const entries = found.filter(Boolean);
	return { entries, bad: found.length - entries.length };
}

function sfvLine(line) {
	const found = /^(.*\S)\s+([0-9a-f]{8})\s*$/i.exec(line);
	return found && entry(found[1], found[2], ['crc32']);
}

function taggedLine(line) {
	const found = /^\s*(\\?)([a-z0-9][\w\-/]*) ?\((.*)\) ?= ?([0-9a-f]+)$/i.exec(line);
	const name = found && canonical(found[2]);
	return name ? entry(unescapeName(found[1], found[3]), found[4], [name]) : null;
}

function gnuLine(line, hinted) {
	const found = /^\s*(\\?)([0-9a-f]{8,128}) [ *]?(.+)$/i.exec(line);
	const names = found && (hinted ? [hinted] : BY_LENGTH[found[2].length]);
	return names ? entry(unescapeName(found[1], found[3]), found[2], names) : null;
}

function deepLine(line, columns) {
	const cells = line.split(',');
	const name = cells.slice(columns.length - 1).join(',');
	const at = columns.findIndex((column, i) => i > 0 && i < columns.length - 1 && canonical(column) && cells[i]);
	return at > 0 && name ? entry(name, cells[at], [canonical(columns[at])]) : null;
}

export function finder(entries) {
	const exact = new Map();
	const alike = new Map();
	for (const entry of entries) {
		const name = entry.name.replace(/^(\.\/)+/, '');
		if (!exact.has(name)) exact.set(name, entry);
		const base = baseName(name);
		alike.set(base, alike.has(base) ? null : entry);
	}
	return (path) => {
		for (let from = 0; ;) {
			const found = exact.get(path.slice(from));
			if (found) return found;
			const slash = path.indexOf('/', from);
			if (slash < 0) return alike.get(baseName(path)) ?? null;
			from = slash + 1;
		}
	};
}

const tagOf = (name) => (name === 'blake2b' ? 'BLAKE2b' : name.toUpperCase().replace('_', '-'));

export function print(results) {
	const used = [...new Set(results.flatMap((result) => Object.keys(result.digests)))];
	const tagged = used.length > 1;
	const lines = results.flatMap(({ name, digests }) => {
		const odd = /[\\\n\r]/.test(name);
		const written = odd ? name.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/\r/g, '\\r') : name;
		return Object.entries(digests).map(([algorithm, hex]) => (odd ? '\\' : '') + (tagged ? `${tagOf(algorithm)} (${written}) = ${hex}` : `${hex}  ${written}`));
	});
	const fileName = tagged ? 'CHECKSUMS' : used[0] === 'blake3' ? 'B3SUMS' : `${tagOf(used[0]).toUpperCase()}SUMS`;
	return { fileName, text: `${lines.join('\n')}\n` };
}
