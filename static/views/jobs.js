// The history: every job, newest first.

import {
	h, put, button, progressBar, searchField, iconButton, icon, get, query, jobPath, sizeNode, ago, when, duration, percent, titles, seesAll, plural, count, visible, ended, STATES, placeholder, showProblem
} from '../kernel.js';
import { secondsOf, targetNode, repeat, remove } from './job-actions.js';
import { jobChoices } from './jobs-choice.js';
import { JOB_VERDICTS, barLook, comparedWith, remark, stateText, verdictTag } from './job-verdict.js';

const PAGE = 50;
const REFRESH_MS = 2000;
const MOST_ASKED = 10;

export async function mount(root, { search: { state = '', verdict = '' }, signal }) {
	const load = (cursor, options) => get(`jobs${query({ state, verdict, cursor, limit: PAGE })}`, options);
	const first = await load(undefined, { signal });
	const rows = new Map();
	let next = first.next_cursor;
	const list = h('ul.job-list', { label: 'Jobs' });
	const more = button('Show more', '', () => showMore());
	const body = h('div');
	const none = h('div@no-match', { hidden: true });
	const { field, node: search } = searchField('jobs-filter', 'Directory, algorithm or id', '', () => sift());
	const choices = jobChoices(rows, list, { refresh, changed: () => take([]) });
	const head = filterHead({ state, verdict }, search);
	put(root, head, !seesAll() && h('p.hint@own-jobs', 'Only jobs that this token made: the scope read:all shows all.'), choices.node, none, body);

	function sift() {
		const words = field.value.toLowerCase().split(/\s+/);
		for (const { node, job } of rows.values()) { const text = `${node.textContent} ${node.dataset.id} ${job.spec.algorithms}`.toLowerCase(); node.hidden = !words.every((word) => text.includes(word)); }
		none.hidden = !rows.size || [...rows.values()].some(({ node }) => !node.hidden);
		put(none, !none.hidden && placeholder('search', 'No job matches', 'Searched are the jobs that are listed so far, by directory, algorithm, id and verdict.'));
		choices.tell();
	}

	function take(jobs, atTop) {
		for (const job of jobs) rows.get(job.id)?.show(job);
		const made = jobs.filter((job) => !rows.has(job.id)).map((job) => {
			const row = jobRow(job, drop, choices.choose);
			rows.set(job.id, row);
			return row.node;
		});
		list[atTop ? 'prepend' : 'append'](...made);
		more.hidden = !next;
		sift();
		if (!rows.size) put(body, nothing(state, verdict)); else if (!list.isConnected) put(body, list, h('div.row.center', more));
	}

	async function showMore() {
		more.disabled = true;
		try { const page = await load(next); next = page.next_cursor; take(page.items); } catch (problem) { showProblem(problem, showMore); }
		more.disabled = false;
	}

	async function drop({ job, node }) {
		if (!(await remove(job))) return;
		choices.forget(job);
		rows.delete(job.id);
		node.remove();
		take([]);
	}

	async function refresh() {
		const page = await load(undefined, { silent: true }).catch(() => null);
		if (!page) return;
		take(page.items, true);
		// What has left the filter, or is further down, is asked for alone.
		const others = [...rows.values()].filter(({ job }) => !ended(job.state) && !page.items.some(({ id }) => id === job.id));
		for (const row of others.slice(0, MOST_ASKED)) await get(jobPath(row.job.id), { silent: true, signal }).then(row.show, () => {});
	}

	take(first.items);
	const timer = setInterval(() => { if (!document.hidden) refresh(); }, REFRESH_MS);
	return { title: 'Jobs', unmount() { clearInterval(timer); } };
}

