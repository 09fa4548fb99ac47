// Polls /stats once a second while the page is visible.

import { get, tellSignedOut } from './api.js';

const KEPT = 180;
const listeners = new Set();
export const samples = [];
let timer;
let paused = true;
let inFlight = false;
let quietUntil = 0;

async function poll() {
	if (inFlight || performance.now() < quietUntil) return;
	inFlight = true;
	try {
		take(await get('stats', { silent: true, signal: AbortSignal.timeout(10_000) }));
	} catch (problem) {
		if (problem.status === 401) { pause(); tellSignedOut(); }
		tell({ problem });
	}
	inFlight = false;
}

function take(stats) {
	const at = performance.now();
	const last = samples.at(-1);
	const seconds = last ? (at - last.at) / 1000 : 0;
	// After a gap or a restart the mean is not the current rate.
	const known = seconds > 0 && seconds < 5 && stats.bytes_hashed >= last.stats.bytes_hashed;
	if (!known) samples.length = 0;
	const speed = (key) => (known ? (stats[key] - last.stats[key]) / seconds : 0);
	// Of a pool that is busy in bursts, a glance tells nothing.
	const busy = known ? (stats.hashers.busy_seconds - last.stats.hashers.busy_seconds) / seconds : stats.hashers.busy;
	samples.push({ at, stats, busy: Math.min(stats.hashers.size, Math.round(busy * 10) / 10), bytesPerSecond: speed('bytes_hashed'), filesPerSecond: speed('files_hashed') });
	if (samples.length > KEPT) samples.shift();
	tell({ sample: samples.at(-1) });
}

const tell = (event) => listeners.forEach((listener) => listener(event));

function schedule() {
	clearInterval(timer);
	if (paused || document.hidden) return;
	poll();
	timer = setInterval(poll, 1000);
}
document.addEventListener('visibilitychange', schedule);
// Work comes before figures.
addEventListener('refused', () => { quietUntil = performance.now() + 5000; });

export function start() { paused = false; schedule(); }
export function pause() { paused = true; clearInterval(timer); }

export function onPool(listener) {
	listeners.add(listener);
	if (samples.length) listener({ sample: samples.at(-1) });
	return () => listeners.delete(listener);
}
