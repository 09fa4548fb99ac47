// The results of a job: any row of a million, filtered and searched.

import { h, put, button, icon, cell } from '../kernel/dom.js';
import { get, query, jobPath } from '../kernel/api.js';
import { sizeNode, count, pathNode, algorithmTitle, plural } from '../kernel/format.js';
import { Table } from '../kernel/table.js';
import { Pages } from '../kernel/pages.js';
import { ended } from '../kernel/events.js';
import { placeholder, showProblem } from '../kernel/notice.js';
import { STATUS, codeText } from '../kernel/words.js';
import { details, outcome } from './job-details.js';
import { exportMenu } from './job-export.js';

const SEARCH_MS = 220;
const NARROW = matchMedia('(max-width: 44rem)');
const rowHeight = () => (NARROW.matches ? 62 : 36);
const pick = ({ status = '', q = '' }) => ({ status, q });
/** Every file is in one of the three. */
const settled = (p) => p.files_done + p.files_failed + p.files_skipped;

/** `search` holds the filters of the address: status, q. */
export function resultsPanel(first, search) {
	let job = first;
	let filters = pick(search);
	let algorithm = job.spec.algorithms?.[0];
	let timer;
	const names = job.spec.algorithms ?? [];
	const pages = new Pages({
		load: (position, limit, signal) => get(jobPath(job.id, `/results${query({ ...filters, position, limit })}`), { signal }),
		changed: arrived, failed: (problem) => showProblem(problem, () => pages.refresh()),
	});
	const table = new Table({
		label: 'Results', rowHeight: rowHeight(), source: pages, testid: 'result-row', className: 'results',
			columns: [['Path', 'grow'], ['Size', 'size'], ['Digest', 'sum'], ['Result', 'status']],
		fill: (row, item) => fillResult(row, item, algorithm), open: (index, item) => item && details(item),
	});
	const total = h('span.results-total@results-total', { role: 'status' });
	const tabs = tabBar((change) => go({ ...filters, ...change }));
	const field = h('input.field@results-search', { type: 'search', placeholder: 'Part of a path', label: 'Search in paths', value: filters.q,
		input: () => { clearTimeout(timer); timer = setTimeout(() => go({ ...filters, q: field.value.trim() }), SEARCH_MS); } });
	const choose = names.length > 1 && h('select.field', { label: 'Digest shown', change: (event) => { algorithm = event.target.value; table.repaint(); } },
		names.map((name) => h('option', { value: name }, algorithmTitle(name))));
	const exports = h('div');
	const empty = h('div.results-empty');
	const node = h('section.panel.results-panel', { label: 'Results' }, h('div.results-head', h('h2', 'Results'), total, h('span.spring'), exports),
		h('div.results-tools', tabs.node, h('span.spring'), choose, h('label.search', icon('search'), field)), table.node, empty);

	function arrived() {
		table.measure();
		const filtered = Object.values(filters).some(Boolean);
		put(total, plural(pages.total, filtered ? 'result shown' : 'result', filtered ? 'results shown' : 'results'));
		table.node.hidden = pages.total === 0;
		if (pages.total) put(empty);
		else if (filtered) put(empty, placeholder('search', 'Nothing fits this filter', 'Try another word, or show all results.',
			button('Show all', '', () => { field.value = ''; go({}); })));
		else if (ended(job.state)) put(empty, placeholder('file', 'No files', 'There was nothing to hash here.'));
		else put(empty, placeholder('clock', 'No results yet', 'They appear here as they are committed.'));
	}

	/** Filters are part of the address. */
	function go(next) {
		const wanted = pick(next);
		history.replaceState(null, '', `#/job/${job.id}${query(wanted)}`);
		follow(wanted);
	}

	function follow(next) {
		const wanted = pick(next);
		if (JSON.stringify(wanted) === JSON.stringify(filters)) return;
		filters = wanted;
		if (document.activeElement !== field) field.value = filters.q;
		tabs.show(job, filters);
		table.cursor = 0;
		table.moveTo(0);
		pages.reset();
	}

	let last = '';
	function refresh(now) {
		job = now;
		tabs.show(job, filters);
		if (ended(job.state) && !exports.firstChild) put(exports, exportMenu(job));
		const key = `${job.state} ${settled(job.progress)}`;
		if (key !== last) pages.refresh();
		last = key;
	}

	const resize = () => table.setRowHeight(rowHeight());
	NARROW.addEventListener('change', resize);
	return { node, refresh, follow, destroy() { pages.stop(); table.destroy(); clearTimeout(timer); NARROW.removeEventListener('change', resize); } };
}

function tabBar(choose) {
	const tab = ([status, title]) => {
		const node = button(title, '.tab', () => choose({ status }), null, { 'data-status': status });
		return { status, node, amount: node.appendChild(h('small')) };
	};
	const list = [['', 'All'], ...Object.entries(STATUS)].map(tab);

	function show({ progress: p }, filters) {
		const amounts = { '': settled(p), hashed: p.files_done, error: p.files_failed, skipped: p.files_skipped };
		for (const { status, node, amount } of list) {
			const on = status === filters.status;
			node.classList.toggle('on', on);
			node.setAttribute('aria-pressed', on);
			put(amount, count(amounts[status]));
		}
	}
	return { node: h('div.tabs', { role: 'group', label: 'Show' }, list.map((t) => t.node)), show };
}

function fillResult(row, item, algorithm) {
	if (!item) { put(row, cell('grow', h('i.ghost')), cell('size'), cell('sum', h('i.ghost')), cell('status')); return; }
	const hashed = item.status === 'hashed';
	const hex = item.digests?.[algorithm];
	put(row, cell('grow', pathNode(item.path)), cell('size', hashed && sizeNode(item.size)),
		cell('sum', hex ? h('code', { title: hex }, hex) : h('span.reason', { title: codeText(item.code) }, codeText(item.code))), cell('status', outcome(item)));
}
