// Files with the same content in a job, by reclaimable bytes.

import {
	h, put, cell, get, query, jobPath, bytes, sizeNode, exactBytes, nameNode, pathNode, plural, count, visible, listing, sheet, placeholder
} from '../kernel.js';
import { targetNode } from './job-actions.js';
import { digestLine } from './hash-rows.js';

export async function mount(root, { parts: [id], search, signal }) {
	const job = await get(jobPath(id), { signal });
	const sum = h('span.hint@reclaimable');
	let algorithm;
	const list = listing({
		label: 'Duplicates', testid: 'group-row', address: `#/duplicates/${id}`, start: search, names: ['q', 'min_size', 'sort'], heads: sum,
		columns: [['One of them', 'grow'], ['Size', 'size', 'size'], ['Copies', 'size', 'count'], ['Reclaimable', 'size', 'reclaimable_bytes']],
		search: { label: 'Part of a path, or >1MB', show, read },
		load: async (filters, signal) => {
			const { groups: items, total, reclaimable_bytes: all, algorithm: key } = await get(jobPath(id, `/duplicates${query(filters)}`), { signal });
			algorithm = key;
			put(sum, `${bytes(all)} reclaimable`);
			sum.title = exactBytes(all);
			return { items, total };
		},
		fill, open: (group) => copies(group, algorithm), nothing: () => placeholder('check', 'No duplicates', 'No two files here have the same content.'),
	});
	list.show({}, true);
	put(root, h('header.view-head', h('h1', 'Duplicates'), h('a.compared', { href: `#/job/${id}` }, targetNode(job))), list.node);
	return list.view('Duplicates');
}

const UNITS = { k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

// '>1.5GB' among the words is the least size; the rest is a part of a path.
function read(text) {
	const [, amount, unit] = /(?:^|\s)>(\d+(?:\.\d+)?)([kmgt]?)b?(?=\s|$)/i.exec(text) ?? [];
	const least = amount && Math.round(amount * (UNITS[unit.toLowerCase()] ?? 1));
	return { q: text.replace(/(?:^|\s)>\d\S*/, '').trim(), min_size: Number.isSafeInteger(least) ? String(least) : '' };
}

const show = ({ q, min_size: least }) => [least && `>${least}`, q].filter(Boolean).join(' ');

const fill = ({ paths, names, size, count: copies, reclaimable_bytes: spare }) => [cell('grow', pathNode(paths[0]), h('span.tag', plural(names, 'name'))), cell('size', sizeNode(size)),
	cell('size', count(copies)), cell('size', sizeNode(spare))];

// Names with the same number are hard links to one file.
function copies({ digest, size, names, paths, file_numbers: files }, algorithm) {
	const isLink = (at) => files.indexOf(files[at]) < at;
	sheet('Copies', `${plural(names, 'name')} with the same content, ${bytes(size)}`, h('div.digests', digestLine(algorithm, digest)),
		h('ul.plain-list', paths.map((path, at) => h('li', nameNode(path, 'wrap'), isLink(at) && h('span.tag@hard-link', `hard link to ${visible(paths[files.indexOf(files[at])])}`)))), names > paths.length && h('p', `and ${plural(names - paths.length, 'more')}`));
}
