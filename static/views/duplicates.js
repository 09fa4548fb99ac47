// Files of one content in a job, the most reclaimable bytes first. Nothing is deleted here.

import { h, put, cell, iconButton } from '../kernel/dom.js';
import { get, query, jobPath } from '../kernel/api.js';
import { bytes, sizeNode, exactBytes, nameNode, pathNode, plural, count } from '../kernel/format.js';
import { listing } from '../kernel/listing.js';
import { dialog, placeholder } from '../kernel/notice.js';
import { targetNode } from './job-actions.js';
import { digestLine } from './hash-rows.js';

export async function mount(root, { parts: [id], search, signal }) {
	const job = await get(jobPath(id), { signal });
	const sum = h('span.hint@reclaimable');
	let algorithm;
	const size = h('select.field', { label: 'Least size', change: () => list.go({ min_size: size.value }) },
		[['', 'Any size'], [1024, 'From 1 KiB'], [1048576, 'From 1 MiB'], [1073741824, 'From 1 GiB']].map(([value, text]) => h('option', { value }, text)));
	size.value = search.min_size ?? '';
	const list = listing({
		label: 'Duplicates', testid: 'group-row', address: `#/duplicates/${id}`, start: search, names: ['min_size'], heads: sum, tools: size,
		columns: [['One of them', 'grow'], ['Size', 'size'], ['Copies', 'size'], ['Reclaimable', 'size']],
		load: async (filters, signal) => {
			const { groups: items, total, reclaimable_bytes: all, algorithm: key } = await get(jobPath(id, `/duplicates${query(filters)}`), { signal });
			algorithm = key;
			put(sum, `${bytes(all)} reclaimable`);
			sum.title = exactBytes(all);
			return { items, total };
		},
		fill, open: (index, group) => group && show(group, algorithm), nothing: () => placeholder('check', 'No duplicates', 'No two files here have the same content.'),
	});
	put(root, h('header.view-head', h('h1', 'Duplicates'), h('a.compared', { href: `#/job/${id}` }, targetNode(job))), list.node);
	return { title: 'Duplicates', unmount: list.destroy, update: (to) => list.follow(to.search) };
}

function fill(row, group) {
	if (!group) { put(row, cell('grow', h('i.ghost')), cell('size'), cell('size'), cell('size')); return; }
	put(row, cell('grow', pathNode(group.paths[0]), h('span.tag', plural(group.names, 'name'))), cell('size', sizeNode(group.size)), cell('size', count(group.count)),
		cell('size', sizeNode(group.reclaimable_bytes)));
}

function show({ digest, size, names, paths }, algorithm) {
	const box = dialog('.wide', 'Copies', h('div.dialog-head', h('h2', `${plural(names, 'name')} of one content, ${bytes(size)}`), iconButton('Close', 'cross', () => box.close())),
		h('div.digests', digestLine(algorithm, digest)), h('ul.plain-list', paths.map((path) => h('li', nameNode(path, 'wrap')))),
		names > paths.length && h('p', `and ${plural(names - paths.length, 'more')}`));
}
