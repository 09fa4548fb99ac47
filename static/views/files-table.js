// Roots and entries as rows: sorted, searched, each directory with its last run and a button that starts the next.

import {
	h, put, icon, button, cell, algorithms, post, sizeNode, ago, farYear, nameNode, visible, word, when, ended, plural, bytes, count, STATES, jsonPath, remembered, showProblem,
	searchField, Table, Arranged, MOST_AT_ONCE
} from '../kernel.js';
import { JOB_VERDICTS, ROOT_WARNINGS } from './job-verdict.js';

const GLYPHS = { directory: 'folder', symlink: 'link', other: 'skip' };
// Why what is no file and no directory cannot be opened or started.
const KINDS = { symlink: ['symbolic link', 'Links are never followed.'], other: ['not a file', 'A pipe, a socket or a device: only files and directories are read.'] };
const columns = () => [['Name', 'grow', 'path'], ['Last run', 'run', 'run'], ['Files', 'count', 'files'], ['Size', 'size', 'size'], ['Modified', 'time', 'modified'], [h('span.offscreen', 'Start'), 'go']];
const time = (at) => (at ? Date.parse(at) : -Infinity);
const KEYS = {
	run: ({ last_run: last }) => time(last?.finished_at), files: ({ last_run: last }) => last?.files ?? -1, size: (entry) => (entry.kind === 'file' ? entry.size : entry.last_run?.bytes ?? -1),
	modified: ({ modified_at: at, modified_at_ns: ns }) => (ns ? Number(ns) / 1e6 : time(at)),
};

// `place(entry)`: {root, components} of a directory; `picked()`: the entry that is chosen.
export function entryTable({ label, feed, place, open, key, picked, more = () => false }) {
	const source = new Arranged(feed, KEYS);
	const note = h('span.hint@entries-note', { role: 'status' });
	const { field, node: search } = searchField('entries-search', 'Part of a name', '', () => arrange({ words: field.value.toLowerCase().split(/\s+/).filter(Boolean) }));
	const table = new Table({ label, rowHeight: 36, source, testid: 'entry-row', columns: columns(), open, key, sort: (sort) => arrange({ sort }),
		fill: (row, entry) => fillEntry(row, entry, { picked: picked?.() === entry, start: () => start(place(entry)), more }) });

	function arrange(change) {
		Object.assign(source, change);
		table.cursor = 0;
		refresh();
		table.moveTo(0);
	}

	function refresh() {
		source.rebuild();
		put(note, source.note());
		table.sorted(source.sort, true);
		table.measure();
		table.repaint();
	}

	// Small directories are there at once.
	async function load() {
		do await feed.more(); while (!feed.done && !feed.held && feed.items.length < MOST_AT_ONCE);
	}
	return { table, source, refresh, load, tools: h('div.entry-tools', search, note) };
}

// One click: the algorithms that were chosen last, the whole directory.
async function start({ root, components }) {
	try {
		const spec = { kind: 'hash', root, ...jsonPath(components), algorithms: remembered(await algorithms()) };
		location.hash = `#/job/${(await post('jobs', spec)).id}`;
	} catch (problem) { showProblem(problem); }
}

// The newest job on a directory: what it did, how it ended, and when.
function runNode(last) {
	if (!last) return false;
	const { kind, state, verdict, errors, finished_at: at } = last;
	const [look, glyph, title] = JOB_VERDICTS[verdict] ?? [];
	const text = ended(state) ? `${kind === 'verify' ? 'Verified' : 'Hashed'} ${ago(at)}` : word(STATES, state);
	return h('a.last-run@last-run', { href: `#/job/${last.job}`, title: `${title ? `${title}: ` : ''}${word(STATES, state)}${at ? `, ${when(at)}` : ''}${errors ? `, ${plural(errors, 'error')}` : ''}` },
		verdict ? h(`span.finding.${look}`, { 'data-verdict': verdict }, icon(glyph), h('span', title)) : errors > 0 && h('span.wait-text', icon('warn'), plural(errors, 'error')), h('span.hint', text));
}

// What is odd about a root, in words.
export const rootWarning = (warning) => warning && h('span.root-warning@root-warning', icon('warn'), ROOT_WARNINGS[warning] ?? word({}, warning));

function fillEntry(row, entry, { picked, start: begin, more }) {
	const { name, name_b64: exact, kind, size, modified_at: at, modified_at_ns: ns, last_run: last } = entry;
	const directory = kind === 'directory';
	row.className = `table-row entry ${kind} ${picked ? 'picked' : ''}`;
	const sizes = kind === 'file' ? sizeNode(size) : directory ? last && h('span', { title: `${bytes(last.bytes)} in the last run` }, sizeNode(last.bytes)) : '';
	const [odd, why] = KINDS[kind] ?? [];
	const cells = [cell('grow', icon(GLYPHS[kind] ?? 'file', kind), nameNode(name, 'base'),
		exact && h('span.tag', { title: 'This name is not valid UTF-8; its exact bytes are kept.' }, 'raw bytes'), odd && h('span.tag@odd', { title: why }, `${odd}: never read`), more(entry)), cell('run', runNode(last)),
	cell('count', last && count(last.files)), cell('size', sizes), cell('time', at ? ago(at) : ns ? farYear(ns) : ''),
	cell('go', directory && button('Start', '.small.needs-hash@start-row', begin, null, { label: `Start: hash ${visible(name)}` }))];
	[cells[0].title, cells[4].title] = [visible(name), at ?? (ns ? `${ns} ns since 1970` : '')];
	put(row, cells);
}
