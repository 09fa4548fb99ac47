// Follows one job by events, across lost connections and restarts of the server.

import { get, jobPath, sleep } from './api.js';

const RETRY_SECONDS = [0.5, 1, 2, 3, 5];

// Calls `on.progress`, `on.state`, `on.job` (at the end, and after a gap), `on.link(up)`, and `on.lost(problem)` at last.
// EventSource reconnects by itself; when it gives up, we get the job and open a new one.
export function followJob(id, on) {
	const stop = new AbortController();
	const { signal } = stop;
	let failures = 0;
	let source;

	const up = () => { failures = 0; on.link(true); };

	function open() {
		source = new EventSource(`/api/v1/${jobPath(id, '/events')}`);
		const hear = (name, take) => source.addEventListener(name, (event) => { up(); take(JSON.parse(event.data)); });
		// The stream does not repeat the past.
		source.addEventListener('open', () => { up(); get(jobPath(id), { silent: true, signal }).then(on.job, () => {}); });
		hear('progress', on.progress);
		hear('state', (data) => on.state(data.state));
		hear('snapshot', on.job);
		hear('end', (job) => { source.close(); on.job(job); });
		source.addEventListener('error', () => {
			if (signal.aborted) return;
			on.link(false);
			if (source.readyState === EventSource.CLOSED) reopen();
		});
	}

	async function reopen() {
		try {
			await sleep(RETRY_SECONDS[Math.min(failures++, RETRY_SECONDS.length - 1)], signal);
			const job = await get(jobPath(id), { silent: true, signal });
			on.job(job);
			if (!ended(job.state)) open(); else on.link(true);
		} catch (problem) {
			if (signal.aborted) return;
			if ([401, 403, 404].includes(problem.status)) on.lost(problem); else reopen();
		}
	}

	open();
	return () => { stop.abort(); source?.close(); };
}

export const ended = (state) => state === 'completed' || state === 'failed' || state === 'cancelled';
