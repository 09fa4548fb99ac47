// The directories view: browse the roots, start a job on a directory or a file.

import { h, put, icon, button, cell, skeleton } from '../kernel/dom.js';
import { get, roots, query } from '../kernel/api.js';
import { bytes, sizeNode, ago, nameNode, visible, plural } from '../kernel/format.js';
import { componentOf, readable, queryPath, filesHref } from '../kernel/place.js';
import { placeholder } from '../kernel/notice.js';
import { Table } from '../kernel/table.js';
import { Feed } from '../kernel/pages.js';
import { onDrop } from '../kernel/drop.js';
import { startPanel } from './files-start.js';

const PAGE = 500;
const TYPE_AHEAD_MS = 900;
const GLYPHS = { directory: 'folder', file: 'file', symlink: 'link', other: 'other' };
const KINDS = { symlink: 'link', other: 'special' };
const still = { title: 'Directories', unmount() {} };

export async function mount(root, { parts: [name, ...components], signal }) {
	const known = await roots();
	if (name && known.length) return browse(root, signal, decodeURIComponent(name), components.filter(Boolean));
	put(root, known.length ? rootList(known) : placeholder('root', 'No directories are served',
		'Uploads work without one. To hash directories of the server, start it with one or more:', h('code.command', 'hivesum serve DIR')));
	return still;
}

const rootList = (known) => h('section.roots', h('h1', 'Directories'), h('p.hint', 'The directories that the server was started with.'),
	h('ul.root-list@root-list', known.map(({ name, filesystem }) => h('li',
		h('a.root-card', { href: filesHref(name) }, h('span.root-glyph.hex', icon('root')), h('span', nameNode(name, 'root-name'), h('small', filesystem)),
		icon('chevron'))))));

async function browse(root, signal, name, components) {
	let target = null;
	const up = components.length ? filesHref(name, components.slice(0, -1)) : '#/files';
	const title = components.length ? readable(components.at(-1)) : name;
	const feed = new Feed({ load: (cursor) => get(`roots/${encodeURIComponent(name)}/entries${query({ limit: PAGE, cursor })}&path=${queryPath(components)}`,
		{ signal }), signal, changed: arrived, failed: broken });
	const [tally, bubble, place] = [h('span.tally'), h('span.type-ahead', { hidden: true }), h('div.browser-body', skeleton(9))];
	const seeker = typeAhead(feed, bubble, (index) => table.select(index));
	const table = new Table({
		label: `Entries of ${visible(title)}`, rowHeight: 36, source: feed, testid: 'entry-row', className: 'entries',
			columns: [['Name', 'grow'], ['Size', 'size'], ['Modified', 'time']],
		fill: (row, entry) => fillEntry(row, entry, target?.entry === entry), open: (index, entry) => choose(entry), key: typed,
	});
	const panel = startPanel(name, () => target ?? { components, kind: 'directory' }, () => pick(null), signal);
	onDrop(signal, panel.node, ({ files }) => panel.drop(files));

	function choose(entry) {
		if (entry?.kind === 'directory') location.hash = filesHref(name, [...components, componentOf(entry)]);
		else if (entry?.kind === 'file') pick(target?.entry === entry ? null : entry);
	}

	function pick(entry) {
		target = entry && { entry, components: [...components, componentOf(entry)], kind: 'file', size: entry.size };
		table.repaint();
		panel.show();
	}

	function typed({ key }) {
		if (key === 'Backspace' && !seeker.busy()) location.hash = up;
		else if (key === 'Escape' && target) pick(null);
		else if (key.length === 1 || key === 'Backspace') seeker.type(key);
		else return false;
		return true;
	}

	function arrived() {
		if (!feed.items.length) { put(place, placeholder('folder', 'Nothing in here', 'This directory is empty.')); return; }
		if (!table.node.isConnected) put(place, table.node);
		table.measure();
		const files = feed.items.filter((entry) => entry.kind === 'file');
		const directories = feed.items.filter((entry) => entry.kind === 'directory').length;
		put(tally, `${plural(directories, 'directory', 'directories')}, ${plural(files.length, 'file')}, ${bytes(files.reduce((sum, entry) => sum + (entry.size ?? 0), 0))}${feed.done ? '' : ' so far'}`);
		seeker.go();
	}

	function broken(problem) {
		const again = button('Try again', '', () => { put(place, skeleton(9)); feed.again(); }, 'retry');
		put(place, placeholder('warn', problem.status === 404 ? 'There is nothing at this path' : 'This directory could not be read', problem.detail,
			[again, h('a.button', { href: up }, 'Go up')], problem));
	}

	put(root, h('h1.offscreen', 'Directories'), h('div.columns.files-view',
		h('section.browser', { label: 'Browser' }, h('div.browser-head', crumbs(name, components), bubble, tally), place), panel.node));
	await feed.more();
	if (matchMedia('(min-width: 60rem)').matches && document.activeElement === document.body) table.node.focus({ preventScroll: true });
	return { title: visible(title), unmount() { table.destroy(); } };
}

/** Moves to the first name that begins so, fetching on while there is none. */
function typeAhead(feed, bubble, found) {
	let sought = '';
	let open = false;
	let timer;
	function go() {
		if (!open) return;
		const index = feed.items.findIndex((entry) => entry.name.toLowerCase().startsWith(sought));
		if (index < 0 && !feed.done) { feed.more(); return; }
		open = false;
		if (index >= 0) found(index);
	}
	return {
		go,
		busy: () => sought !== '',
		type(key) {
			sought = key === 'Backspace' ? sought.slice(0, -1) : sought + key.toLowerCase();
			clearTimeout(timer);
			timer = setTimeout(() => { sought = ''; bubble.hidden = true; }, TYPE_AHEAD_MS);
			bubble.hidden = false;
			put(bubble, sought);
			open = sought !== '';
			go();
		},
	};
}

function crumbs(name, components) {
	const links = [h('a', { href: '#/files' }, 'Roots'), h('a', { href: filesHref(name) }, nameNode(name)),
		...components.map((component, i) => h('a', { href: filesHref(name, components.slice(0, i + 1)) }, nameNode(readable(component))))];
	links.at(-1).setAttribute('aria-current', 'page');
	return h('nav.crumbs', { label: 'Path' }, h('ol', links.map((link) => h('li', link))));
}

function fillEntry(row, entry, picked) {
	const { name, name_b64: exact, kind, size, modified_at: at } = entry;
	const file = kind === 'file';
	row.className = `table-row entry ${kind} ${picked ? 'picked' : ''}`;
	const cells = [cell('grow', icon(GLYPHS[kind] ?? 'other', kind), nameNode(name, 'base'),
		exact && h('span.tag', { title: 'This name is not valid UTF-8; its exact bytes are kept.' }, 'raw bytes')), cell('size', file ? sizeNode(size) : KINDS[kind]),
		cell('time', at ? ago(at) : '')];
	[cells[0].title, cells[2].title] = [visible(name), at ?? ''];
	put(row, cells);
}
