// Several jobs chosen in the list, and what can be done to them together.

import { h, put, button, plural, count, ended } from '../kernel.js';
import { compareHref, cancelAll, removeAll } from './job-actions.js';

// `rows`: the rows by the ids of their jobs; `list`: their element.
export function jobChoices(rows, list, { refresh, changed }) {
	const chosen = new Set();
	let lastTicked = null;
	const compare = button('Compare two', '@compare-two', () => { location.hash = compareHref(...jobsOf()); });
	const stop = button('Cancel', '.needs-cancel@cancel-chosen', () => bulk(cancelAll, (job) => !ended(job.state)), 'cross');
	const trash = button('Delete', '.needs-admin@delete-chosen', () => bulk(removeAll, (job) => ended(job.state)), 'trash');
	const all = h('input@tick-all', { type: 'checkbox', label: 'Choose all jobs that are shown', change: () => tickAll(all.checked) });
	const amount = h('span.hint@chosen-count', { role: 'status' });
	const actions = h('div.job-actions', h('label.check', all, 'All shown'), amount, compare, stop, trash);
	const jobsOf = () => [...chosen].map((id) => rows.get(id).job);
	const shownRows = () => [...list.children].filter((node) => !node.hidden).map((node) => rows.get(node.dataset.id));

	// With Shift, all from the last one on.
	function choose(row, event) {
		const shown = shownRows();
		const from = event?.shiftKey ? shown.indexOf(lastTicked) : -1;
		const at = shown.indexOf(row);
		for (const one of from < 0 ? [row] : shown.slice(Math.min(from, at), Math.max(from, at) + 1)) tick(one, row.tick.checked);
		lastTicked = row;
		tell();
	}

	function tick(row, on) {
		row.tick.checked = on;
		chosen[on ? 'add' : 'delete'](row.job.id);
	}

	function tickAll(on) {
		for (const row of shownRows()) tick(row, on);
		tell();
	}

	function tell() {
		const jobs = jobsOf();
		const over = jobs.filter((job) => ended(job.state)).length;
		compare.disabled = jobs.length !== 2 || over !== 2;
		compare.title = compare.disabled ? 'Tick two jobs that have ended' : '';
		for (const [node, name, of] of [[stop, 'Cancel', jobs.length - over], [trash, 'Delete', over]]) { node.disabled = !of; put(node.lastChild, of ? `${name} ${count(of)}` : name); }
		put(amount, jobs.length ? `${plural(jobs.length, 'job')} chosen` : '');
		const shown = shownRows();
		all.checked = shown.length > 0 && shown.every((row) => row.tick.checked);
		all.indeterminate = !all.checked && jobs.length > 0;
		actions.hidden = !rows.size;
	}

	// Those that it could not be done to stay chosen.
	async function bulk(act, fits) {
		const jobs = jobsOf().filter(fits);
		const done = await act(jobs);
		for (const job of done) {
			const row = rows.get(job.id);
			tick(row, false);
			if (act === removeAll) { rows.delete(job.id); row.node.remove(); }
		}
		if (act === cancelAll) await refresh();
		changed();
	}

	return { node: actions, choose, tell, forget: (job) => chosen.delete(job.id) };
}
