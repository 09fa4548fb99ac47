// The queue of uploads. It lives as long as the page: uploads go on while another view is open.
// Each file is one POST /hash with the raw bytes; the server hashes while they arrive and stores nothing.

import { algorithms, problemOf, parsed, unreachable, tellSignedOut, Problem } from '../kernel/api.js';
import { neededFor, verdictOf } from '../kernel/digest.js';
import { finder } from '../kernel/manifest.js';

const AT_ONCE = 3;
const MOST_ATTEMPTS = 30;
const LOST_WAIT_SECONDS = [1, 2, 4, 8, 8, 8];
const RATE_WINDOW_SECONDS = 6;
const TELL_MS = 40;
/** Larger files are not sent a second time without being asked. */
const AUTO_RESEND_BYTES = 256 * 1024 * 1024;

export const queue = { items: [], manifests: [], chosen: new Set(), expected: null };

const listeners = new Set();
const touched = new Set();
let timer;
let structure = false;
let serial = 0;
let rateSamples = [];

/** Listens for {items, structure}; returns a function that ends it. */
export function onQueue(listener) { listeners.add(listener); return () => listeners.delete(listener); }

function tell(item, reshaped = false) {
	if (item) touched.add(item);
	structure ||= reshaped;
	// A timer, not a frame: hidden tabs get no frames but should count on.
	timer ??= setTimeout(() => {
		const change = { items: new Set(touched), structure };
		timer = undefined; structure = false; touched.clear();
		listeners.forEach((listener) => listener(change));
	}, TELL_MS);
}

const moving = (item) => ['sending', 'digesting', 'pausing'].includes(item.state);
export const busy = (item) => item.state === 'waiting' || moving(item);
const lacks = (item, names) => [...names].some((name) => item.result.digests[name] === undefined);

export function add(files) {
	for (const { file, path } of files) {
		const item = { id: serial += 1, file, name: path, size: file.size, state: 'waiting', sent: 0, attempts: 0 };
		adopt(item);
		queue.items.push(item);
	}
	tell(null, true);
	pump();
}

/** Adds a checksum file that was read: {name, entries, bad}. */
export function addManifest(manifest) {
	queue.manifests.push({ ...manifest, find: finder(manifest.entries) });
	judgeAnew();
}

export function removeManifest(manifest) {
	queue.manifests = queue.manifests.filter((other) => other !== manifest);
	judgeAnew();
}

export function expect(expected) {
	queue.expected = expected;
	judgeAnew();
}

/** Files that lack a digest for what is expected are hashed again when they are small. */
function judgeAnew() {
	for (const item of queue.items) { adopt(item); resendIfNeeded(item); tell(item); }
	tell(null, true);
	pump();
}

function adopt(item) {
	item.expect = null;
	for (const from of queue.manifests) {
		const entry = from.find(item.name);
		if (entry) item.expect = { hex: entry.hex, names: entry.names, sure: entry.names.length === 1, from };
	}
}

function resendIfNeeded(item) {
	if (item.state !== 'done' || item.size > AUTO_RESEND_BYTES) return;
	if ([queue.expected, item.expect].some((expected) => verdictOf(item.result.digests, expected) === null && lacks(item, neededFor(expected)))) restart(item);
}

/** The files that lack a digest chosen since. */
export const lacking = () => queue.items.filter((item) => item.state === 'done' && lacks(item, queue.chosen));

function restart(item) {
	Object.assign(item, { state: 'waiting', sent: 0, attempts: 0, problem: null });
	tell(item, true);
}

export function retry(items) { items.forEach(restart); pump(); }

export function cancel(items) {
	for (const item of items.filter(busy)) {
		clearTimeout(item.timer);
		item.state = 'cancelled';
		item.xhr?.abort();
		tell(item, true);
	}
	pump();
}

export function remove(items) {
	cancel(items);
	const gone = new Set(items);
	queue.items = queue.items.filter((item) => !gone.has(item));
	tell(null, true);
}

function pump() {
	let free = AT_ONCE - queue.items.filter(moving).length;
	for (const item of queue.items) {
		if (free <= 0) return;
		if (item.state !== 'waiting') continue;
		free -= 1;
		upload(item);
	}
}

