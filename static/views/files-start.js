// The panel that starts a job: digests, filters, priority and budget.

import { h, put, button } from '../kernel/dom.js';
import { algorithms, post, freshKey } from '../kernel/api.js';
import { visible } from '../kernel/format.js';
import { readable, jsonPath } from '../kernel/place.js';
import { picker, remembered } from '../kernel/picker.js';
import { showProblem, clear } from '../kernel/notice.js';

const MEBIBYTE = 1024 * 1024;
const globs = (text) => text.split('\n').map((line) => line.trim()).filter(Boolean);

// What was typed outlives a step into another directory.
const kept = { include: '', exclude: '', priority: 'normal', budget: '', cross: false };
const keep = (name) => (event) => { kept[name] = event.target.type === 'checkbox' ? event.target.checked : event.target.value; };
const labelled = (title, field) => h('label.labelled', h('span', title), field);

/** `here()` gives {components, kind} of what is hashed; `unpick()` goes back to the whole directory. */
export function startPanel(root, here, unpick) {
	const target = h('div.target');
	const body = h('div.stack');
	const node = h('aside.side', { label: 'Start a job' }, h('section.panel.start', h('h2', 'Hash'), target, body));

	function show() {
		const { components, kind } = here();
		const single = kind === 'file';
		put(target, h('span.hint', single ? 'This file' : components.length ? 'This directory and all below it' : 'The whole root'),
			h('span.target-path', [root, ...components.map(readable)].map(visible).join(' / ')),
			single && button('Back to the directory', '.small', unpick));
		body.classList.toggle('single', single);
	}

	async function fill() {
		const known = await algorithms();
		put(body, hashForm(root, here, picker(known, new Set(remembered(known)))));
	}

	show();
	fill().catch(showProblem);
	return { node, show };
}

function hashForm(root, here, chips) {
	const area = (name, title, hint) => labelled(title, h('textarea.field.mono', { rows: '2', spellcheck: 'false', placeholder: hint, value: kept[name], input: keep(name) }));
	const priority = h('select.field', { change: keep('priority') }, h('option', { value: 'normal' }, 'Normal'), h('option', { value: 'low' }, 'Low, after other jobs'));
	priority.value = kept.priority;
	const budget = h('input.field', { type: 'number', min: '1', step: 'any', placeholder: 'no limit', value: kept.budget, input: keep('budget') });
	const cross = h('input', { type: 'checkbox', checked: kept.cross, change: keep('cross') });
	const start = button('Start', '.primary.wide@start-job', begin);
	let key = freshKey();

	async function begin() {
		start.disabled = true;
		clear();
		const { components, kind } = here();
		const spec = { kind: 'hash', root, ...jsonPath(components), algorithms: chips.names(), priority: kept.priority };
		if (kind === 'directory') Object.assign(spec, { include: globs(kept.include), exclude: globs(kept.exclude), cross_filesystems: kept.cross });
		if (kept.budget > 0) spec.max_bytes_per_second = Math.max(1, Math.round(kept.budget * MEBIBYTE));
		try {
			location.hash = `#/job/${(await post('jobs', spec, { headers: { 'idempotency-key': key } })).id}`;
			key = freshKey();
		} catch (problem) {
			// After silence the same key keeps the job from being made twice.
			if (problem.status) key = freshKey();
			showProblem(problem, begin);
		}
		start.disabled = false;
	}

	return h('div.stack', chips.node, h('div.pair.tree-only', area('include', 'Include only', '*.jpg'), area('exclude', 'Leave out', 'node_modules\n*.tmp')),
		h('p.hint.tree-only', 'One pattern a line. Without “/” it matches a name at any depth; leaving out wins.'),
		h('details.more', h('summary', 'Pace and limits'), h('div.stack', h('div.pair', labelled('Priority', priority), labelled('At most, MiB/s', budget)),
			h('label.check.tree-only', cross, 'Enter other file systems mounted below'))), start);
}
