// Follows one job by events, across lost connections and restarts of the server.

import { get, jobPath, sleep } from './api.js';

const RETRY_SECONDS = [0.5, 1, 2, 3, 5];

// A browser has six connections to a host, and an open stream holds one of them. So all tabs together have three
// streams, and a tab that nobody looks at has none; the others ask for their job now and then.
const STREAMS = ['1', '2', '3'];
const ASK_SECONDS = 2;
const ASK_HIDDEN_SECONDS = 10;

// A function that gives the stream back; null if the other tabs have all of them. Only a secure context has locks:
// without them each tab that is looked at has a stream.
async function takeStream() {
	if (!navigator.locks) return () => {};
	for (const name of STREAMS) {
		const release = await new Promise((taken, failed) => {
			const hold = (lock) => (lock ? new Promise(taken) : taken(null));
			navigator.locks.request(`hivesum stream ${name}`, { ifAvailable: true }, hold).catch(failed);
		});
		if (release) return release;
	}
	return null;
}

// Calls `on.progress`, `on.state`, `on.job` (at the end, and after a gap), `on.link(up)`, and `on.lost(problem)` at last.
// EventSource reconnects by itself; when it gives up, we get the job and open a new one.
export function followJob(id, on) {
	const stop = new AbortController();
	const { signal } = stop;
	let failures = 0;
	let close = () => {};
	let round = 0;

	const up = () => { failures = 0; on.link(true); };

	function open(release) {
		const source = new EventSource(`./api/v1/${jobPath(id, '/events')}`);
		close = () => { close = () => {}; source.close(); release(); };
		const hear = (name, take) => source.addEventListener(name, (event) => { up(); take(JSON.parse(event.data)); });
		// The stream does not repeat the past.
		source.addEventListener('open', () => { up(); get(jobPath(id), { silent: true, signal }).then(on.job, () => {}); });
		hear('progress', on.progress);
		hear('state', (data) => on.state(data.state));
		hear('snapshot', on.job);
		hear('end', (job) => { finish(); on.job(job); });
		source.addEventListener('error', () => {
			if (source.readyState !== EventSource.CLOSED) { on.link(false); return; }
			close();
			on.link(false);
			askAgain();
		});
	}

	// Follows anew: by a stream if there is one for this tab.
	async function follow() {
		const mine = ++round;
		close();
		const release = document.hidden ? null : await takeStream();
		if (mine !== round || signal.aborted) release?.();
		else if (release) open(release);
		else ask(document.hidden ? ASK_HIDDEN_SECONDS : ASK_SECONDS);
	}

	async function ask(seconds) {
		const mine = ++round;
		try {
			await sleep(seconds, signal);
			const job = await get(jobPath(id), { silent: true, signal });
			if (mine !== round) return;
			up();
			if (!ended(job.state)) on.progress(job.progress);
			on.job(job);
			if (ended(job.state)) finish(); else follow();
		} catch (problem) {
			if (signal.aborted || mine !== round) return;
			on.link(false);
			if ([401, 403, 404].includes(problem.status)) { finish(); on.lost(problem); } else askAgain();
		}
	}

	// After a failure: each time later.
	const askAgain = () => ask(RETRY_SECONDS[Math.min(failures++, RETRY_SECONDS.length - 1)]);

	function finish() {
		stop.abort();
		close();
	}

	document.addEventListener('visibilitychange', follow, { signal });
	follow();
	return finish;
}

export const ended = (state) => state === 'completed' || state === 'failed' || state === 'cancelled';
