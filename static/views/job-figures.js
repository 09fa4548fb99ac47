// The six figures of a job.

import { h, put } from '../kernel/dom.js';
import { bytes, exactBytes, count, rate, duration, percent, ago, when } from '../kernel/format.js';
import { ended } from '../kernel/events.js';

export function figureTiles() {
	const tiles = {};
	const tile = (name, testid, title) => {
		const [head, value, fine] = [h('dt', title), h(`dd@${testid}`), h('small')];
		const node = h('div.figure', head, value, h('dd', fine));
		tiles[name] = (text, small, exact = '') => { put(value, text); put(fine, small); value.title = exact; return { head, node, fine }; };
		return node;
	};
	const node = h('dl.figures', tile('files', 'job-files-done', 'Files'), tile('bytes', 'job-bytes-done', 'Bytes'), tile('rate', 'job-rate', 'Rate'),
		tile('time', 'job-eta', 'Time left'), tile('errors', 'job-errors', 'Errors'), tile('skipped', 'job-skipped', 'Skipped'));

	function show({ state, progress: p, summary, started_at: from, finished_at: to }) {
		const over = ended(state);
		tiles.files(count(p.files_done), over ? 'done' : p.files_total ? `of ${count(p.files_total)}` : 'counting');
		tiles.bytes(bytes(p.bytes_done), over ? 'read' : p.bytes_total ? `of ${bytes(p.bytes_total)}` : 'so far', exactBytes(p.bytes_done));
		tiles.errors(count(p.files_failed), p.files_failed ? 'could not be read' : 'none').node.classList.toggle('bad', p.files_failed > 0);
		tiles.skipped(count(p.files_skipped), p.files_skipped ? 'left out' : 'none');
		if (!over) {
			tiles.rate(rate(p.bytes_per_second ?? 0), 'now');
			tiles.time(duration(p.eta_seconds ?? NaN), p.bytes_total ? percent(p.bytes_done, p.bytes_total) : '');
			return;
		}
		const seconds = (summary?.elapsed_ms ?? Date.parse(to) - Date.parse(from)) / 1000;
		tiles.rate(seconds > 0 ? rate(p.bytes_done / seconds) : '–', 'mean');
		const time = tiles.time(duration(seconds), to ? ago(to) : '');
		put(time.head, 'Took');
		time.fine.title = to ? `Ended ${when(to)}` : '';
	}
	return { node, show };
}
