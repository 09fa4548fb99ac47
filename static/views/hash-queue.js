// The queue of uploads, which continue while another view is open.

import { problemOf, parsed, unreachable, tellSignedOut, Problem, lackingFor } from '../kernel.js';
import * as lists from './hash-manifests.js';

const AT_ONCE = 3;
const MOST_ATTEMPTS = 30;
const LOST_WAIT_SECONDS = [1, 2, 4, 8, 8, 8];
const RATE_WINDOW_SECONDS = 6;
const TELL_MS = 40;

// `resendBytes`: larger files are hashed again only when asked.
export const queue = { items: [], chosen: new Set(), expected: null, resendBytes: 256 << 20 };

const listeners = new Set();
let touched = new Set();
let timer;
let structure = false;
let serial = 0;
let rateSamples = [];

export function onQueue(listener) { listeners.add(listener); return () => listeners.delete(listener); }

function tell(item, reshaped = false) {
	if (item) touched.add(item);
	structure ||= reshaped;
	// A timer, not a frame: hidden tabs get no frames but must keep counting.
	timer ??= setTimeout(() => {
		const change = { items: touched, structure };
		timer = undefined; structure = false; touched = new Set();
		listeners.forEach((listener) => listener(change));
	}, TELL_MS);
}

const tellAll = () => { queue.items.forEach((item) => tell(item)); tell(null, true); };

const turn = (item, state, more) => { Object.assign(item, { state, ...more }); tell(item, true); };
const moving = (item) => ['sending', 'digesting', 'pausing'].includes(item.state);
export const busy = (item) => item.state === 'waiting' || moving(item);

// The algorithms that are chosen or expected, and not computed.
export function wanted(item) {
	const digests = item.result?.digests ?? {};
	const chosen = [...queue.chosen].filter((name) => digests[name] === undefined);
	return [...new Set([...chosen, ...lackingFor(expected(), digests), ...lists.lacking(item, digests)])];
}

export const expected = () => (queue.expected?.hex ? [queue.expected] : []);

// The digests that somebody chose: by its name, by a checksum file, or by a digest that matches. The others were computed
// only to compare.
export function chosenDigests(item, more = expected()) {
	const all = item.result?.digests ?? {};
	const asked = new Set(item.asked);
	for (const { hex, names } of [...more, ...lists.claims(item)]) {
		const matching = names.filter((name) => all[name] === hex);
		for (const name of matching.length || names.length > 1 ? matching : names) asked.add(name);
	}
	return Object.fromEntries(Object.entries(all).filter(([name]) => asked.has(name)));
}

export function add(files) {
	const items = files.map(({ file, path }) => ({ id: serial += 1, file, name: path, size: file.size, state: 'waiting', sent: 0, attempts: 0, asked: new Set(), tried: new Set() }));
	queue.items.push(...items);
	if (items.filter(lists.adopt).length) tellAll(); else tell(null, true);
	pump();
}

export function addManifest(name, read) {
	if (!lists.keep(name, read)) return false;
	recheck();
	return true;
}

export function removeManifests(...names) {
	names.forEach((name) => lists.manifests.delete(name));
	recheck();
}

export function expect(found) {
	queue.expected = found;
	recheck();
}

// Small files that lack a chosen or expected digest are hashed again.
export function recheck() {
	lists.adoptAll(queue.items);
	tellAll();
	queue.items.forEach(resendIfNeeded);
	pump();
}

function resendIfNeeded(item) {
	if (item.state === 'done' && item.size <= queue.resendBytes && wanted(item).some((name) => !item.tried.has(name))) restart(item);
}

const restart = (item) => turn(item, 'waiting', { sent: 0, attempts: 0, problem: null });

export function retry(items) { items.forEach(restart); pump(); }

export function cancel(items) {
	for (const item of items.filter(busy)) {
		clearTimeout(item.timer);
		turn(item, 'cancelled');
		item.xhr?.abort();
	}
	pump();
}

export function remove(items) {
	cancel(items);
	const gone = new Set(items);
	queue.items = queue.items.filter((item) => !gone.has(item));
	recheck();
}

function pump() {
	const free = AT_ONCE - queue.items.filter(moving).length;
	if (free > 0) queue.items.filter(({ state }) => state === 'waiting').slice(0, free).forEach(upload);
}

function upload(item) {
	turn(item, 'sending', { sent: 0, problem: null, attempts: item.attempts + 1 });
	const needed = wanted(item);
	const names = needed.length ? needed : [...queue.chosen];
	for (const name of names) { item.tried.add(name); if (queue.chosen.has(name)) item.asked.add(name); }
	const xhr = new XMLHttpRequest();
	item.xhr = xhr;
	xhr.open('POST', `/api/v1/hash?algorithms=${names}`);
	xhr.setRequestHeader('content-type', 'application/octet-stream');
	xhr.setRequestHeader('accept', 'application/json');
	xhr.upload.onprogress = (event) => { item.sent = event.loaded; tell(item); };
	xhr.upload.onload = () => { if (item.state === 'sending') turn(item, 'digesting', { sent: item.size }); };
	xhr.onload = () => answered(item, xhr);
	xhr.onerror = () => lost(item);
	xhr.send(item.file);
}

function answered(item, xhr) {
	try {
		if (xhr.status !== 200) throw problemOf(xhr.status, xhr.responseText, xhr.getResponseHeader('retry-after'));
		const result = parsed(xhr.status, xhr.responseText);
		if (result.size !== item.size) throw new Problem({ code: 'size_differs', detail: 'The server did not receive as many bytes as the file has.' });
		item.result = { ...result, digests: { ...item.result?.digests, ...result.digests } };
	} catch (problem) { failed(item, problem); return; }
	turn(item, 'done', { sent: item.size, attempts: 0, xhr: null });
	if (lists.learn(item)) tellAll();
	resendIfNeeded(item);
	pump();
}

// No answer: the file went away, or the server did.
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
	turn(item, wait ? 'pausing' : 'failed', { problem, wait, xhr: null, sent: 0 });
	if (wait) countDown(item);
	pump();
}

function countDown(item) {
	item.timer = setTimeout(() => {
		item.wait -= 1;
		tell(item);
		if (item.wait > 0) countDown(item); else upload(item);
	}, 800 + 400 * Math.random());
}

export function afterSignIn() { retry(queue.items.filter((item) => item.state === 'failed' && item.problem.status === 401)); }

export function totals() {
	const sum = { files: 0, done: 0, failed: 0, cancelled: 0, active: 0, bytes: 0, sent: 0, rate: 0 };
	for (const item of queue.items) {
		const active = busy(item);
		sum[active ? 'active' : item.state] += 1;
		if (item.state === 'cancelled') continue;
		sum.files += 1;
		sum.bytes += item.size;
		sum.sent += active ? Math.min(item.sent, item.size) : item.size;
	}
	const now = performance.now() / 1000;
	rateSamples = rateSamples.filter((sample) => sum.active && now - sample.at < RATE_WINDOW_SECONDS && sample.sent <= sum.sent);
	rateSamples.push({ at: now, sent: sum.sent });
	const seconds = now - rateSamples[0].at;
	if (seconds > 0.4) sum.rate = (sum.sent - rateSamples[0].sent) / seconds;
	return { ...sum, settled: sum.files - sum.active, eta: sum.rate > 0 ? (sum.bytes - sum.sent) / sum.rate : NaN };
}
