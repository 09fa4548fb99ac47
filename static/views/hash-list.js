// The list of uploads: rows are made for the first few hundred, the sums are of all.

import { h, put, attr, button, relabel } from '../kernel/dom.js';
import { bytes, exactBytes, count, rate, duration, plural } from '../kernel/format.js';
import { print } from '../kernel/manifest.js';
import { announce } from '../kernel/notice.js';
import { queue, totals, cancel, remove, removeManifest, retry, lacking, busy } from './hash-queue.js';
import { UploadRow, manifestRow } from './hash-rows.js';

const ROWS_AT_ONCE = 200;

function saveManifest() {
	const { fileName, text } = print(queue.items.filter((item) => item.state === 'done').map(({ name, result }) => ({ name, digests: result.digests })));
	const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
	h('a', { href: url, download: fileName }).click();
	setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function queueList() {
	const rows = new Map();
	let most = ROWS_AT_ONCE;
	let wasActive = false;
	const headline = h('p.queue-headline@queue-headline');
	const fine = h('p.queue-fine');
	const bar = h('i');
	const track = h('div.bar', { role: 'progressbar', label: 'All uploads' }, bar);
	const save = button('Save as checksum file', '@save-manifest', saveManifest, 'download');
	const rehash = button('', '@rehash', () => retry(lacking()), 'retry');
	const again = button('Retry failed', '', () => retry(queue.items.filter((item) => item.state === 'failed')), 'retry');
	const stop = button('Cancel all', '@cancel-all', () => cancel(queue.items), 'cross');
	const clear = button('Clear', '.quiet', () => { remove(queue.items.filter((item) => !busy(item))); queue.manifests.forEach(removeManifest); }, 'trash');
	const items = h('ul.uploads', { label: 'Files' });
	const more = button('', '', () => { most += ROWS_AT_ONCE * 2; shape(); });
	const node = h('section.queue', { label: 'Queue' }, h('div.queue-summary', h('div', headline, fine), h('div.row', save, rehash, again, stop, clear), track),
		items, h('div.row.center', more));

	function shape() {
		const shown = queue.items.slice(0, most);
		const keep = new Set(shown);
		for (const item of rows.keys()) if (!keep.has(item)) rows.delete(item);
		for (const item of shown) if (!rows.has(item)) rows.set(item, new UploadRow(item));
		reconcile(items, [...queue.manifests.map(manifestRow), ...shown.map((item) => rows.get(item).node)]);
		more.hidden = queue.items.length <= most;
		relabel(more, `Show more of ${plural(queue.items.length, 'file')}`);
		sums();
	}

	function sums() {
		const { files, settled, done, failed, cancelled, active, bytes: all, sent, rate: speed, eta } = totals();
		node.hidden = !queue.items.length && !queue.manifests.length;
		put(headline, active ? `${count(settled)} of ${plural(files, 'file')}` : `${plural(done, 'file')} hashed${failed ? `,
			${count(failed)} failed` : ''}${cancelled ? `, ${count(cancelled)} cancelled` : ''}`);
		put(fine, active ? [`${bytes(sent)} of ${bytes(all)}`, speed > 0 && rate(speed), eta >= 0 && `${duration(Math.max(1, eta))} left`].filter(Boolean).join(' · ') : bytes(all));
		fine.title = exactBytes(all);
		const share = all ? sent / all : active ? 0 : 1;
		bar.style.transform = `scaleX(${share})`;
		attr(track, 'aria-valuenow', Math.floor(share * 100));
		track.classList.toggle('completed', !active);
		const lack = active ? [] : lacking();
		save.hidden = active || !done;
		rehash.hidden = !lack.length;
		relabel(rehash, `Add the chosen digests to ${plural(lack.length, 'file')}`);
		again.hidden = active || !failed;
		stop.hidden = !active;
		clear.hidden = active;
		if (wasActive && !active) announce(`${plural(done, 'file')} hashed${failed ? `, ${failed} failed` : ''}.`);
		wasActive = active > 0;
	}

	function update({ items: changed, structure }) {
		for (const item of changed) rows.get(item)?.update();
		if (structure) shape(); else sums();
	}

	shape();
	return { node, sums, update };
}

/** Makes the children the wanted ones, moving little so that focus stays. */
function reconcile(parent, wanted) {
	const keep = new Set(wanted);
	for (const child of [...parent.children]) if (!keep.has(child)) child.remove();
	wanted.forEach((child, i) => { if (parent.children[i] !== child) parent.insertBefore(child, parent.children[i] ?? null); });
}
