// The results of a job: filtered, searched and sorted, any row of millions.

import { h, put, cell, get, query, jobPath, sizeNode, pathNode, algorithmTitle, listing, ended, placeholder, STATUS, VERDICTS, AUDIT, codeText } from '../kernel.js';
import { details, outcome } from './job-details.js';
import { exportMenu } from './job-export.js';

const DIGEST = /^([a-z0-9_]+:[0-9a-f]{8,128}|[0-9a-f]{32,128})$/i;
const settled = (p) => p.files_done + p.files_failed + p.files_skipped;

export function resultsPanel(first, search) {
	let job = first;
	let last = '';
	const names = job.spec.algorithms ?? [];
	let [algorithm] = names;
	const choose = names.length > 1 && h('select.field', { label: 'Digest shown', change: (event) => { algorithm = event.target.value; list.repaint(); } },
		names.map((name) => h('option', { value: name }, algorithmTitle(name))));
	const exports = h('div');
	const list = listing({
		label: 'Results', testid: 'result-row', address: `#/job/${job.id}`, start: search, names: ['status', 'verdict', 'q', 'digest', 'sort'],
		columns: [['Path', 'grow', 'path'], ['Size', 'size', 'size'], ['Digest', 'sum'], ['Result', 'status']],
		tabs: job.kind === 'verify' ? ['verdict', Object.fromEntries([['', 'All'], ...AUDIT.map((verdict) => [verdict, VERDICTS[verdict]])])] : ['status', { '': 'All', ...STATUS }],
		search: { label: 'Part of a path, or a digest', show: ({ q, digest }) => digest || q,
			read: (text) => (DIGEST.test(text) && ended(job.state) ? { q: '', digest: text } : { q: text, digest: '' }) },
		// Sorting and the search by digest need a job that has ended.
		load: ({ digest, sort, ...others }, signal) => get(jobPath(job.id, `/results${query(ended(job.state) ? { ...others, digest, sort } : others)}`), { signal }),
		fill: (item) => cells(item, algorithm), open: details,
		nothing: () => (ended(job.state) ? placeholder('file', 'No files', 'There was nothing to hash here.')
			: placeholder('clock', 'No results yet', 'They appear here as they are committed.')),
		heads: exports, tools: choose,
	});

	function refresh(now) {
		job = now;
		const { progress: p, state, summary } = job;
		const over = ended(state);
		list.show({ '': settled(p), hashed: p.files_done, error: p.files_failed, skipped: p.files_skipped, ...summary?.verdicts }, over);
		if (over && !exports.firstChild) put(exports, exportMenu(job));
		const key = `${state} ${settled(p)}`;
		if (key !== last) list.refresh();
		last = key;
	}

	return { node: list.node, refresh, follow: list.follow, destroy: list.destroy };
}

function cells(item, algorithm) {
	const hex = item.digests?.[algorithm];
	const why = codeText(item);
	return [cell('grow', pathNode(item.path)), cell('size', item.status === 'hashed' && sizeNode(item.size)),
		cell('sum', hex ? h('code', { title: hex }, hex) : h('span.reason', { title: why }, why)), cell('status', outcome(item))];
}
