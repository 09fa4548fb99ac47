// Recognises a pasted digest by its form if that names the algorithm, else by its length.

import { canonical, parse } from './manifest.js';

const NAMED = /^([a-z0-9][\w\-/]*)\s*[:=]\s*([0-9a-f]+)$/i;
// Subresource integrity, and the fields of RFC 9530.
const BASE64 = /^(sha-?(?:256|384|512))(?:-|=:)([A-Za-z0-9+/]+={0,2}):?$/i;

function base64ToHex(text) {
	try { return Array.from(atob(text), (c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join(''); } catch { return ''; }
}

// Reads a pasted digest: null if empty, {error}, or {hex, names, sure}: the possible algorithms, and whether the form
// names one. `known` is the answer of GET /algorithms.
export function recognise(text, known) {
	const line = text.trim().split(/\r?\n/, 1)[0].trim();
	if (line === '') return null;
	const encoded = BASE64.exec(line);
	if (encoded) return named(canonical(encoded[1]), base64ToHex(encoded[2]), known);
	const marked = NAMED.exec(line);
	if (marked && canonical(marked[1])) return named(canonical(marked[1]), marked[2].toLowerCase(), known);
	const fitting = (hex) => known.filter((a) => a.digest_bytes * 2 === hex?.length).map((a) => a.name);
	const joined = text.replace(/\s/g, '').toLowerCase();
	const whole = /^[0-9a-f]+$/.test(joined) && (fitting(joined).length || line.length === joined.length) && joined;
	const [entry] = whole ? [] : parse(line, '').entries;
	if (entry?.names.length === 1 && line.includes('(')) return named(entry.names[0], entry.hex, known);
	const hex = whole || entry?.hex;
	if (!hex) return { error: 'This does not look like a digest: hexadecimal digits are expected.' };
	const names = fitting(hex);
	return names.length ? { hex, names, sure: names.length === 1 } : { error: `No algorithm has a digest of ${hex.length} hexadecimal digits.` };
}

function named(name, hex, known) {
	const algorithm = known.find((a) => a.name === name);
	if (!algorithm || !hex) return { error: 'The server does not know this algorithm.' };
	if (algorithm.digest_bytes * 2 !== hex.length) return { error: `A digest of this algorithm has ${algorithm.digest_bytes * 2} hexadecimal digits, this one has ${hex.length}.` };
	return { hex, names: [name], sure: true };
}

export function verdictOf(digests, expected) {
	if (!digests || !expected?.hex) return null;
	const able = expected.names.filter((name) => digests[name] !== undefined);
	if (able.some((name) => digests[name] === expected.hex)) return 'match';
	// Several algorithms share a length: it is a mismatch once each likely one was computed.
	return able.length && neededFor(expected).every((name) => able.includes(name)) ? 'mismatch' : null;
}

const LIKELY = /^(sha(1|224|256|384|512)|blake3|blake2b|md5|crc32|xxh3_64)$/;

export function neededFor(expected) {
	if (!expected?.hex) return [];
	const likely = expected.names.filter((name) => LIKELY.test(name));
	return expected.sure || !likely.length ? expected.names : likely;
}
