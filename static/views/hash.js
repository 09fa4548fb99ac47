// The hash view.

import {
	h, put, icon, button, fold, algorithms, send, query, visible, recognise, looksLikeManifest, baseName, MAX_MANIFEST_BYTES, onDrop, chooser, picker, remembered,
	showProblem, Problem, plural, titles, toast, may, wholeView
} from '../kernel.js';
import { queue, onQueue, add, addManifest, check } from './hash-queue.js';
import { tell } from './hash-items.js';
import { fromDrop, fromList } from './hash-drop.js';
import { queueList } from './hash-list.js';
import { expectPanel } from './hash-expect.js';

// What releases are published with, and what is fast: both in one pass.
const COMPUTED = ['blake3', 'sha256'];

// `folders`: so many may be empty.
async function take(portions, folders = 0) {
	queue.reading += 1;
	let taken = 0;
	let bare = 0;
	try {
		for await (const { files, empty = 0 } of portions) {
			taken += files.length;
			bare += empty;
			const plain = [];
			for (const entry of files) if (entry.unreadable || !(await asManifest(entry))) plain.push(entry);
			if (plain.length) add(plain);
		}
		if (taken && bare) toast(`${plural(bare, 'empty folder')} ${bare > 1 ? 'hold' : 'holds'} no files`);
		if (folders && !taken) throw new Problem({ code: 'no_files', detail: folders > 1 ? 'These folders have no files.' : 'This folder has no files.' });
	} catch (error) { showProblem(error); }
	queue.reading -= 1;
	tell();
}

// False if the file is to be hashed as any other.
async function asManifest(entry) {
	const { file, path } = entry;
	if (!looksLikeManifest(path) || !file.size || file.size > MAX_MANIFEST_BYTES) return false;
	const body = await file.arrayBuffer().catch(() => null);
	if (!body) return false;
	const no = (why) => showProblem({ name: 'Problem', detail: `“${visible(path)}” is hashed as any other file: ${why}` });
	try {
		const read = await send('POST', `manifests/read${query({ name: baseName(path) })}`, { body, headers: { 'content-type': 'text/plain' } });
		if (await addManifest(path, read)) return true;
		read.lines_not_read.unsupported.forEach((name) => no(`${name} is not supported.`));
	} catch (problem) {
		if (![400, 413].includes(problem.status)) { showProblem(problem, () => take([{ files: [entry] }])); return true; }
		no(problem.detail);
	}
	return false;
}

export async function mount(root, { signal }) {
	if (!may('hash')) {
		put(root, wholeView('drop', 'This token may not hash', 'It lacks the scope hash. It may look at directories, jobs and their results.', h('a.button', { href: '#/jobs' }, 'Jobs')));
		return { title: 'Hash' };
	}
	const known = await algorithms();
	if (!queue.chosen.size) remembered(known, COMPUTED).forEach((name) => queue.chosen.add(name));
	const list = queueList(known);
	const chips = picker(known, queue.chosen, () => { name(); check(); });
	const chosen = h('small.hint');
	const name = () => put(chosen, titles([...queue.chosen]));
	const expectation = expectPanel(known);
	const zone = dropZone();
	put(root, h('h1.offscreen', 'Hash files'), h('div.columns.hash-view', zone, list.node,
		h('aside.side', { label: 'Settings' }, expectation.node, list.details,
			fold('.panel', 'Digests', chosen, chips.node))));
	name();
	onDrop(signal, zone, (transfer) => take(fromDrop(transfer), transfer.items.length));
	addEventListener('paste', (event) => pasted(event, known, expectation), { signal });
	const stopQueue = onQueue(() => { list.update(); expectation.show(); });
	return { title: 'Hash', unmount() { stopQueue(); list.destroy(); } };
}

function dropZone() {
	const files = chooser('file-input', 'Choose files', (list) => take(fromList(list)), { multiple: true });
	const folder = chooser('folder-input', 'Choose a folder', (list) => take(fromList(list), 1), { webkitdirectory: true });
	return h('section.drop-zone@drop-zone', { label: 'Drop files here' }, h('span.drop-glyph.hex', icon('drop')), h('p.drop-title', 'Drop files or folders to hash them'),
		h('p.drop-text', 'Hashed while they arrive, never stored. You can also paste files, text or a digest.'),
		h('div.row.center', button('Choose files', '.primary', () => files.click(), 'file'), button('Choose a folder', '', () => folder.click(), 'folder')), files, folder);
}

// A digest goes to its field, other text is hashed.
function pasted(event, known, expectation) {
	if (event.target.closest?.('input, textarea')) return;
	const { files } = event.clipboardData;
	const text = event.clipboardData.getData('text/plain');
	const found = text && recognise(text, known);
	event.preventDefault();
	if (files.length) take(fromList([...files]));
	else if (found?.hex) expectation.set(text.trim());
	else if (text) { add([{ file: new File([text], 'pasted text'), path: 'pasted text' }]); toast('Pasted text added'); }
}
