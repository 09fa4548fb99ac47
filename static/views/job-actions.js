// Jobs: their names, figures and actions.

import {
	h, post, send, jobPath, pathNode, plural, componentsOf, readable, confirm, showProblem, toast, put, bytes, exactBytes, count, rate, duration,
	percent, ago, when, ended
} from '../kernel.js';

const MEMBERS = ['root', 'path', 'path_b64', 'algorithms', 'include', 'exclude', 'cross_filesystems', 'priority', 'max_bytes_per_second', 'deadline_seconds'];

// A verification would need its manifest.
export const repeatable = ({ kind }) => kind === 'hash';

export async function repeat(job) {
	const spec = Object.fromEntries(MEMBERS.filter((member) => (job.spec[member] ?? null) !== null).map((member) => [member, job.spec[member]]));
	if (spec.path_b64) delete spec.path;
	try { location.hash = `#/job/${(await post('jobs', { kind: job.kind, ...spec })).id}`; } catch (problem) { showProblem(problem, () => repeat(job)); }
}

export async function remove(job) {
	if (!(await confirm('Delete this job?', `Its ${plural(job.progress.files_done, 'result')} will be deleted. The files themselves are not touched.`, 'Delete job'))) return false;
	try { await send('DELETE', jobPath(job.id)); } catch (problem) { showProblem(problem); return problem.status === 404; }
	toast('Job deleted');
	return true;
}

export const targetNode = ({ spec }) => pathNode([spec.root, ...componentsOf(spec).map(readable)].join('/'));

export const compareHref = (...jobs) => `#/compare/${jobs.sort((a, b) => (a.created_at < b.created_at ? -1 : 1)).map(({ id }) => id).join('/')}`;

const TILES = { files: ['job-files-done', 'Files'], bytes: ['job-bytes-done', 'Bytes'], rate: ['job-rate', 'Rate'], time: ['job-eta', 'Time left'], errors: ['job-errors', 'Errors'],
	skipped: ['job-skipped', 'Skipped'] };

export const secondsOf = ({ summary, started_at: from, finished_at: to }) => (summary?.elapsed_ms ?? Date.parse(to) - Date.parse(from)) / 1000;

export function figureTiles() {
	const tiles = {};
	const node = h('dl.figures', Object.entries(TILES).map(([name, [testid, title]]) => {
		const [head, value, fine] = [h('dt', title), h(`dd@${testid}`), h('small')];
		const tile = h('div.figure', head, value, h('dd', fine));
		tiles[name] = (text, small, exact = '', heading = title) => { put(head, heading); put(value, text); put(fine, small); value.title = exact; return { head, tile, fine }; };
		return tile;
	}));

	// Of a verification, a missing file is a finding and no error.
	function unread({ kind, progress: { files_failed: failed }, summary }) {
		const { missing, unreadable } = summary?.verdicts ?? {};
		const [amount, small, title] = kind === 'hash' ? [failed, failed ? 'could not be read' : 'none', 'Errors']
			: missing === undefined ? [failed, failed ? 'missing or unreadable' : 'none', 'Not read']
				: missing ? [missing, unreadable ? `and ${count(unreadable)} unreadable` : 'listed, not there', 'Missing'] : [unreadable, unreadable ? 'could not be read' : 'none', 'Unreadable'];
		const { tile } = tiles.errors(count(amount), small, '', title);
		tile.classList.toggle('wait', amount > 0 && (kind === 'hash' || !missing));
		tile.classList.toggle('bad', missing > 0);
	}

	function show(job) {
		const { state, progress: p, finished_at: to } = job;
		const over = ended(state);
		const of = (total, write) => (total ? `of ${write(total)}` : 'so far');
		tiles.files(count(p.files_done), over ? 'done' : of(p.files_total, count));
		tiles.bytes(bytes(p.bytes_done), over ? 'read' : of(p.bytes_total, bytes), exactBytes(p.bytes_done));
		unread(job);
		tiles.skipped(count(p.files_skipped), p.files_skipped ? 'left out' : 'none');
		if (!over) {
			tiles.rate(rate(p.bytes_per_second ?? 0), 'now');
			tiles.time(duration(p.eta_seconds ?? NaN), p.bytes_total ? percent(p.bytes_done, p.bytes_total) : '');
			return;
		}
		const seconds = secondsOf(job);
		tiles.rate(seconds > 0 ? rate(p.bytes_done / seconds) : '–', 'mean');
		const { head, fine } = tiles.time(duration(seconds), to ? ago(to) : '');
		put(head, 'Took');
		fine.title = when(to);
	}
	return { node, show };
}
