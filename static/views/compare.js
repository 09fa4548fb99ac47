// Two jobs compared.

import { h, put, icon, cell, get, query, jobPath, ago, when, pathNode, sizeNode, plural, listing, placeholder, VERDICTS } from '../kernel.js';
import { targetNode } from './job-actions.js';
import { details, outcome } from './job-results.js';

const CHANGES = ['suspected_rot', 'modified', 'moved', 'added', 'removed', 'unreadable'];

export async function mount(root, { parts: [from, to], search, signal }) {
	const [old, now] = await Promise.all([from, to].map((id) => get(jobPath(id), { signal })));
	const side = (title, job) => h('a.compared', { href: `#/job/${job.id}`, title: when(job.created_at) }, h('small', title), targetNode(job), h('small', ago(job.created_at)));
	const same = h('span.hint@unchanged');
	const list = listing({
		label: 'Changes', testid: 'change-row', address: `#/compare/${from}/${to}`, start: search, names: ['verdict'], heads: same,
		columns: [['Path', 'grow'], ['Before', 'size'], ['After', 'size'], ['Change', 'status']],
		tabs: ['verdict', { '': 'All', ...Object.fromEntries(CHANGES.map((change) => [change, VERDICTS[change]])) }],
		load: async (filters, signal) => {
			const page = await get(jobPath(from, `/compare${query({ with: to, ...filters })}`), { signal });
			const { unchanged, ...counts } = page.counts;
			list.show({ unreadable: 0, ...counts, '': Object.values(counts).reduce((sum, n) => sum + n, 0) });
			put(same, plural(unchanged, 'file is unchanged', 'files are unchanged'));
			return page;
		},
		fill, open: details, nothing: () => placeholder('check', 'Nothing changed', 'No file has changed.'),
	});
	put(root, h('header.view-head', h('h1', 'Compare'), side('Before', old), icon('chevron'), side('After', now)), list.node);
	return list.view('Compare');
}

const fill = ({ path, moved_from: moved, old, new: now, ...item }) => [cell('grow', moved && [pathNode(moved), icon('chevron')], pathNode(path)),
	cell('size', old && sizeNode(old.size)), cell('size', now && sizeNode(now.size)), cell('status', outcome(item))];
