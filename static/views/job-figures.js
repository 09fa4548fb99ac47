// The six figures of a job.

import { h, put, bytes, exactBytes, count, rate, duration, percent, ago, when, ended } from '../kernel.js';

const TILES = { files: ['job-files-done', 'Files'], bytes: ['job-bytes-done', 'Bytes'], rate: ['job-rate', 'Rate'], time: ['job-eta', 'Time left'], errors: ['job-errors', 'Errors'],
	skipped: ['job-skipped', 'Skipped'] };

export const secondsOf = ({ summary, started_at: from, finished_at: to }) => (summary?.elapsed_ms ?? Date.parse(to) - Date.parse(from)) / 1000;

export function figureTiles() {
	const tiles = {};
	const node = h('dl.figures', Object.entries(TILES).map(([name, [testid, title]]) => {
		const [head, value, fine] = [h('dt', title), h(`dd@${testid}`), h('small')];
		const tile = h('div.figure', head, value, h('dd', fine));
		tiles[name] = (text, small, exact = '') => { put(value, text); put(fine, small); value.title = exact; return { head, tile, fine }; };
		return tile;
	}));

	function show(job) {
		const { state, progress: p, finished_at: to } = job;
		const over = ended(state);
		const of = (total, write) => (total ? `of ${write(total)}` : 'so far');
		tiles.files(count(p.files_done), over ? 'done' : of(p.files_total, count));
		tiles.bytes(bytes(p.bytes_done), over ? 'read' : of(p.bytes_total, bytes), exactBytes(p.bytes_done));
		tiles.errors(count(p.files_failed), p.files_failed ? 'could not be read' : 'none').tile.classList.toggle('bad', p.files_failed > 0);
		tiles.skipped(count(p.files_skipped), p.files_skipped ? 'left out' : 'none');
		if (!over) {
			tiles.rate(rate(p.bytes_per_second ?? 0), 'now');
			tiles.time(duration(p.eta_seconds ?? NaN), p.bytes_total ? percent(p.bytes_done, p.bytes_total) : '');
			return;
		}
		const seconds = secondsOf(job);
		tiles.rate(seconds > 0 ? rate(p.bytes_done / seconds) : '–', 'mean');
		const { head, fine } = tiles.time(duration(seconds), to ? ago(to) : '');
		put(head, 'Took');
		fine.title = when(to);
	}
	return { node, show };
}
