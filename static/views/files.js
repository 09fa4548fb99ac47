// The directories view: browse the roots, start jobs.

import {
	h, put, button, skeleton, get, nameNode, visible, componentOf, readable, entriesPath, filesHref, placeholder, wholeView, Feed, onDrop, may
} from '../kernel.js';
import { startPanel } from './files-start.js';
import { isAway, isFar, nodesNote, unreachable } from './nodes.js';
import { entryTable, rootWarning } from './files-table.js';

const PAGE = 500;
const TYPE_AHEAD_MS = 900;

export async function mount(root, { parts: [name, ...components], signal }) {
	// Asked for each time: a root may be odd by now.
	const known = await get('roots', { signal });
	if (name && known.length) {
		const [title, below] = [decodeURIComponent(name), components.filter(Boolean)];
		const found = known.find((one) => one.name === title);
		return isAway(found) ? unreachable(root, found, crumbs(title, below)) : browse(root, signal, title, below, found);
	}
	if (!known.length) {
		put(root, wholeView('folder', 'No directories are served', 'Uploads work without them. Start the server with one or more:', h('code', 'hivesum serve DIR')));
		return { title: 'Directories' };
	}
	return rootTable(root, known, signal);
}

// All roots are known: there are no pages.
async function rootTable(root, known, signal) {
	const items = known.map((one) => ({ ...one, kind: 'directory' }));
	const feed = new Feed({ load: async () => ({ items }), signal, changed: () => list.refresh(), failed() {} });
	const list = entryTable({ label: 'Roots', feed, place: ({ name }) => ({ root: name, components: [] }), open: ({ name }) => { location.hash = filesHref(name); },
		more: (one) => [h('small.hint', one.filesystem), nodesNote(one), rootWarning(one.warning)] });
	put(root, h('section.browser.roots@root-list', { label: 'Roots' }, h('div.browser-head', h('h1', 'Directories'), h('span.spring'), list.tools), list.table.node));
	await list.load();
	return { title: 'Directories', unmount() { list.table.destroy(); } };
}

async function browse(root, signal, name, components, known) {
	let target = null;
	const up = components.length ? filesHref(name, components.slice(0, -1)) : '#/files';
	const title = components.length ? readable(components.at(-1)) : name;
	let baseline;
	const load = async (cursor) => { const page = await get(entriesPath(name, components, { limit: PAGE, cursor }), { signal }); baseline = page.baseline; return page; };
	const feed = new Feed({ load, signal, changed: arrived, failed: broken });
	const [bubble, body] = [h('span.type-ahead', { hidden: true }), h('div.browser-body', skeleton(9))];
	const seeker = typeAhead(feed, () => list.source.items, bubble, (index) => table.select(index));
	const list = entryTable({ label: `Entries of ${visible(title)}`, feed, place: (entry) => ({ root: name, components: [...components, componentOf(entry)] }), open: choose,
		key: typed, picked: () => target?.entry });
	const { table } = list;
	const panel = startPanel(name, () => target ?? { components, kind: 'directory' }, { unpick: () => pick(null), signal, last: () => baseline, far: isFar(known) });
	if (may('hash')) onDrop(signal, panel.node, ({ files }) => panel.drop(files));

	function choose(entry) {
		if (entry.kind === 'directory') location.hash = filesHref(name, [...components, componentOf(entry)]);
		else if (entry.kind === 'file') pick(target?.entry === entry ? null : entry);
	}

	function pick(entry) {
		target = entry && { entry, components: [...components, componentOf(entry)], kind: 'file', size: entry.size };
		table.repaint();
		panel.show();
		// On a narrow screen it is above the rows.
		if (entry) panel.node.scrollIntoView({ block: 'nearest' });
	}

	function typed({ key }) {
		if (key === 'Backspace' && !seeker.busy()) location.hash = up;
		else if (key === 'Escape' && target) pick(null);
		else if (key.length === 1 || key === 'Backspace') seeker.type(key);
		else return false;
		return true;
	}

	function arrived() {
		panel.node.hidden = false;
		if (!feed.items.length) { put(body, placeholder('folder', 'Nothing here', 'This directory is empty.')); return; }
		if (!table.node.isConnected) put(body, table.node);
		list.refresh();
		panel.show();
		seeker.go();
	}

	function broken(problem) {
		const gone = problem.status === 404 && !/ may not /.test(problem.detail);
		panel.node.hidden = problem.status === 404;
		const again = button('Try again', '', () => { put(body, skeleton(9)); feed.again(); }, 'retry');
		put(body, placeholder('warn', gone ? 'There is no directory at this path' : 'This directory could not be read', gone ? 'It was moved or deleted, it is no directory, or the way to it leads over a symbolic link, which is never followed.' : problem.detail,
			[again, h('a.button', { href: up }, 'Go up')], problem));
	}

	put(root, h('h1.offscreen', 'Directories'), h('div.columns.files-view',
		h('section.browser', { label: 'Browser' }, h('div.browser-head', crumbs(name, components), bubble, h('span.spring'), nodesNote(known), list.tools), rootWarning(known?.warning), body), panel.node));
	await list.load();
	if (matchMedia('(min-width: 60rem)').matches && document.activeElement === document.body) table.node.focus({ preventScroll: true });
	return { title: visible(title), unmount() { table.destroy(); } };
}

// Moves to the first name that begins with the typed text.
function typeAhead(feed, items, bubble, found) {
	let sought = '';
	let open = false;
	let timer;
	function go() {
		if (!open) return;
		const index = items().findIndex((entry) => entry.name.toLowerCase().startsWith(sought));
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
