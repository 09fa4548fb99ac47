// The hash view: drop or choose files, watch them go up, take their digests.

import { h, put, icon, button } from '../kernel/dom.js';
import { algorithms } from '../kernel/api.js';
import { visible } from '../kernel/format.js';
import { recognise } from '../kernel/digest.js';
import { looksLikeManifest, parse, MAX_MANIFEST_BYTES } from '../kernel/manifest.js';
import { picker, remembered } from '../kernel/picker.js';
import { showProblem, toast } from '../kernel/notice.js';
import { queue, onQueue, add, addManifest } from './hash-queue.js';
import { fromDrop, fromList } from './hash-collect.js';
import { queueList } from './hash-list.js';
import { expectPanel } from './hash-expect.js';

/** Takes files in, setting checksum files apart. */
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

export async function mount(root) {
	const known = await algorithms();
	if (!queue.chosen.size) remembered(known).forEach((name) => queue.chosen.add(name));
	const list = queueList();
	const chips = picker(known, queue.chosen, list.sums);
	const expectation = expectPanel(known);
	put(root, h('h1.offscreen', 'Hash files'), h('div.columns.hash-view', dropZone(),
		h('aside.side', { label: 'Settings' }, h('section.panel', { label: 'Digests' }, h('h2', 'Digests'), chips.node), expectation.node), list.node));
	const stop = new AbortController();
	listen(stop.signal, known, expectation);
	const stopQueue = onQueue((change) => { list.update(change); expectation.show(); });
	return { title: 'Hash', unmount() { stopQueue(); stop.abort(); } };
}

function dropZone() {
	const input = (spec, label, more) => h(`input.offscreen@${spec}`, { type: 'file', tabindex: '-1', label: label, ...more,
		change: (event) => { take(fromList([...event.target.files])); event.target.value = ''; } });
	const files = input('file-input', 'Choose files', { multiple: true });
	const folder = input('folder-input', 'Choose a folder', { webkitdirectory: true });
	return h('section.drop-zone@drop-zone', { label: 'Drop files here' }, h('span.drop-glyph.hex', icon('drop')), h('p.drop-title', 'Drop files or folders to hash them'),
		h('p.drop-text', 'Digested while they arrive, never stored. You can also paste files, text or a digest.'),
		h('div.row.center', button('Choose files', '.primary', () => files.click(), 'file'), button('Choose a folder', '', () => folder.click(), 'folder')), files, folder);
}

/** The whole window takes drops, so that a near miss does not open the file instead of the page. */
function listen(signal, known, expectation) {
	let depth = 0;
	const enter = (change) => { depth = change ? Math.max(0, depth + change) : 0; document.querySelector('.drop-zone')?.classList.toggle('over', depth > 0); };
	const on = (name, handler) => addEventListener(name, (event) => { if (event.dataTransfer?.types.includes('Files')) { event.preventDefault(); handler(event); } }, { signal });
	on('dragenter', () => enter(1));
	on('dragleave', () => enter(-1));
	on('dragover', (event) => { event.dataTransfer.dropEffect = 'copy'; });
	on('drop', (event) => { enter(0); take(fromDrop(event.dataTransfer)); });
	addEventListener('paste', (event) => pasted(event, known, expectation), { signal });
}

/** Files are hashed, a digest goes to its field, other text is hashed as it is. */
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
