// Sends the files: large ones one by one, small ones together, as parts of one body.

import { problemOf, parsed, unreachable, tellSignedOut, Problem } from '../kernel.js';
import { queue, turn, tell, wanted } from './hash-items.js';
import * as lists from './hash-manifests.js';

const AT_ONCE = 4;
const MOST_ATTEMPTS = 30;
const LOST_WAIT_SECONDS = [1, 2, 4, 8, 8, 8];
// What goes into one body. The server takes 1,000 parts unless it is set up to take fewer, which it says.
const SMALL_BYTES = 256 << 10;
const BATCH_BYTES = 4 << 20;
let batchParts = 250;

const lanes = { small: [], large: [] };
let flying = 0;

const isWaiting = ({ state }) => state === 'waiting';

// First in line or last.
export function enqueue(items, first = false) {
	const of = (item) => (isSmall(item) ? lanes.small : lanes.large);
	if (first) for (const item of items.toReversed()) of(item).unshift(item);
	else for (const item of items) of(item).push(item);
}

const isSmall = (item) => item.size <= SMALL_BYTES && !item.alone;

export function restart(items) {
	const able = items.filter(({ file }) => file);
	for (const item of able) turn(item, 'waiting', { sent: 0, problem: null });
	enqueue(able);
}

// Small files that lack a chosen or expected digest are hashed again, for each algorithm once.
export function resend(items) {
	restart(items.filter((item) => item.state === 'done' && item.file && !item.gone && item.size <= queue.resendBytes && wanted(item).some((name) => !item.tried.has(name))));
}

export function pump() {
	while (flying < AT_ONCE) {
		const items = next();
		if (!items.length) return;
		flying += 1;
		send({ items, names: namesFor(items[0]), attempts: 0 });
	}
}

const namesFor = (item) => { const needed = wanted(item); return needed.length ? needed : [...queue.chosen]; };

// The next file, or the next small files that need the same algorithms.
function next() {
	for (const lane of Object.values(lanes)) {
		const skip = lane.findIndex(isWaiting);
		lane.splice(0, skip < 0 ? lane.length : skip);
	}
	const { small, large } = lanes;
	if (!small.length || large[0]?.id < small[0].id) return large.splice(0, 1);
	const names = String(namesFor(small[0]));
	let [end, bytes] = [0, 0];
	while (end < Math.min(small.length, batchParts) && (end === 0 || bytes + small[end].size <= BATCH_BYTES) && (!isWaiting(small[end]) || String(namesFor(small[end])) === names)) {
		bytes += small[end].size;
		end += 1;
	}
	return small.splice(0, end).filter(isWaiting);
}

function send(flight) {
	const { items, names } = flight;
	flight.attempts += 1;
	for (const item of items) {
		for (const name of names) { item.tried.add(name); if (queue.chosen.has(name)) item.asked.add(name); }
		turn(item, 'sending', { sent: 0, problem: null, flight });
	}
	const xhr = new XMLHttpRequest();
	flight.xhr = xhr;
	xhr.open('POST', `./api/v1/hash?algorithms=${names}`);
	xhr.setRequestHeader('accept', 'application/json');
	xhr.upload.onprogress = ({ loaded, total }) => { for (const item of items) item.sent = total ? item.size * (loaded / total) : 0; tell(); };
	xhr.upload.onload = () => { for (const item of items) if (item.state === 'sending') turn(item, 'digesting', { sent: item.size }); };
	xhr.onload = () => answered(flight);
	xhr.onerror = () => lost(flight);
	if (items.length > 1) { xhr.send(formOf(items)); return; }
	xhr.setRequestHeader('content-type', 'application/octet-stream');
	xhr.send(items[0].file);
}

// Parts are told apart by their place.
function formOf(items) {
	const form = new FormData();
	items.forEach(({ file }, place) => form.append('file', file, String(place)));
	return form;
}

function answered(flight) {
	const { items, xhr } = flight;
	let results;
	try {
		if (xhr.status !== 200) throw problemOf(xhr.status, xhr.responseText, xhr.getResponseHeader('retry-after'));
		results = [parsed(xhr.status, xhr.responseText)].flat();
		if (results.length !== items.length) throw new Problem({ code: 'parts_differ', detail: 'The server did not answer for as many files as it got.' });
	} catch (problem) { failed(flight, problem); return; }
	items.forEach((item, place) => settle(item, results[place]));
	land(flight);
	const done = items.filter(({ state }) => state === 'done');
	done.forEach(lists.learn);
	resend(done);
	pump();
}

function settle(item, result) {
	if (result.size !== item.size) fail(item, new Problem({ code: 'size_differs', detail: 'The server did not receive as many bytes as the file has.' }));
	else turn(item, 'done', { sent: item.size, result: { ...result, digests: { ...item.result?.digests, ...result.digests } } });
}

const fail = (item, problem) => turn(item, 'failed', { problem, sent: 0 });

function land(flight) {
	flight.over = true;
	clearTimeout(flight.timer);
	for (const item of flight.items) if (item.flight === flight) item.flight = null;
	flying -= 1;
}

// No answer: a file went away, or the server did.
async function lost(flight) {
	const readable = await Promise.all(flight.items.map(({ file }) => file.slice(0, 1).arrayBuffer().then(() => true, () => false)));
	if (flight.over) return;
	const gone = flight.items.filter((_, place) => !readable[place]);
	if (!gone.length) { failed(flight, unreachable()); return; }
	const problem = new Problem({ code: 'unreadable_here', detail: 'The browser cannot read this file any more; it was moved or changed since it was chosen.' });
	gone.forEach((item) => fail(item, problem));
	giveBack(flight);
}

function failed(flight, problem) {
	if (flight.over) return;
	const { items, attempts } = flight;
	if (problem.status === 401) tellSignedOut();
	const lostSeconds = problem.code === 'unreachable' ? LOST_WAIT_SECONDS[attempts - 1] : 0;
	const wait = problem.worthRetry && attempts < MOST_ATTEMPTS ? problem.retryAfter : lostSeconds;
	if (wait) {
		for (const item of items) turn(item, 'pausing', { problem, wait, sent: 0 });
		countDown(flight, wait);
	} else if (items.length > 1 && problem.status !== 401 && problem.code !== 'unreachable') {
		// One of them may be the reason: fewer together, at last each alone.
		if (problem.status === 413) batchParts = Math.max(1, items.length >> 1);
		else for (const item of items) item.alone = true;
		giveBack(flight);
	} else {
		items.forEach((item) => fail(item, problem));
		land(flight);
	}
	pump();
}

function giveBack(flight) {
	land(flight);
	const left = flight.items.filter(({ state }) => state !== 'failed' && state !== 'cancelled');
	for (const item of left) turn(item, 'waiting', { sent: 0 });
	enqueue(left, true);
	pump();
}

function countDown(flight, wait) {
	flight.timer = setTimeout(() => {
		for (const item of flight.items) item.wait = wait - 1;
		tell();
		if (wait > 1) countDown(flight, wait - 1); else send(flight);
	}, 800 + 400 * Math.random());
}

// Those that are sent together with a file that is cancelled are sent again.
export function stop(items) {
	const flights = new Set(items.map(({ flight }) => flight).filter(Boolean));
	for (const item of items) turn(item, 'cancelled');
	for (const flight of flights) {
		flight.over = true;
		flight.xhr.abort();
		giveBack(flight);
	}
	pump();
}
