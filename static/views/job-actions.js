// Jobs: their names, figures and actions.

import {
	h, post, send, query, queryPath, freshKey, jobPath, pathNode, plural, componentsOf, readable, confirm, showProblem, toast, put, bytes, exactBytes, count, rate, duration,
	percent, ago, when, ended, announce
} from '../kernel.js';

const MEMBERS = ['root', 'path', 'path_b64', 'algorithms', 'include', 'exclude', 'cross_filesystems', 'priority', 'max_bytes_per_second', 'deadline_seconds', 'from_device'];

// The service keeps what a verify job was compared with.
const verifyAgain = ({ id, spec }) => send('POST', `verify${query({ root: spec.root, repeat: id })}&path=${queryPath(componentsOf(spec))}`, { headers: { 'idempotency-key': freshKey() } });

export async function repeat(job) {
	const spec = Object.fromEntries(MEMBERS.filter((member) => (job.spec[member] ?? null) !== null).map((member) => [member, job.spec[member]]));
	if (spec.path_b64) delete spec.path;
	try { location.hash = `#/job/${(await (job.kind === 'verify' ? verifyAgain(job) : post('jobs', { kind: job.kind, ...spec }))).id}`; } catch (problem) { showProblem(problem, () => repeat(job)); }
}

export async function remove(job) {
	if (!(await confirm('Delete this job?', `Its ${plural(job.progress.files_done, 'result')} will be deleted. The files themselves are not touched.`, 'Delete job'))) return false;
	try { await send('DELETE', jobPath(job.id)); } catch (problem) { showProblem(problem); return problem.status === 404; }
	toast('Job deleted');
	return true;
}

// Does it to each job in turn, says how far it is, and which could not be done; gives those that are done.
async function toEach(jobs, verb, past, call) {
	const done = [];
	const failures = [];
	for (const job of jobs) {
		announce(`${verb} ${count(done.length + failures.length + 1)} of ${count(jobs.length)}`);
		// Another may have done it first.
		await call(job).then(() => done.push(job), (problem) => (problem.status === 404 ? done : failures).push(problem.status === 404 ? job : problem));
	}
	if (failures.length) showProblem({ ...failures[0], name: 'Problem', detail: `${count(done.length)} of ${plural(jobs.length, 'job')} ${past}. ${count(failures.length)} failed: ${failures[0].detail}` });
	else toast(`${plural(jobs.length, 'job')} ${past}`);
	return done;
}

const sumOf = (jobs) => jobs.reduce((sum, { progress }) => sum + progress.files_done, 0);

export async function removeAll(jobs) {
	const lost = `${plural(sumOf(jobs), 'result')} will be deleted with them. The files themselves are not touched.`;
	if (!(await confirm(`Delete ${plural(jobs.length, 'job')}?`, lost, `Delete ${plural(jobs.length, 'job')}`))) return [];
	return toEach(jobs, 'Deleting', 'deleted', (job) => send('DELETE', jobPath(job.id)));
}

export async function cancelAll(jobs) {
	const kept = `What they have hashed so far, ${plural(sumOf(jobs), 'file')}, stays. They cannot go on afterwards.`;
	if (!(await confirm(`Cancel ${plural(jobs.length, 'job')}?`, kept, `Cancel ${plural(jobs.length, 'job')}`))) return [];
	return toEach(jobs, 'Cancelling', 'cancelled', (job) => post(jobPath(job.id, '/cancel')));
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
