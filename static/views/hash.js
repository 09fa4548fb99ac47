// The hash view: drop or choose files, watch the uploads, copy the digests.

import {
	h, put, icon, button, algorithms, visible, recognise, looksLikeManifest, parse, MAX_MANIFEST_BYTES, onDrop, chooser, picker, remembered, showProblem, toast
} from '../kernel.js';
import { queue, onQueue, add, addManifest, recheck } from './hash-queue.js';
import { fromDrop, fromList } from './hash-collect.js';
import { queueList } from './hash-list.js';
import { expectPanel } from './hash-expect.js';

async function take(batches) {
	try {
		for await (const { files = [], unreadable } of batches) {
			if (unreadable) showProblem({ name: 'Problem', detail: `The browser could not read “${visible(unreadable)}”.` });
			const plain = [];
			for (const entry of files) if (!(await asManifest(entry))) plain.push(entry);
			if (plain.length) add(plain);
		}
	} catch (error) { showProblem(error); }
}

async function asManifest({ file, path }) {
	if (!looksLikeManifest(path) || file.size > MAX_MANIFEST_BYTES) return false;
	const { entries, bad } = parse(await file.text().catch(() => ''), path);
	if (!entries.length || bad > entries.length) return false;
	addManifest({ name: path, entries, bad });
	return true;
}

export async function mount(root, { signal }) {
	const known = await algorithms();
	if (!queue.chosen.size) remembered(known).forEach((name) => queue.chosen.add(name));
	const list = queueList();
	const chips = picker(known, queue.chosen, recheck);
	const expectation = expectPanel(known);
	const zone = dropZone();
	put(root, h('h1.offscreen', 'Hash files'), h('div.columns.hash-view', zone,
		h('aside.side', { label: 'Settings' }, h('section.panel', { label: 'Digests' }, h('h2', 'Digests'), chips.node), expectation.node), list.node));
	onDrop(signal, zone, (transfer) => take(fromDrop(transfer)));
	addEventListener('paste', (event) => pasted(event, known, expectation), { signal });
	const stopQueue = onQueue((change) => { list.update(change); expectation.show(); });
	return { title: 'Hash', unmount: stopQueue };
}

function dropZone() {
	const files = chooser('file-input', 'Choose files', (list) => take(fromList(list)), { multiple: true });
	const folder = chooser('folder-input', 'Choose a folder', (list) => take(fromList(list)), { webkitdirectory: true });
	return h('section.drop-zone@drop-zone', { label: 'Drop files here' }, h('span.drop-glyph.hex', icon('drop')), h('p.drop-title', 'Drop files or folders to hash them'),
		h('p.drop-text', 'Hashed while they arrive, never stored. You can also paste files, text or a digest.'),
		h('div.row.center', button('Choose files', '.primary', () => files.click(), 'file'), button('Choose a folder', '', () => folder.click(), 'folder')), files, folder);
}

// Files are hashed, a digest goes to its field, other text is hashed as it is.
function pasted(event, known, expectation) {
	if (event.target.closest?.('input, textarea')) return;
	const { files } = event.clipboardData;
	const text = event.clipboardData.getData('text/plain');
	const found = text && recognise(text, known);
	event.preventDefault();
	if (files.length) take(fromList(files));
	else if (found?.hex) expectation.set(text.trim());
	else if (text) { add([{ file: new File([text], 'pasted text'), path: 'pasted text' }]); toast('Pasted text added'); }
}
