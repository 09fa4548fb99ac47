// The files of the queue: what each is, what is wanted of it, and who is told when that changes.

import { lackingFor } from '../kernel.js';
import * as lists from './hash-manifests.js';

const RATE_WINDOW_SECONDS = 6;
const TELL_MS = 40;
// Showing a change takes at most this share of the time.
const TELL_SHARE = 1 / 8;

// `resendBytes`: larger files are hashed again only when asked. `most` files are taken. `reading`: drops that are still read.
export const queue = { items: [], chosen: new Set(), expected: null, resendBytes: 256 << 20, most: 100_000, reading: 0, kept: null };

const listeners = new Set();
let timer;
let tellMs = TELL_MS;
let serial = 0;
let rateSamples = [];

export function onQueue(listener) { listeners.add(listener); return () => listeners.delete(listener); }

export function tell() {
	// A timer, not a frame: hidden tabs get no frames but must keep counting.
	timer ??= setTimeout(() => {
		timer = undefined;
		const began = performance.now();
		listeners.forEach((listener) => listener());
		tellMs = Math.max(TELL_MS, (performance.now() - began) / TELL_SHARE);
	}, tellMs);
}

export const newItem = ({ file, path, size = file.size, modified = file.lastModified, ...more }) => ({
	id: serial += 1, file, name: path, size, modified, state: 'waiting', sent: 0, asked: new Set(), tried: new Set(), ...more });

export const turn = (item, state, more) => { Object.assign(item, { state, ...more }); tell(); };
export const moving = (item) => ['sending', 'digesting', 'pausing'].includes(item.state);
export const busy = (item) => item.state === 'waiting' || moving(item);

export const expected = () => (queue.expected?.hex ? [queue.expected] : []);

// The algorithms that are chosen or expected, and not computed.
export function wanted(item) {
	const digests = item.result?.digests ?? {};
	const chosen = [...queue.chosen].filter((name) => digests[name] === undefined);
	return [...new Set([...chosen, ...lackingFor(expected(), digests), ...lists.lacking(item, digests)])];
}

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
