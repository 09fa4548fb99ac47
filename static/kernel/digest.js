// Recognises a pasted digest: its form names the algorithm, else it may be any of its length.

const NAMED = /^\\?([a-z0-9][\w\-/]*)\s*(?:\((.*)\)\s*)?[:=]\s*([0-9a-f]+)$/i;
const LINE = /^\\?([0-9a-f]{8,})\s+(.*\S)/i;
// Subresource integrity, and the fields of RFC 9530.
const BASE64 = /^(sha-?(?:256|384|512))(?:-|=:)([A-Za-z0-9+/]+={0,2}):?$/i;

const bare = (word) => word.toLowerCase().replace(/[^a-z0-9]/g, '').replace(/^sha2(?=256|384|512)/, 'sha').replace(/^b(?=[23]$)/, 'blake').replace(/^blake2$/, 'blake2b');

function base64ToHex(text) {
	try { return [...atob(text)].map((c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join(''); } catch { return ''; }
}

// The name in a line, escaped as in coreutils; `-` is no file.
const nameIn = (line, name) => (name === '-' ? '' : line.startsWith('\\') ? name?.replace(/\\([\\nr])/g, (_, c) => ({ n: '\n', r: '\r' })[c] ?? c) : name);

// Null if empty, {error}, or a claim, with the `name` of the file if the text has one. `known` is the answer of GET /algorithms.
export function recognise(text, known) {
	const line = text.trim().split(/\r?\n/, 1)[0].trim();
	if (line === '') return null;
	const encoded = BASE64.exec(line);
	if (encoded) return named(encoded[1], base64ToHex(encoded[2]), known);
	const marked = NAMED.exec(line);
	if (marked) return named(marked[1], marked[3].toLowerCase(), known, nameIn(line, marked[2]));
	const fitting = (hex) => known.filter((a) => a.digest_bytes * 2 === hex.length).map((a) => a.name);
	const joined = text.replace(/\s/g, '').toLowerCase();
	// Digits in groups or over several lines.
	const whole = /^[0-9a-f]+$/.test(joined) && (fitting(joined).length || line.length === joined.length) && joined;
	const listed = !whole && LINE.exec(line);
	const hex = whole || listed?.[1].toLowerCase();
	if (!hex) return { error: 'This does not look like a digest.' };
	const names = fitting(hex);
	return names.length ? { hex, names, name: listed ? nameIn(line, listed[2]) : '' } : { error: `No algorithm has a digest of ${hex.length} digits.` };
}

function named(word, hex, known, name) {
	const algorithm = known.find(({ name, bsd_tag: tag }) => [name, tag].some((one) => bare(one) === bare(word)));
	if (!algorithm || !hex) return { error: `${word} is not a listed algorithm.` };
	if (algorithm.digest_bytes * 2 !== hex.length) return { error: `A digest of this algorithm has ${algorithm.digest_bytes * 2} digits, this one has ${hex.length}.` };
	return { hex, names: [algorithm.name], name };
}

// Whether the name in a line may be that of this file: before it there may be a directory, a mark or a size.
export function isNameOf(text, path) {
	const base = path.slice(path.lastIndexOf('/') + 1);
	return text.endsWith(base) && /^$|[\s*/\\]$/.test(text.slice(0, text.length - base.length));
}
