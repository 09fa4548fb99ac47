// The list of uploads: its sums, its checksum files, and a table of which only the visible rows exist.

import { h, put, button, progressBar, searchField, sheet, bytes, exactBytes, count, rate, duration, plural, announce, visible, algorithmTitle, Table, tabBar } from '../kernel.js';
import { queue, totals, cancel, remove, removeManifests, busy } from './hash-queue.js';
import { manifests } from './hash-manifests.js';
import { TAGS, survey } from './hash-tags.js';
import { COLUMNS, Details, Row, manifestRow } from './hash-rows.js';
import { saveText, saveMenu } from './hash-save.js';
import { keptText } from './hash-keep.js';

const ROW_PIXELS = 27;
const MOST_MANIFEST_ROWS = 50;
const WIDE = matchMedia('(min-width: 60.01rem)');

// `details` shows the file that is selected, at first the one in the first row.
export function queueList(known) {
	const rows = { all: [], total: 0, get: (index) => rows.shown[index], want() {}, shown: [] };
	const details = new Details();
	let [tag, sought, picked, current, algorithm] = ['', '', null, null, ''];
	const table = new Table({ label: 'Files', testid: 'upload-row', className: 'uploads', rowHeight: ROW_PIXELS, columns: COLUMNS, source: rows, open: pick, fill });
	const tabs = tabBar(TAGS, (value) => { tag = value; table.moveTo(0); update(); }, false);
	const { field, node: seek } = searchField('uploads-search', 'Part of a name', '', () => { sought = field.value.trim().toLowerCase(); table.moveTo(0); update(); });
	const choice = digestChoice(known, (name) => { algorithm = name; table.repaint(); });
	const nothing = h('p.hint.uploads-none@uploads-none');
	const tools = h('div.results-tools.uploads-tools', tabs.node, h('span.spring'), choice.node, seek);
	const [summary, lists] = [summaryOf(known, () => { [tag, sought, field.value] = ['', '', '']; }), manifestList()];
	const body = h('div.panel.results-panel', tools, table.node, nothing);
	const node = h('section.queue', { label: 'Queue' }, summary.node, lists.node, body);

	function fill(row, item) {
		row.view ??= new Row(row);
		if (item) row.view.show(item, algorithm, item === current);
	}

	function pick(item) {
		picked = current = item;
		table.repaint();
		details.show(item);
		if (!WIDE.matches) inSheet(item);
	}

	function update() {
		const { sums, counts, rows: all, unexpected } = survey();
		const fits = ({ tag: one, name }) => (!tag || one === tag) && (!sought || name.toLowerCase().includes(sought));
		rows.shown = tag || sought ? all.filter(fits) : all;
		rows.total = rows.shown.length;
		node.hidden = !queue.items.length && !manifests.size;
		body.hidden = !all.length;
		if (tag && !counts[tag]) { tag = ''; update(); return; }
		table.node.hidden = !rows.total;
		nothing.hidden = rows.total > 0;
		put(nothing, `No name ${tag && `under “${TAGS[tag]}” `}contains “${visible(field.value.trim())}”.`);
		tabs.count(counts);
		tabs.mark(tag);
		summary.show(counts, unexpected);
		lists.show(sums);
		algorithm = choice.show();
		if (picked && !all.includes(picked)) picked = null;
		current = picked ?? rows.shown[0];
		details.show(current);
		table.measure();
		table.repaint();
	}

	update();
	return { node, details: details.node, update, destroy: () => table.destroy() };
}

function inSheet(item) {
	const own = new Details();
	own.show(item);
	sheet(`Details of ${visible(item.name)}`, 'Selected file', own.node);
}

