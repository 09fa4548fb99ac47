// Two jobs compared: a row for each difference, with its evidence, and all of them as a file.

import { h, put, icon, cell, get, query, jobPath, when, pathNode, nameNode, sizeNode, plural, listing, placeholder, visible, VERDICTS } from '../kernel.js';
import { targetNode } from './job-actions.js';
import { details, outcome } from './job-results.js';

const CHANGES = ['suspected_rot', 'modified', 'moved', 'added', 'removed', 'unreadable'];

export async function mount(root, { parts: [from, to], search, signal }) {
	// The older job is compared with the newer one, in whichever order the address names them.
	const [old, now] = (await Promise.all([from, to].map((id) => get(jobPath(id), { signal })))).sort((one, other) => (one.created_at < other.created_at ? -1 : 1));
	const side = (title, job) => h(`a.compared@side-${title.toLowerCase()}`, { href: `#/job/${job.id}` }, h('small', title), targetNode(job),
		h('small', h('time', { datetime: job.created_at, title: job.created_at }, when(job.created_at))));
	const same = h('span.hint@unchanged');
	const all = (members) => jobPath(from, `/compare${query({ with: to, ...members })}`);
	const list = listing({
		label: 'Changes', testid: 'change-row', address: `#/compare/${from}/${to}`, start: search, names: ['verdict', 'q'], heads: same, all,
		columns: [['Path', 'grow'], ['Evidence', 'why'], ['Size', 'both'], ['Change', 'status']],
		tabs: ['verdict', { '': 'All', ...Object.fromEntries(CHANGES.map((change) => [change, VERDICTS[change]])) }],
		search: { label: 'Part of a path', show: ({ q }) => q, read: (text) => ({ q: text }) },
		load: async (filters, signal) => {
			const page = await get(all(filters), { signal });
			const { untraced, counts: { unchanged, ...counts } } = page;
			list.show({ unreadable: 0, ...counts, '': Object.values(counts).reduce((sum, n) => sum + n, 0) });
			put(same, plural(unchanged, 'file is unchanged', 'files are unchanged') + (untraced ? `; ${plural(untraced, 'file may be a copy', 'files may be copies')}` : ''));
			return page;
		},
		fill, open: details, nothing: () => placeholder('check', 'Nothing changed', 'No file has changed.'),
	});
	put(root, h('header.view-head', h('h1', 'Compare'), side('Before', old), icon('chevron'), side('After', now)), list.node);
	return list.view('Compare');
}

const TRACES = { size: 'size', mtime: 'time of modification', ctime: 'time of change', inode: 'inode' };

// What the row shows of the evidence, in a few words; the details have all of it.
function why({ verdict, evidence, moved_from: moved, copied_from: copied, content_from: source, old, new: now }) {
	if (copied) return ['Copy of ', nameNode(copied)];
	const traces = Object.keys(TRACES).filter((key) => evidence?.[key] === 'changed').map((key) => TRACES[key]);
	const changed = traces.length ? `${traces.join(', ')} changed` : evidence === 'none' ? 'only digests are known' : 'nothing shows a write';
	if (source) return ['Has the content of ', nameNode(source), `; ${changed}`];
	if (evidence) return changed[0].toUpperCase() + changed.slice(1);
	if (moved) return ['Was at ', nameNode(moved)];
	if (verdict === 'unreadable') return 'Not read in one of the jobs';
	const at = (now ?? old)?.modified_at;
	return at ? `Modified ${when(at)}` : '';
}

function fill(item) {
	const { path, moved_from: moved, old, new: now } = item;
	const sizes = old && now && old.size !== now.size ? [sizeNode(old.size), icon('chevron'), sizeNode(now.size)] : sizeNode((now ?? old)?.size);
	const text = h('span', why(item));
	text.title = text.textContent && visible(text.textContent);
	return [cell('grow', moved && h('span.from', pathNode(moved), icon('chevron')), pathNode(path)), cell('why', text), cell('both', sizes), cell('status', outcome(item))];
}
