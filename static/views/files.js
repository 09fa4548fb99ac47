// The directories view: browse the roots, start jobs.

import {
	h, put, icon, button, cell, skeleton, get, sizeNode, ago, farYear, nameNode, visible, componentOf, readable, entriesPath, filesHref, placeholder, word, when, ended, plural, bytes, STATES,
	Table, Feed, onDrop, may
} from '../kernel.js';
import { startPanel } from './files-start.js';
import { JOB_VERDICTS, ROOT_WARNINGS } from './job-verdict.js';

const PAGE = 500;
const TYPE_AHEAD_MS = 900;
const GLYPHS = { directory: 'folder', symlink: 'link' };
const KINDS = { symlink: 'link', other: 'special' };

export async function mount(root, { parts: [name, ...components], signal }) {
	// Asked for each time: a root may be odd by now.
	const known = await get('roots', { signal });
	if (name && known.length) return browse(root, signal, decodeURIComponent(name), components.filter(Boolean), known.find((one) => one.name === decodeURIComponent(name)));
	put(root, known.length ? rootList(known) : placeholder('folder', 'No directories are served',
		'Uploads work without them. Start the server with one or more:', h('code', 'hivesum serve DIR')));
	return { title: 'Directories' };
}

const rootList = (known) => h('section.roots', h('h1', 'Directories'),
	h('ul.root-list@root-list', known.map(({ name, filesystem, warning, last_run: last }) => h('li',
		h('a.root-card', { href: filesHref(name) }, h('span.root-glyph.hex', icon('folder')), h('span', nameNode(name, 'root-name'), h('small', filesystem), rootWarning(warning)), runNode(last),
		icon('chevron'))))));

// The newest job on a directory: what it did, how it ended, and when.
function runNode(last) {
	if (!last) return false;
	const { kind, state, verdict, errors, files, bytes: size, finished_at: at } = last;
	const [look, glyph, title] = JOB_VERDICTS[verdict] ?? [];
	const text = ended(state) ? `${kind === 'verify' ? 'Verified' : 'Hashed'} ${ago(at)}` : word(STATES, state);
	return h('span.last-run@last-run', { title: `${word(STATES, state)}${at ? `, ${when(at)}` : ''}: ${plural(files, 'file')}, ${bytes(size)}${errors ? `, ${plural(errors, 'error')}` : ''}` },
		verdict ? h(`span.finding.${look}`, { 'data-verdict': verdict }, icon(glyph), title) : errors > 0 && h('span.wait-text', icon('warn'), plural(errors, 'error')), h('span.hint', text));
}

// What is odd about a root, in words.
const rootWarning = (warning) => warning && h('span.root-warning@root-warning', icon('warn'), ROOT_WARNINGS[warning] ?? word({}, warning));

async function browse(root, signal, name, components, { warning, last_run: lastRun } = {}) {
	let target = null;
	const up = components.length ? filesHref(name, components.slice(0, -1)) : '#/files';
	const title = components.length ? readable(components.at(-1)) : name;
	const feed = new Feed({ load: (cursor) => get(entriesPath(name, components, { limit: PAGE, cursor }), { signal }), signal, changed: arrived, failed: broken });
	const [bubble, body] = [h('span.type-ahead', { hidden: true }), h('div.browser-body', skeleton(9))];
	const seeker = typeAhead(feed, bubble, (index) => table.select(index));
	const table = new Table({
		label: `Entries of ${visible(title)}`, rowHeight: 36, source: feed, testid: 'entry-row',
		columns: [['Name', 'grow'], ['Last run', 'run'], ['Size', 'size'], ['Modified', 'time']],
		fill: (row, entry) => fillEntry(row, entry, target?.entry === entry), open: choose, key: typed,
	});
	const panel = startPanel(name, () => target ?? { components, kind: 'directory' }, { unpick: () => pick(null), signal, last: !components.length && lastRun?.state === 'completed' ? lastRun.job : null });
	if (may('hash')) onDrop(signal, panel.node, ({ files }) => panel.drop(files));

	function choose(entry) {
		if (entry.kind === 'directory') location.hash = filesHref(name, [...components, componentOf(entry)]);
		else if (entry.kind === 'file') pick(target?.entry === entry ? null : entry);
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
		if (!feed.items.length) { put(body, placeholder('folder', 'Nothing here', 'This directory is empty.')); return; }
		if (!table.node.isConnected) put(body, table.node);
		table.measure();
		seeker.go();
	}

	function broken(problem) {
		const again = button('Try again', '', () => { put(body, skeleton(9)); feed.again(); }, 'retry');
		put(body, placeholder('warn', problem.status === 404 ? 'There is nothing at this path' : 'This directory could not be read', problem.detail,
			[again, h('a.button', { href: up }, 'Go up')], problem));
	}

	put(root, h('h1.offscreen', 'Directories'), h('div.columns.files-view',
		h('section.browser', { label: 'Browser' }, h('div.browser-head', crumbs(name, components), bubble), rootWarning(warning), body), panel.node));
	await feed.more();
	if (matchMedia('(min-width: 60rem)').matches && document.activeElement === document.body) table.node.focus({ preventScroll: true });
	return { title: visible(title), unmount() { table.destroy(); } };
}

// Moves to the first name that begins with the typed text.
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
	const { name, name_b64: exact, kind, size, modified_at: at, modified_at_ns: ns } = entry;
	const file = kind === 'file';
	row.className = `table-row entry ${kind} ${picked ? 'picked' : ''}`;
	const cells = [cell('grow', icon(GLYPHS[kind] ?? 'file', kind), nameNode(name, 'base'),
		exact && h('span.tag', { title: 'This name is not valid UTF-8; its exact bytes are kept.' }, 'raw bytes')), cell('run', runNode(entry.last_run)), cell('size', file ? sizeNode(size) : KINDS[kind]),
		cell('time', at ? ago(at) : ns ? farYear(ns) : '')];
	[cells[0].title, cells[3].title] = [visible(name), at ?? (ns ? `${ns} ns since 1970` : '')];
	put(row, cells);
}