// Which digest the rows show, if there are several: until one is chosen, that of a checksum file.
function digestChoice(known, changed) {
	const select = h('select.field', { label: 'Digest shown', change: () => { chosen = select.value; changed(chosen); } });
	let [names, chosen] = ['', ''];
	return {
		node: select,
		show() {
			const listed = listedAlgorithms();
			const asked = new Set([...queue.chosen, ...listed]);
			for (const item of queue.items) for (const name of item.asked) asked.add(name);
			const there = [...new Set([...known.map(({ name }) => name), ...listed])].filter((name) => asked.has(name));
			if (String(there) !== names) {
				names = String(there);
				put(select, ...there.map((name) => h('option', { value: name }, algorithmTitle(name))));
			}
			const now = [chosen, ...listed, ...there].find((name) => there.includes(name));
			if (now && select.value !== now) select.value = now;
			select.hidden = there.length < 2;
			return select.value;
		},
	};
}

// Those that are known, of all checksum files.
const listedAlgorithms = () => [...new Set([...manifests.values()].flatMap(({ candidates }) => candidates.all().filter(({ length }) => length === 1).flat()))];

// `cleared` is called when the list is emptied.
function summaryOf(known, cleared) {
	let wasActive = 0;
	const headline = h('p.queue-headline@queue-headline');
	const fine = h('p.queue-fine');
	const kept = h('p.hint@queue-kept');
	const track = progressBar('@queue-bar', 'All uploads');
	const save = saveMenu(known);
	const note = h('p.hint@save-note');
	const stop = button('Cancel all', '@cancel-all', () => cancel(queue.items), 'cross');
	const clear = button('Clear', '.quiet@clear', () => { cleared(); remove(queue.items.filter((item) => !busy(item))); removeManifests(...manifests.keys()); queue.kept = null; }, 'trash');
	const say = (n, text) => (n ? `, ${count(n)} ${text}` : '');

	// `unexpected`: no file has the expected digest.
	function show({ differs = 0, missing = 0, open = 0, new: more = 0 }, unexpected) {
		const { files, settled, done, failed, cancelled, active, bytes: all, sent, rate: speed, eta } = totals();
		const others = say(failed, 'failed') + say(differs, differs === 1 ? 'differs' : 'differ') + say(missing, 'missing') + say(more, 'new') + say(cancelled, 'cancelled') + (unexpected && !differs ? ', none has the expected digest' : '');
		put(headline, active ? `${count(settled)} of ${plural(files, 'file')}${others}` : `${plural(done, 'file')} hashed${others}`);
		put(fine, active ? [`${bytes(sent)} of ${bytes(all)}`, speed > 0 && rate(speed), eta >= 0 && `${duration(Math.max(1, eta))} left`].filter(Boolean).join(' · ') : bytes(all));
		fine.title = exactBytes(all);
		put(kept, queue.kept ? keptText(queue.kept) : '');
		kept.hidden = !queue.kept;
		track.set(all ? sent / all : active ? 0 : 1);
		// Green is for what has no failure and nothing left open.
		track.node.className = `bar ${failed || differs || unexpected ? 'failed' : missing || open ? 'partial' : active ? '' : 'completed'}`;
		save.node.hidden = active || !done;
		note.hidden = save.node.hidden || !(differs || missing);
		put(note, saveText(differs, missing));
		stop.hidden = !active;
		clear.hidden = active;
		if (wasActive && !active) announce(headline.textContent);
		wasActive = active;
	}
	return { node: h('div.queue-summary', h('div', headline, fine, kept), h('div.queue-acts', h('div.row.end', save.node, stop, clear), note), track.node), show };
}

function manifestList() {
	const node = h('ul.manifests', { label: 'Checksum files' });
	let shown = '';
	return {
		node,
		show(sums) {
			const some = [...sums].slice(0, MOST_MANIFEST_ROWS);
			const key = JSON.stringify([sums.size, some.map(([{ name, candidates }, { match, mismatch, open, missing }]) => [name, candidates.all(), match, mismatch, open, missing.length])]);
			if (key === shown) return;
			shown = key;
			put(node, ...some.map(([manifest, sum]) => manifestRow(manifest, sum)), sums.size > some.length && h('li.hint', `and ${plural(sums.size - some.length, 'more checksum file')}`));
		},
	};
}