async function upload(item) {
	Object.assign(item, { state: 'sending', sent: 0, problem: null, attempts: item.attempts + 1 });
	const known = await algorithms().catch(() => []);
	if (item.state !== 'sending') return;
	// Digests known already stay and are joined with the new ones.
	const names = new Set([...queue.chosen, ...neededFor(queue.expected), ...neededFor(item.expect)]);
	const missing = known.map((a) => a.name).filter((name) => names.has(name) && item.result?.digests[name] === undefined);
	const xhr = new XMLHttpRequest();
	item.xhr = xhr;
	xhr.open('POST', `/api/v1/hash?algorithms=${(missing.length ? missing : [...names]).join()}`);
	xhr.setRequestHeader('content-type', 'application/octet-stream');
	xhr.setRequestHeader('accept', 'application/json');
	xhr.upload.onprogress = (event) => { item.sent = event.loaded; tell(item); };
	xhr.upload.onload = () => { if (item.state === 'sending') Object.assign(item, { sent: item.size, state: 'digesting' }); tell(item); };
	xhr.onload = () => answered(item, xhr);
	xhr.onerror = () => lost(item);
	xhr.send(item.file);
	tell(item, true);
}

function answered(item, xhr) {
	try {
		if (xhr.status !== 200) throw problemOf(xhr.status, xhr.responseText, xhr.getResponseHeader('retry-after'));
		const result = parsed(xhr.status, xhr.responseText);
		if (result.size !== item.size) throw new Problem({ code: 'size_differs', detail: 'The server received another number of bytes than the file has.' });
		item.result = { ...result, digests: { ...item.result?.digests, ...result.digests } };
	} catch (problem) { failed(item, problem); return; }
	Object.assign(item, { state: 'done', sent: item.size, attempts: 0, xhr: null });
	resendIfNeeded(item);
	tell(item, true);
	pump();
}

/** No answer: the file went away, or the server did. */
async function lost(item) {
	const readable = await item.file.slice(0, 1).arrayBuffer().then(() => true, () => false);
	failed(item, readable ? unreachable() : new Problem({ code: 'unreadable_here',
		detail: 'The browser cannot read this file any more; it was moved or changed since it was chosen.' }));
}

function failed(item, problem) {
	if (item.state === 'cancelled') return;
	if (problem.status === 401) tellSignedOut();
	const lostSeconds = problem.code === 'unreachable' ? LOST_WAIT_SECONDS[item.attempts - 1] : 0;
	const wait = problem.worthRetry && item.attempts < MOST_ATTEMPTS ? problem.retryAfter : lostSeconds;
	Object.assign(item, { problem, wait, xhr: null, sent: 0, state: wait ? 'pausing' : 'failed' });
	if (wait) countDown(item);
	tell(item, true);
	pump();
}

/** Uploads that were refused together do not come back together. */
function countDown(item) {
	item.timer = setTimeout(() => {
		item.wait -= 1;
		tell(item);
		if (item.wait > 0) countDown(item); else upload(item);
	}, 800 + 400 * Math.random());
}

/** Goes on with what a sign-out stopped. */
export function afterSignIn() { retry(queue.items.filter((item) => item.state === 'failed' && item.problem.status === 401)); }

export function totals() {
	const sum = { files: 0, settled: 0, done: 0, failed: 0, cancelled: 0, active: 0, bytes: 0, sent: 0, rate: 0 };
	for (const item of queue.items) {
		if (item.state === 'cancelled') { sum.cancelled += 1; continue; }
		const active = busy(item);
		sum.files += 1;
		sum.bytes += item.size;
		sum.sent += active ? Math.min(item.sent, item.size) : item.size;
		sum[active ? 'active' : 'settled'] += 1;
		if (!active) sum[item.state] += 1;
	}
	const now = performance.now() / 1000;
	rateSamples = rateSamples.filter((sample) => sum.active && now - sample.at < RATE_WINDOW_SECONDS && sample.sent <= sum.sent);
	rateSamples.push({ at: now, sent: sum.sent });
	const seconds = now - rateSamples[0].at;
	if (seconds > 0.4) sum.rate = (sum.sent - rateSamples[0].sent) / seconds;
	sum.eta = sum.rate > 0 ? (sum.bytes - sum.sent) / sum.rate : NaN;
	return sum;
}

export function audit(manifest) {
	const tally = { match: 0, mismatch: 0, open: 0 };
	const here = new Set();
	for (const item of queue.items) {
		if (item.expect?.from !== manifest) continue;
		here.add(manifest.find(item.name));
		tally[(item.state === 'done' && verdictOf(item.result.digests, item.expect)) || 'open'] += 1;
	}
	return { ...tally, here: here.size, missing: manifest.entries.length - here.size };
}
