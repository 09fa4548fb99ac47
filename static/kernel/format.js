// Texts for people. A rounded number has the exact one in its title.

import { h } from './dom.js';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
const COUNT = new Intl.NumberFormat('en-US');
const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

// 1234567 -> "1.18 MiB": three significant digits.
export function bytes(n) {
	if (!Number.isFinite(n)) return '–';
	let unit = 0;
	let value = Math.max(0, n);
	while (value >= 1023.5 && unit < UNITS.length - 1) { value /= 1024; unit += 1; }
	const digits = unit === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.max(1, value + 0.0005))));
	return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

export const exactBytes = (n) => (Number.isFinite(n) ? `${COUNT.format(n)} ${n === 1 ? 'byte' : 'bytes'}` : '');
export const sizeNode = (n) => h('span', { title: exactBytes(n) }, bytes(n));
export const count = (n) => (Number.isFinite(n) ? COUNT.format(Math.round(n)) : '–');
// A list that is written with one item a line.
export const linesOf = (text) => text.split('\n').map((line) => line.trim()).filter(Boolean);

export const rate = (bytesPerSecond) => `${bytes(bytesPerSecond)}/s`;

export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

export function duration(seconds) {
	if (!Number.isFinite(seconds) || seconds < 0) return '–';
	if (seconds < 0.0995) return `${Math.round(seconds * 1000)} ms`;
	if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
	const s = Math.round(seconds);
	if (s < 60) return `${s} s`;
	const [unit, name, part, small] = s < 3600 ? [60, 'min', 1, 's'] : s < 86400 ? [3600, 'h', 60, 'min'] : [86400, 'd', 3600, 'h'];
	const rest = Math.floor((s % unit) / part);
	return `${count(Math.floor(s / unit))} ${name}${rest ? ` ${rest} ${small}` : ''}`;
}

export function ago(iso) {
	const at = Date.parse(iso);
	const seconds = (Date.now() - at) / 1000;
	if (!(seconds > -5 && seconds < 86400)) return when(iso);
	if (seconds < 45) return 'just now';
	return seconds < 3600 ? `${Math.max(1, Math.round(seconds / 60))} min ago` : `${Math.round(seconds / 3600)} h ago`;
}

export const when = (iso) => (Number.isFinite(Date.parse(iso)) ? WHEN.format(Date.parse(iso)) : '–');

// A time beyond the years 1 to 9999: its year, from nanoseconds since 1970.
export function farYear(ns) {
	const year = /^-?\d{1,40}$/.test(ns ?? '') ? new Date(Number(BigInt(ns) / 1000000n)).getUTCFullYear() : NaN;
	return Number.isFinite(year) ? `year ${year}` : '–';
}

export const percent = (part, whole) => (whole > 0 ? `${Math.min(part >= whole ? 100 : 99, Math.floor((part / whole) * 100))}%` : '–');

export const algorithmTitle = (name) => name.toUpperCase().replace(/^BLAKE2./, (word) => `BLAKE2${word.at(-1).toLowerCase()}`).replace(/^SHA(?!3_)/, 'SHA-').replace('512_', '512/').replaceAll('_', '-');

export const titles = (names = []) => names.map(algorithmTitle).join(', ');

export const anyOf = (names) => titles(names).replace(/, ([^,]*)$/, ' or $1');

// What files are published with. Of many algorithms only these are named, and they are offered first.
const USUAL = ['blake3', 'sha256', 'sha512', 'blake2b', 'sha1', 'md5', 'crc32'];

export const isUsual = (name) => USUAL.includes(name);

export function anyUsual(names) {
	const usual = names.filter(isUsual);
	return names.length > 3 ? `${titles(usual.length ? usual : names.slice(0, 1))} or another of its length` : anyOf(names);
}

const ESCAPES = { 9: '\\t', 10: '\\n', 13: '\\r', 27: '\\e' };
// Controls, bidi marks, zero-width characters, line separators, soft hyphen, tags, lone surrogates.
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|\p{Cs}/u;
const SPLIT = new RegExp(`(${HIDDEN.source}|^ +| +$)`, 'gu');

function mark(character) {
	const point = character.codePointAt(0);
	if (point === 0x20) return '·'.repeat(character.length);
	return ESCAPES[point] ?? `U+${point.toString(16).toUpperCase().padStart(4, '0')}`;
}

export const visible = (name) => String(name).replace(SPLIT, (c) => mark(c));

// Invisible characters and those that reverse text become small marks.
export function nameNode(name, className = '') {
	const node = h(`bdi.name.${className}`);
	for (const part of String(name).split(SPLIT)) {
		if (part === '') continue;
		node.append(HIDDEN.test(part) || part.trim() === '' ? h('span.mark', mark(part)) : part);
	}
	return node;
}

// Where there is no room, the middle of the directory goes first, and the extension never.
export function pathNode(path) {
	const text = String(path);
	const cut = text.lastIndexOf('/') + 1;
	const last = cut > 1 ? text.lastIndexOf('/', cut - 2) + 1 : 0;
	const base = text.slice(cut);
	const at = base.search(/(?<=[^ ])(?:\.tar)?\.\w{1,8}$/);
	const stem = at > 0 ? at : base.length;
	// What is not wider than the least width of a part is never cut.
	const part = (some, kind) => nameNode(some, some.length > 6 ? kind : `${kind}.short`);
	return h('span.path', { title: visible(text) }, last > 0 && part(text.slice(0, last), 'dir'), cut > 0 && part(text.slice(last, cut), 'dir.near'),
		part(base.slice(0, stem), 'base'), stem < base.length && nameNode(base.slice(stem), 'extension'));
}

const CODES = {
	not_found: 'The file was gone when it was opened.', permission: 'The server may not read it. If it is a directory, nothing below it was looked at.', file_changed: 'It changed during each of three reads.',
	file_busy: 'Another program has the file open for writing.', io_error: 'The disk could not be read.', timeout: 'The disk did not answer in time.',
	internal: 'An error inside the server; other files are not affected.', crash_loop: 'Given up after it made the server crash three times.', too_large: 'Larger than the server accepts.',
	symlink: 'A symbolic link; links are never followed.', not_regular: 'Not a regular file: a pipe, a socket or a device.', other_filesystem: 'On another file system, which the job does not enter.', pseudo_filesystem: 'Part of a pseudo file system such as /proc.', depth: 'Nested too deeply.',
};

// Why an item has no digest, as a sentence.
export const codeText = ({ code, status, verdict }) => (code ? (verdict === 'missing' && 'Listed, but missing.') || (status === 'skipped' && code === 'internal' && 'Part of hivesum itself: its state is never hashed.') || CODES[code] || `${word({}, code)}.` : '');

export const STATES = { queued: 'Waiting', running: 'Running', completed: 'Completed', failed: 'Failed', cancelled: 'Cancelled' };

export const STATUS = { hashed: 'Hashed', error: 'Error', skipped: 'Skipped' };

export const VERDICTS = {
	matched: 'Matched', modified: 'Modified', moved: 'Moved', missing: 'Missing', new: 'New', unreadable: 'Unreadable', suspected_rot: 'Suspected rot',
	added: 'Added', removed: 'Removed',
};

// From the worst on.
export const AUDIT = ['suspected_rot', 'modified', 'missing', 'unreadable', 'moved', 'new', 'matched'];

export const STABILITY = {
	stable: 'Stable: nothing wrote to the file meanwhile.',
	unverified: 'Unverified: a writer could not be ruled out.',
};

export const word = (table, key) => table[key] ?? String(key ?? '').replaceAll('_', ' ');
