// Files with the same content in a job, by reclaimable bytes: each group with its copies.

import {
	h, put, icon, cell, get, query, jobPath, bytes, sizeNode, exactBytes, nameNode, pathNode, plural, count, visible, listing, searchField, sheet, placeholder
} from '../kernel.js';
import { targetNode } from './job-actions.js';
import { digestLine } from './hash-rows.js';

// A row has room for this many lines of so many pixels, see `.copies`.
const LINES = 3;
const LINE = 24;

export async function mount(root, { parts: [id], search, signal }) {
	const job = await get(jobPath(id), { signal });
	const sum = h('span.hint@reclaimable');
	const all = (members) => jobPath(id, `/duplicates${query(members)}`);
	const least = leastSize((min) => list.go({ min_size: min }));
	let algorithm;
	const list = listing({
		label: 'Duplicates', testid: 'group-row', address: `#/duplicates/${id}`, start: search, names: ['q', 'min_size', 'sort'], heads: sum, tools: least.node, all,
		heights: [LINES * LINE + 40, LINES * LINE + 14],
		columns: [['Copies of one content', 'grow'], ['Size', 'size', 'size'], ['Copies', 'size', 'count'], ['Reclaimable', 'size', 'reclaimable_bytes']],
		search: { label: 'Part of a path', show: ({ q }) => q, read: (text) => ({ q: text }) },
		load: async (filters, signal) => {
			least.show(filters.min_size);
			const { groups: items, total, reclaimable_bytes: spare, algorithm: key } = await get(all(filters), { signal });
			algorithm = key;
			put(sum, `${bytes(spare)} reclaimable`);
			sum.title = exactBytes(spare);
			return { items, total };
		},
		fill: (group, isOpen) => cells(group, isOpen, list.toggle), open: (group) => details(group, algorithm),
		nothing: () => placeholder('check', 'No duplicates', 'No two files here have the same content.'),
	});
	list.show({}, true);
	put(root, h('header.view-head', h('h1', 'Duplicates'), h('a.compared', { href: `#/job/${id}` }, targetNode(job))), list.node);
	return list.view('Duplicates');
}

const POWERS = { '': 0, k: 1, m: 2, g: 3, t: 4 };

// '1.5 GiB' -> '1610612736', '' -> '', anything else -> null.
function bytesIn(text) {
	const [, amount, unit = '', binary] = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])(i?))?b?$/i.exec(text) ?? [];
	const least = Math.ceil(amount * (binary ? 1024 : 1000) ** POWERS[unit.toLowerCase()]);
	return text === '' ? '' : Number.isSafeInteger(least) ? String(least) : null;
}

function leastSize(choose) {
	const { field, node } = searchField('least-size', 'Least size, like 1 MiB', '', () => field.setCustomValidity(''));
	field.addEventListener('change', () => {
		const min = bytesIn(field.value.trim());
		field.setCustomValidity(min === null ? 'Write a number of bytes, or a number with a unit: 500 kB, 1.5 GiB.' : '');
		if (field.reportValidity()) choose(min);
	});
	return { node, show(min) { if (bytesIn(field.value.trim()) !== min) { field.value = min && `${min} B`; field.setCustomValidity(''); } } };
}

// Names with the same number are hard links to one file.
function hardLink({ paths, file_numbers: files }, at) {
	const first = files.indexOf(files[at]);
	return first < at && h('span.tag@hard-link', { title: `hard link to ${visible(paths[first])}` }, 'hard link', h('span.wide-only', ` to ${visible(paths[first])}`));
}

const beyond = ({ names, paths }) => names > paths.length && h('li.hint', `and ${count(names - paths.length)} more, which the export lists`);

function cells(group, isOpen, toggle) {
	const { paths, names, size, count: copies, reclaimable_bytes: spare } = group;
	const shown = names > LINES ? LINES - 1 : names;
	const lines = (from, to) => paths.slice(from, to).map((path, at) => h('li@copy', pathNode(path), hardLink(group, from + at)));
	const rest = paths.length - shown + (names > paths.length);
	const more = names > shown && h('button.more-copies@more-copies', { type: 'button', 'aria-expanded': String(isOpen), click: ({ currentTarget }) => {
		const row = currentTarget.closest('.table-row');
		toggle(row.index, rest * LINE);
		// Drawn anew.
		row.querySelector('.more-copies').focus({ preventScroll: true });
	} }, icon('chevron'), `and ${count(names - shown)} more`);
	const narrow = (text) => h('span.narrow-only', text);
	return [cell('grow', h('ul.copies', lines(0, shown), more && h('li', more), isOpen && [lines(shown), beyond(group)])), cell('size', sizeNode(size), narrow(' each')),
		cell('size', count(copies), narrow(copies === 1 ? ' copy' : ' copies')), cell('size', sizeNode(spare), narrow(' reclaimable'))];
}

function details(group, algorithm) {
	const { digest, size, names, paths } = group;
	sheet('Copies', `${plural(names, 'name')} with the same content, ${bytes(size)}`, h('div.digests', digestLine(algorithm, digest)),
		h('ul.plain-list', paths.map((path, at) => h('li', nameNode(path, 'wrap'), hardLink(group, at))), beyond(group)));
}
