// The panel that starts a job on the open directory or the chosen file: hash or verify.

import { h, put, button, labelled, algorithms, post, freshKey, bytes, plural, visible, readable, jsonPath, picker, remembered, showProblem, clear } from '../kernel.js';
import { verifyForm } from './verify.js';
import { countBelow } from './files-count.js';

const MEBIBYTE = 1024 * 1024;
const globs = (text) => text.split('\n').map((line) => line.trim()).filter(Boolean);

// Input is kept when another directory is opened.
const kept = { task: 'hash', include: '', exclude: '', priority: 'normal', budget: '', cross: false };
const keep = (name) => (event) => { kept[name] = event.target.type === 'checkbox' ? event.target.checked : event.target.value; };

// `here()` gives {components, kind, size}; `unpick()` goes back to the directory.
export function startPanel(root, here, unpick, signal) {
	const target = h('div.target');
	const tally = h('span.hint@target-tally', { role: 'status' });
	const body = h('div');
	const forms = {};
	const tabs = [['hash', 'Hash'], ['verify', 'Verify']].map(([task, title]) => button(title, `.tab@task-${task}`, () => turn(task)));
	const node = h('aside.side', { label: 'Start a job' }, h('section.panel.start', h('div.tabs', { role: 'group', label: 'Task' }, tabs), target, body));
	let below;

	function turn(task) {
		kept.task = task;
		tabs.forEach((tab) => { const on = tab.dataset.testid === `task-${task}`; tab.classList.toggle('on', on); tab.setAttribute('aria-pressed', on); });
		put(body, forms[task]?.node);
	}

	function show() {
		const { components, kind, size } = here();
		const single = kind === 'file';
		put(target, h('span.hint', single ? 'This file' : components.length ? 'This directory and all below it' : 'The whole root'),
			h('span.target-path', [root, ...components.map(readable)].map(visible).join(' / ')), tally,
			single && button('Back to the directory', '.small', unpick));
		put(tally, single ? bytes(size) : below ?? 'Counting');
		node.classList.toggle('single', single);
	}

	async function fill() {
		const known = await algorithms();
		forms.hash = { node: hashForm(root, here, picker(known, new Set(remembered(known)))) };
		forms.verify = verifyForm(() => ({ root, ...here() }));
		turn(kept.task);
	}

	show();
	turn(kept.task);
	fill().catch(showProblem);
	countBelow(root, here().components, signal, ({ files, bytes: size, state }) => {
		below = `${state === 'part' ? 'More than ' : ''}${plural(files, 'file')}, ${bytes(size)}${state === 'counting' ? ' so far' : ''}`;
		if (here().kind !== 'file') put(tally, below);
	});
	return { node, show, drop([file]) { turn('verify'); forms.verify?.take(file); } };
}

function hashForm(root, here, chips) {
	const area = (name, title, hint) => labelled(title, h('textarea.field.mono', { rows: '2', spellcheck: 'false', placeholder: hint, value: kept[name], input: keep(name) }));
	const budget = h('input.field@budget', { type: 'number', min: '0', step: 'any', placeholder: 'no limit', value: kept.budget, input: keep('budget') });
	const priority = h('select.field@priority', { change: keep('priority') }, h('option', { value: 'normal' }, 'Normal'), h('option', { value: 'low' }, 'Low, after other jobs'));
	priority.value = kept.priority;
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
			// Without an answer, the same key prevents a second job.
			if (problem.status) key = freshKey();
			showProblem(problem, begin);
		}
		start.disabled = false;
	}

	return h('div.stack', chips.node, h('div.pair.tree-only', area('include', 'Include only', '*.jpg'), area('exclude', 'Leave out', 'node_modules\n*.tmp')),
		h('p.hint.tree-only', 'One pattern per line; without “/” it matches names at any depth.'),
		h('details.more', h('summary', 'Priority and limits'), h('div.stack', h('div.pair', labelled('Priority', priority), labelled('Limit, MiB/s', budget)),
			h('label.check.tree-only', cross, 'Enter other file systems mounted below'))), start);
}
