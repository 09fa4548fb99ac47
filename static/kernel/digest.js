// Recognises a pasted digest by its form where that says the algorithm, else by its length.

const NAMED = /^([a-z0-9][a-z0-9_\-/]*)\s*[:=]\s*(\S+)$/i;
const TAGGED = /^\\?([a-z0-9][a-z0-9_\-/]*) ?\((?:.*)\) ?= ?([0-9a-f]+)$/i;
const GNU = /^\\?([0-9a-f]{8,128})(?:\s+\*?\S.*)?$/i;
const SRI = /^(sha(?:256|384|512))-([A-Za-z0-9+/]+={0,2})$/;
const FIELD = /^(sha-256|sha-512)=:([A-Za-z0-9+/]+={0,2}):$/i;

/** The API's name of an algorithm: SHA-256, sha2-256, SHA512/256, b3... */
export function canonical(written) {
	const bare = written.toLowerCase().replace(/[^a-z0-9]/g, '');
	const other = { b3: 'blake3', b2: 'blake2b', blake2: 'blake2b', blake2b512: 'blake2b', sha: 'sha1', sha2256: 'sha256', sha2512: 'sha512',
		sha512256: 'sha512_256', sha3256: 'sha3_256', sha3512: 'sha3_512', xxh3: 'xxh3_64', xxh364: 'xxh3_64', xxh128: 'xxh3_128', xxh3128: 'xxh3_128' };
	return other[bare] ?? (/^(blake3|blake2b|sha(1|224|256|384|512)|md5|crc32c?)$/.test(bare) ? bare : null);
}

function base64ToHex(text) {
	try { return Array.from(atob(text), (c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join(''); } catch { return null; }
}

/**
 * Reads a pasted digest: null for nothing, {error}, or {hex, names, sure}: the algorithms it can be of, and whether that
 * is certain. `known` is the answer of GET /algorithms.
 */
export function recognise(text, known) {
	const line = text.trim().split(/\r?\n/, 1)[0].trim();
	if (line === '') return null;
	const encoded = SRI.exec(line) ?? FIELD.exec(line);
	if (encoded) return named(canonical(encoded[1]), base64ToHex(encoded[2]), known);
	const tagged = TAGGED.exec(line) ?? NAMED.exec(line);
	if (tagged && /^[0-9a-f]+$/i.test(tagged[2]) && canonical(tagged[1])) return named(canonical(tagged[1]), tagged[2].toLowerCase(), known);
	const fitting = (hex) => known.filter((a) => a.digest_bytes * 2 === hex?.length).map((a) => a.name);
	const joined = text.replace(/\s/g, '').toLowerCase();
	const hex = /^[0-9a-f]+$/.test(joined) && fitting(joined).length ? joined : GNU.exec(line)?.[1].toLowerCase();
	if (!hex) return { error: 'This does not look like a digest: hexadecimal digits are expected.' };
	const names = fitting(hex);
	if (!names.length) return { error: `No algorithm has a digest of ${hex.length} hexadecimal digits.` };
	return { hex, names, sure: names.length === 1 };
}

function named(name, hex, known) {
	const algorithm = known.find((a) => a.name === name);
	if (!algorithm || !hex) return { error: 'This algorithm is not one that the server knows.' };
	if (algorithm.digest_bytes * 2 !== hex.length) return { error: `A digest of this algorithm has ${algorithm.digest_bytes * 2} hexadecimal digits, this one has ${hex.length}.` };
	return { hex, names: [name], sure: true };
}

/** 'match', 'mismatch', or null where nothing is proven. */
export function verdictOf(digests, expected) {
	if (!digests || !expected?.hex) return null;
	const able = expected.names.filter((name) => digests[name] !== undefined);
	if (able.some((name) => digests[name] === expected.hex)) return 'match';
	if (!able.length) return null;
	// A length can fit several: a difference is proven when each of the likely ones was computed.
	return neededFor(expected).every((name) => digests[name] !== undefined) ? 'mismatch' : null;
}

// Of algorithms with one digest length, those that people publish.
const LIKELY = /^(sha(1|224|256|384|512)|blake3|blake2b|md5|crc32|xxh3_64)$/;

/** The algorithms to compute so that an expected digest can be judged. */
export function neededFor(expected) {
	if (!expected?.hex) return [];
	const likely = expected.names.filter((name) => LIKELY.test(name));
	return expected.sure || !likely.length ? expected.names : likely;
}
