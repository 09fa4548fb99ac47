// What can be done with a job from more than one view, and how a job is named.

import { h, button } from '../kernel/dom.js';
import { get, post, send, jobPath } from '../kernel/api.js';
import { pathNode, plural, ago } from '../kernel/format.js';
import { componentsOf, readable } from '../kernel/place.js';
import { confirm, dialog, showProblem, toast } from '../kernel/notice.js';
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

/** Where two jobs are compared, the older one first. */
export const compareHref = (...jobs) => `#/compare/${jobs.sort((a, b) => (a.created_at < b.created_at ? -1 : 1)).map(({ id }) => id).join('/')}`;

/** Asks which other job to compare with: the latest that ended, those of the same place first. */
export async function compareWith(job) {
	try {
		const { items } = await get('jobs?state=completed&limit=200');
		const place = ({ spec }) => `${spec.root}/${spec.path ?? ''}`;
		const others = items.filter(({ id }) => id !== job.id).sort((a, b) => (place(b) === place(job)) - (place(a) === place(job))).slice(0, 20);
		const box = dialog('', 'Compare with', h('h2', 'Compare with'), h('ul.menu-list.choices', others.map((other) => h('li',
			h('a', { href: compareHref(job, other), click: () => box.close() }, h('strong', targetNode(other)), h('small', ago(other.created_at)))))),
		!others.length && h('p', 'No other job has completed yet.'), h('div.row.end', button('Close', '', () => box.close())));
	} catch (problem) { showProblem(problem, () => compareWith(job)); }
}
