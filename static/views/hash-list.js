// The list of uploads.

import { h, put, button, progressBar, bytes, exactBytes, count, rate, duration, plural, print, announce, algorithms } from '../kernel.js';
import { queue, totals, cancel, remove, removeManifests, busy, chosenDigests } from './hash-queue.js';
import { manifests } from './hash-manifests.js';
import { UploadRow, manifestRow } from './hash-rows.js';

const ROWS_AT_ONCE = 200;

async function saveManifest() {
	const { fileName, text } = print(queue.items.filter((item) => item.state === 'done').map((item) => ({ name: item.name, digests: chosenDigests(item, []) })), await algorithms());
	const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
	h('a', { href: url, download: fileName }).click();
	setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function queueList() {
	const rows = new Map();
	let most = ROWS_AT_ONCE;
	let wasActive = 0;
	const headline = h('p.queue-headline@queue-headline');
	const fine = h('p.queue-fine');
	const track = progressBar('', 'All uploads');
	const save = button('Save checksums', '@save-manifest', saveManifest, 'download');
	const stop = button('Cancel all', '@cancel-all', () => cancel(queue.items), 'cross');
	const clear = button('Clear', '.quiet', () => { remove(queue.items.filter((item) => !busy(item))); removeManifests(...manifests.keys()); }, 'trash');
	const items = h('ul.uploads', { label: 'Files' });
	const more = button('', '', () => { most += ROWS_AT_ONCE * 2; shape(); });
	const node = h('section.queue', { label: 'Queue' }, h('div.queue-summary', h('div', headline, fine), h('div.row', save, stop, clear), track.node), items, h('div.row.center', more));

	function shape() {
		const shown = queue.items.slice(0, most);
		const keep = new Set(shown);
		for (const item of rows.keys()) if (!keep.has(item)) rows.delete(item);
		for (const item of shown) if (!rows.has(item)) rows.set(item, new UploadRow(item));
		reconcile(items, [...[...manifests.values()].map(manifestRow), ...shown.map((item) => rows.get(item).node)]);
		more.hidden = queue.items.length <= most;
		put(more.lastChild, `Show more of ${plural(queue.items.length, 'file')}`);
		sums();
	}

	function sums() {
		const { files, settled, done, failed, cancelled, active, bytes: all, sent, rate: speed, eta } = totals();
		const others = Object.entries({ failed, cancelled }).map(([what, n]) => (n ? `, ${count(n)} ${what}` : '')).join('');
		node.hidden = !queue.items.length && !manifests.size;
		put(headline, active ? `${count(settled)} of ${plural(files, 'file')}` : `${plural(done, 'file')} hashed${others}`);
		put(fine, active ? [`${bytes(sent)} of ${bytes(all)}`, speed > 0 && rate(speed), eta >= 0 && `${duration(Math.max(1, eta))} left`].filter(Boolean).join(' · ') : bytes(all));
		fine.title = exactBytes(all);
		track.set(all ? sent / all : active ? 0 : 1);
		track.node.classList.toggle('completed', !active);
		save.hidden = active || !done;
		stop.hidden = !active;
		clear.hidden = active;
		if (wasActive && !active) announce(headline.textContent);
		wasActive = active;
	}

	function update({ items: changed, structure }) {
		for (const item of changed) rows.get(item)?.update();
		if (structure) shape(); else sums();
	}

	shape();
	return { node, update };
}

// Moves as few children as possible, so that focus stays.
function reconcile(parent, wanted) {
	const keep = new Set(wanted);
	for (const child of [...parent.children]) if (!keep.has(child)) child.remove();
	wanted.forEach((child, i) => { if (parent.children[i] !== child) parent.insertBefore(child, parent.children[i] ?? null); });
}
