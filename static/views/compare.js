// Two jobs compared: what was added, removed, edited, moved, or has rotted.

import { h, put, icon, cell } from '../kernel/dom.js';
import { get, query, jobPath } from '../kernel/api.js';
import { ago, when, pathNode, sizeNode, plural } from '../kernel/format.js';
import { listing } from '../kernel/listing.js';
import { placeholder } from '../kernel/notice.js';
import { VERDICTS } from '../kernel/words.js';
import { targetNode } from './job-actions.js';
import { details, outcome } from './job-details.js';

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
			put(same, plural(unchanged, 'file is what it was', 'files are what they were'));
			return page;
		},
		fill, open: (index, item) => item && details(item), nothing: () => placeholder('check', 'Nothing changed', 'Every file is what it was.'),
	});
	put(root, h('header.view-head', h('h1', 'Compare'), side('Before', old), icon('chevron'), side('After', now)), list.node);
	return { title: 'Compare', unmount: list.destroy, update: (to) => list.follow(to.search) };
}

function fill(row, item) {
	if (!item) { put(row, cell('grow', h('i.ghost')), cell('size'), cell('size'), cell('status')); return; }
	const { path, moved_from: moved, old, new: now } = item;
	put(row, cell('grow', moved && [pathNode(moved), icon('chevron')], pathNode(path)), cell('size', old && sizeNode(old.size)), cell('size', now && sizeNode(now.size)), cell('status', outcome(item)));
}
