// The queue of uploads, which continue while another view is open: what is done to it.

import { Problem, breath, plural } from '../kernel.js';
import { queue, newItem, tell, busy } from './hash-items.js';
import { enqueue, pump, resend, restart, stop } from './hash-send.js';
import * as lists from './hash-manifests.js';

const SLICE_MS = 12;

export { queue, onQueue, totals, busy, expected, wanted, chosenDigests } from './hash-items.js';

// Takes files {file, path}, or {path, unreadable}. Those for which there is no room are refused.
export function add(files) {
	const room = Math.max(0, queue.most - queue.items.length);
	const items = files.slice(0, room).map(({ file, path, unreadable }) => newItem(unreadable ? { path, size: 0, modified: 0, state: 'failed', problem: unreadable } : { file, path }));
	replaceKept(items);
	queue.items.push(...items);
	const others = items.filter(lists.adopt).length > 0;
	enqueue(items.filter(({ file }) => file));
	if (others) resend(queue.items);
	tell();
	pump();
	if (files.length > room) throw new Problem({ code: 'too_many_files', detail: `This page takes ${plural(queue.most, 'file')}. Hash more with a job, or with hivesum hash.` });
}

// A file that was hashed before a reload is the same row, once it is there again.
function replaceKept(items) {
	if (!queue.kept) return;
	const names = new Set(items.map(({ name }) => name));
	queue.items = queue.items.filter((item) => item.file || !item.kept || !names.has(item.name));
}

// In slices: it may list as many names as there are files. It says nothing before all files are counted.
export async function addManifest(name, answer) {
	const manifest = lists.from(name, answer);
	if (!manifest) return false;
	await breath();
	const counted = new Set(queue.items);
	await inSlices(counted, (item) => manifest.finder.count(item.name));
	lists.hold(manifest);
	const now = new Set(queue.items);
	if ([...counted].some((item) => !now.has(item))) lists.recount(queue.items);
	else for (const item of now) if (!counted.has(item)) manifest.finder.count(item.name);
	await settle();
	return true;
}

async function settle() {
	await inSlices(queue.items, lists.learn);
	await check();
}

async function inSlices(items, work) {
	let until = performance.now() + SLICE_MS;
	for (const item of items) {
		work(item);
		if (performance.now() > until) { await breath(); until = performance.now() + SLICE_MS; }
	}
}

export function removeManifests(...names) {
	lists.forget(names);
	recheck();
}

export function expect(found) {
	queue.expected = found;
	check();
}

// After a change of the files.
function recheck() {
	lists.recount(queue.items);
	tell();
	return settle();
}

// After a change of the algorithms.
export async function check() {
	tell();
	await inSlices(queue.items, (item) => resend([item]));
	tell();
	pump();
}

export function retry(items) { restart(items); pump(); }

export function cancel(items) { stop(items.filter(busy)); }

export function remove(items) {
	cancel(items);
	const gone = new Set(items);
	for (const item of gone) item.gone = true;
	queue.items = queue.items.filter((item) => !gone.has(item));
	recheck();
}

export function afterSignIn() { retry(queue.items.filter((item) => item.state === 'failed' && item.problem.status === 401)); }
