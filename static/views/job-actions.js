// Actions on a job that several views share, and the name of a job.

import { h, post, send, jobPath, pathNode, plural, componentsOf, readable, confirm, showProblem, toast, STATES, word } from '../kernel.js';

const MEMBERS = ['root', 'path', 'path_b64', 'algorithms', 'include', 'exclude', 'cross_filesystems', 'priority', 'max_bytes_per_second', 'deadline_seconds'];

// To repeat a verification, its manifest would be needed.
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

export const statePill = (state, spec = '') => h(`span.pill.${state}${spec}`, h('i'), word(STATES, state));

export const targetNode = ({ spec }) => pathNode([spec.root, ...componentsOf(spec).map(readable)].join('/'));

export const compareHref = (...jobs) => `#/compare/${jobs.sort((a, b) => (a.created_at < b.created_at ? -1 : 1)).map(({ id }) => id).join('/')}`;
