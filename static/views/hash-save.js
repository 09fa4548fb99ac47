// Saves checksum files of what was hashed.

import { h, put, menu, formats, count, plural, relative, toast } from '../kernel.js';
import { queue, chosenDigests } from './hash-queue.js';

function results() {
	const done = queue.items.filter(({ state }) => state === 'done');
	return relative(done.map((item) => ({ name: item.name, size: item.size, modified: item.modified, digests: chosenDigests(item, []) })));
}

function save({ fileName, text, files }, of) {
	// As text, browsers would add .txt to a name without an ending.
	const url = URL.createObjectURL(new Blob([text()], { type: 'application/octet-stream' }));
	h('a', { href: url, download: fileName }).click();
	setTimeout(() => URL.revokeObjectURL(url), 10_000);
	if (files < of) toast(`${fileName} has ${plural(files, 'file')} of ${of}: the others have no such digest`);
}

// What checksum files of the hashed files would not tell: digests that are not those expected, and files that are not there.
export const saveText = (differs, missing) => [
	differs && (differs === 1 ? '1 file that differs is saved with the digest it has.' : `${count(differs)} files that differ are saved with the digests they have.`),
	missing && (missing === 1 ? '1 missing file is left out.' : `${count(missing)} missing files are left out.`),
].filter(Boolean).join(' ');

export function saveMenu(known) {
	const list = h('ul.menu-list');
	const node = menu('', '@save-manifest', 'Save checksums', show, list);

	function close() { node.open = false; node.firstChild.focus(); }

	function show() {
		const all = results();
		put(list, ...formats(all, known).map((one) => h('li', h('button@save-format', { type: 'button', 'data-format': one.format, click: () => { save(one, all.length); close(); } },
			one.title, one.files < all.length && h('small', `${one.files} of ${plural(all.length, 'file')}`)))));
	}
	return { node };
}