// The filters, which a phone folds.
function filterHead(now, search) {
	const tabs = (name, label, titles) => h('nav.tabs', { label }, titles.map(([value, title, glyph]) => h(`a.button.tab${now[name] === value ? '.on' : ''}`,
		{ href: `#/jobs${query({ ...now, [name]: value })}`, 'aria-current': now[name] === value && 'true', 'data-filter': `${name}-${value}` }, glyph && icon(glyph), title)));
	const findings = Object.entries(JOB_VERDICTS).map(([value, [, glyph, title]]) => [value, title, glyph]);
	const [, chosenState] = Object.entries(STATES).find(([value]) => value === now.state) ?? [];
	const chosen = [chosenState, JOB_VERDICTS[now.verdict]?.[2]].filter(Boolean).join(', ');
	const filters = button(chosen ? `Filters: ${chosen}` : 'Filters', '.jobs-filters@jobs-filters', () => filters.setAttribute('aria-expanded', head.classList.toggle('open')), 'search', { 'aria-expanded': 'false' });
	const head = h('header.view-head.jobs-head', h('h1', 'Jobs'), filters, tabs('state', 'State', [['', 'All'], ...Object.entries(STATES)]), tabs('verdict', 'Verdict', [['', 'Any verdict'], ...findings]), h('span.spring'), h('a.button.needs-all@find-link', { href: '#/find' }, icon('search'), 'Find a file'), search);
	return head;
}

function nothing(state, verdict) {
	return state || verdict ? placeholder('search', verdict ? 'No job has this verdict' : 'No job is in this state', verdict ? 'Jobs that compare files with a checksum file have one.' : '', h('a.button', { href: '#/jobs' }, 'All jobs'))
		: placeholder('clock', 'No jobs yet', 'Each job on a directory is kept here with its results.', h('a.button.primary', { href: '#/files' }, 'Choose a directory'));
}

function jobRow(first, drop, choose) {
	const { id, kind, spec } = first;
	const [state, finding, odd, figures, time, bar] = [h('span'), h('span'), h('p.job-row-remark', { hidden: true }), h('span.job-row-figures'), h('span.job-row-time'), progressBar('.thin', 'Progress')];
	const again = h('span.needs-hash', iconButton('Repeat', 'retry', () => repeat(row.job)));
	const trash = h('span.needs-admin', iconButton('Delete', 'trash', () => drop(row), '@job-delete'));
	const tick = h('input@job-tick', { type: 'checkbox', label: `Choose the job on ${visible([spec.root, spec.path].filter(Boolean).join('/'))}`, click: (event) => choose(row, event) });
	const row = { show, tick, job: first };
	row.node = h('li.job-row@job-row', { 'data-id': id }, h('label.tick', tick), state, h('div.job-row-main', h('a.job-row-link', { href: `#/job/${id}` }, targetNode(first)),
		h('small', finding, `${kind === 'verify' ? `Verify, ${comparedWith(first)} · ` : ''}${titles(spec.algorithms)}`), odd),
		figures, time, h('span.job-row-actions', again, trash), bar.node);

	function show(job) {
		row.job = job;
		const over = ended(job.state);
		const p = job.progress;
		const said = remark(job);
		put(state, stateText(job));
		put(finding, verdictTag(job, '@job-row-verdict'));
		finding.hidden = !finding.firstChild;
		odd.hidden = !said;
		if (said) put(odd, icon('warn'), h('span', said));
		put(figures, h('span', `${!over && p.files_total ? `${count(p.files_done)} of ` : ''}${plural(over ? p.files_done : p.files_total ?? p.files_done, 'file')}`), h('small', sizeNode(p.bytes_done),
			p.files_failed > 0 && (kind === 'hash' ? h('span.wait-text', icon('warn'), plural(p.files_failed, 'error')) : !over && h('span', `${plural(p.files_failed, 'file')} missing or unreadable`))));
		put(time, h('span', { title: when(job.created_at) }, ago(job.created_at)),
			h('small', over ? `took ${duration(secondsOf(job))}` : percent(p.bytes_done, p.bytes_total)));
		bar.node.hidden = over;
		bar.node.className = `bar thin ${barLook(job)}`;
		bar.set(p.bytes_total ? p.bytes_done / p.bytes_total : 0);
		again.hidden = !over;
		trash.hidden = !over;
	}
	show(first);
	return row;
}
