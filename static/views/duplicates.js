// Files with the same content in a job, by reclaimable bytes.

import {
	h, put, cell, get, query, jobPath, bytes, sizeNode, exactBytes, nameNode, pathNode, plural, count, listing, sheet, placeholder
} from '../kernel.js';
import { targetNode } from './job-actions.js';
import { digestLine } from './hash-rows.js';

export async function mount(root, { parts: [id], search, signal }) {
	const job = await get(jobPath(id), { signal });
	const sum = h('span.hint@reclaimable');
	let algorithm;
	const list = listing({
		label: 'Duplicates', testid: 'group-row', address: `#/duplicates/${id}`, start: search, names: [], heads: sum,
		columns: [['One of them', 'grow'], ['Size', 'size'], ['Copies', 'size'], ['Reclaimable', 'size']],
		load: async (filters, signal) => {
			const { groups: items, total, reclaimable_bytes: all, algorithm: key } = await get(jobPath(id, `/duplicates${query(filters)}`), { signal });
			algorithm = key;
			put(sum, `${bytes(all)} reclaimable`);
			sum.title = exactBytes(all);
			return { items, total };
		},
		fill, open: (group) => show(group, algorithm), nothing: () => placeholder('check', 'No duplicates', 'No two files here have the same content.'),
	});
	put(root, h('header.view-head', h('h1', 'Duplicates'), h('a.compared', { href: `#/job/${id}` }, targetNode(job))), list.node);
	return list.view('Duplicates');
}

const fill = ({ paths, names, size, count: copies, reclaimable_bytes: spare }) => [cell('grow', pathNode(paths[0]), h('span.tag', plural(names, 'name'))), cell('size', sizeNode(size)),
	cell('size', count(copies)), cell('size', sizeNode(spare))];

function show({ digest, size, names, paths }, algorithm) {
	sheet('Copies', `${plural(names, 'name')} with the same content, ${bytes(size)}`, h('div.digests', digestLine(algorithm, digest)),
		h('ul.plain-list', paths.map((path) => h('li', nameNode(path, 'wrap')))), names > paths.length && h('p', `and ${plural(names - paths.length, 'more')}`));
}
