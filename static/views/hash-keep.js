// Keeps the results over a reload of the page, in the storage of this tab: as much as there is room for, and says what was
// not kept. The files themselves cannot be kept.

import { count, plural } from '../kernel.js';
import { queue, newItem, busy, onQueue } from './hash-items.js';
import * as lists from './hash-manifests.js';
import { FAILURES } from './hash-tags.js';

const KEY = 'hivesum.hash';
const VERSION = 1;
// Browsers allow some 5 million characters.
const MOST_CHARACTERS = 4_000_000;
const RELOADED = { code: 'reloaded', detail: 'The page was reloaded before this file was hashed: drop it again.' };

let changed = false;
let off = false;

export const keptLimits = { characters: MOST_CHARACTERS };

function fileRecord(item) {
	const { name, size, modified, state, result, asked } = item;
	if (result && state === 'done') return [name, size, modified, Object.entries(result.digests), [...asked], result.elapsed_ms];
	const { code, detail } = busy(item) ? RELOADED : item.problem ?? { code: 'cancelled', detail: 'Cancelled before the page was reloaded: drop it again.' };
	return [name, size, modified, { code, detail }];
}

// Lists of algorithms are long and few.
function listRecord({ name, notRead, entries }) {
	const sets = new Map();
	const number = (names) => { const key = String(names); if (!sets.has(key)) sets.set(key, sets.size); return sets.get(key); };
	const short = entries.map((entry) => [entry.name, entry.claims.map(({ hex, names }) => [hex, number(names)])]);
	return [name, notRead, [...sets.keys()], short];
}

// What fits, in their order.
function fitting(records, room) {
	const texts = [];
	for (const record of records) {
		const text = JSON.stringify(record);
		if (text.length + 1 > room.left) break;
		room.left -= text.length + 1;
		texts.push(text);
	}
	return texts;
}

function* recordsOf(all, record) { for (const one of all) yield record(one); }

function save() {
	if (off || !changed) return;
	changed = false;
	const room = { left: keptLimits.characters };
	const sums = fitting(recordsOf(lists.manifests.values(), listRecord), room);
	// Failures first: they are what somebody looks for.
	const items = [...queue.items.filter(({ tag }) => FAILURES.includes(tag)), ...queue.items.filter(({ tag }) => !FAILURES.includes(tag))];
	const files = fitting(recordsOf(items, fileRecord), room);
	const left = { files: items.length - files.length, lists: lists.manifests.size - sums.length, unfinished: queue.items.filter(busy).length };
	const text = `{"version":${VERSION},"left":${JSON.stringify(left)},"lists":[${sums}],"files":[${files}]}`;
	try {
		sessionStorage.removeItem(KEY);
		if (files.length || sums.length || left.files || left.lists) sessionStorage.setItem(KEY, text);
	} catch {
		try { sessionStorage.setItem(KEY, JSON.stringify({ version: VERSION, left: { ...left, files: items.length, lists: lists.manifests.size }, lists: [], files: [] })); } catch { /* there is no storage */ }
	}
}

// Takes back what the page had before it was loaded again.
export function restore() {
	onQueue(() => { changed = true; });
	addEventListener('pagehide', save);
	document.addEventListener('visibilitychange', () => { if (document.hidden) save(); });
	try {
		const read = JSON.parse(sessionStorage.getItem(KEY));
		if (read?.version !== VERSION) return;
		for (const [name, notRead, sets, entries] of read.lists) {
			lists.hold(lists.make(name, entries.map(([path, claims]) => ({ name: path, claims: claims.map(([hex, set]) => ({ hex, names: sets[set].split(',') })) })), notRead));
		}
		queue.items.push(...read.files.map(keptItem));
		lists.recount(queue.items);
		queue.items.forEach(lists.learn);
		queue.kept = { ...read.left, results: queue.items.filter(({ state }) => state === 'done').length };
	} catch (error) { console.warn('what was kept could not be read', error); }
}

function keptItem([name, size, modified, digests, asked = [], elapsed = 0]) {
	const rest = Array.isArray(digests) ? { state: 'done', sent: size, result: { size, digests: Object.fromEntries(digests), elapsed_ms: elapsed } } : { state: 'failed', problem: { requestId: '', ...digests } };
	return newItem({ path: name, file: null, size, modified, kept: true, asked: new Set(asked), ...rest });
}

// Signing out forgets.
export function forgetKept() {
	off = true;
	try { sessionStorage.removeItem(KEY); } catch { /* there is no storage */ }
}

export function keptText({ results, files, lists: sums, unfinished }) {
	const lost = [unfinished > 0 && `${plural(unfinished, 'file was', 'files were')} not finished`, files > 0 && `for ${plural(files, 'file')} there was no room`,
		sums > 0 && `for ${plural(sums, 'checksum file')} there was no room`].filter(Boolean);
	return `${count(results)} ${results === 1 ? 'result' : 'results'} kept from before the page was reloaded${lost.length ? `; not kept: ${lost.join(', ')}` : ''}.`;
}
