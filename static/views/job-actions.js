// What can be done with a job from more than one view, and how a job is named.

import { h } from '../kernel/dom.js';
import { post, send, jobPath } from '../kernel/api.js';
import { pathNode, plural } from '../kernel/format.js';
import { componentsOf, readable } from '../kernel/place.js';
import { confirm, showProblem, toast } from '../kernel/notice.js';
import { STATES, word } from '../kernel/words.js';

const MEMBERS = ['root', 'path', 'path_b64', 'algorithms', 'include', 'exclude', 'cross_filesystems', 'priority', 'max_bytes_per_second', 'deadline_seconds'];

/** A verification would need its manifest again. */
export const repeatable = ({ kind }) => kind === 'hash';

export async function repeat(job) {
	const spec = Object.fromEntries(MEMBERS.filter((member) => (job.spec[member] ?? null) !== null).map((member) => [member, job.spec[member]]));
	if (spec.path_b64) delete spec.path;
	try { location.hash = `#/job/${(await post('jobs', { kind: job.kind, ...spec })).id}`; } catch (problem) { showProblem(problem, () => repeat(job)); }
}

/** Deletes a job once confirmed; says whether it is gone. */
export async function remove(job) {
	if (!(await confirm('Delete this job?', `Its ${plural(job.progress.files_done, 'result')} will be gone. The files themselves are not touched.`, 'Delete job'))) return false;
	try { await send('DELETE', jobPath(job.id)); } catch (problem) { showProblem(problem); return problem.status === 404; }
	toast('Job deleted');
	return true;
}

export const statePill = (state, spec = '') => h(`span.pill.${state}${spec}`, h('i'), word(STATES, state));

export const targetNode = ({ spec }) => pathNode([spec.root, ...componentsOf(spec).map(readable)].join('/'));
