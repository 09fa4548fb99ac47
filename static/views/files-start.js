// Starts jobs on the open directory or the chosen file: hash or verify.

import {
	h, put, button, fold, labelled, algorithms, titles, get, post, query, freshKey, bytes, linesOf, plural, visible, readable, jsonPath, queryPath, entriesPath, componentOf, picker, remembered,
	showProblem, clear, icon, send, nameNode, sizeNode, chooser, looksLikeManifest
} from '../kernel.js';
import { jobOf } from './job-verdict.js';

const MEBIBYTE = 1 << 20;

// Kept when another directory is opened.
const kept = { task: 'hash', include: '', exclude: '', priority: 'normal', budget: '', cross: false };
const keep = (name) => (event) => { kept[name] = event.target.type === 'checkbox' ? event.target.checked : event.target.value; };

// `far`: on another machine, where nothing is counted and no manifest is read. `here()` gives {components, kind, size}; `last()` the newest job on the open directory, or one above it, that says how it should be, if there is one.
export function startPanel(root, here, { unpick, signal, last, far = false }) {
	const target = h('div.target');
	const tally = h('span.hint@target-tally', { role: 'status' });
	const [body, stored] = [h('div'), h('div.stored')];
	const forms = {};
	const tabs = [['hash', 'Hash'], ['verify', 'Verify']].map(([task, title]) => button(title, `.tab@task-${task}`, () => turn(task)));
	const node = h('aside.side.needs-hash', { label: 'Start a job' }, h('section.panel.start', h('div.tabs', { role: 'group', label: 'Task' }, tabs), target, body, stored));
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
			single ? button('Back to the directory', '.small', unpick) : h('span.hint', 'A click on a file in the list chooses that file.'));
		put(tally, single ? bytes(size) : below ?? (far ? 'Counted by the job' : 'Counting'));
		const at = components.slice(0, -1);
		put(stored, single && !far && looksLikeManifest(readable(components.at(-1))) && button('Verify its directory with this file', '.wide@verify-with-this', () => verifyStored({ root, components: at }, {}, components), 'check'),
			!single && last() && button(`Verify against the job of ${jobOf(root, last())}`, '.wide@verify-against-last', () => verifyStored({ root, components }, { against: last().directory ? 'last' : last().job }), 'clock'));
		node.classList.toggle('single', single);
	}

	async function fill() {
		const known = await algorithms();
		forms.hash = { node: hashForm(root, here, known) };
		forms.verify = verifyForm(() => ({ root, ...here() }), far);
		turn(kept.task);
	}

	show();
	turn(kept.task);
	fill().catch(showProblem);
	if (!far) countBelow(root, here().components, signal, ({ files, bytes: size, state }) => {
		below = `${state === 'part' ? 'More than ' : ''}${plural(files, 'file')}, ${bytes(size)}${state === 'counting' ? ' so far' : ''}`;
		if (here().kind !== 'file') put(tally, below);
	});
	return { node, show, drop([file]) { turn('verify'); forms.verify?.take(file); } };
}

function hashForm(root, here, known) {
	const chosen = h('small.hint');
	const name = () => put(chosen, titles(chips.names()));
	const chips = picker(known, new Set(remembered(known)), name);
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
		if (kind === 'directory') Object.assign(spec, { include: linesOf(kept.include), exclude: linesOf(kept.exclude), cross_filesystems: kept.cross });
		if (kept.budget > 0) spec.max_bytes_per_second = Math.max(1, Math.round(kept.budget * MEBIBYTE));
		try {
			location.hash = `#/job/${(await post('jobs', spec, { headers: { 'idempotency-key': key } })).id}`;
			key = freshKey();
		} catch (problem) {
			// Without an answer, the key prevents a second job.
			if (problem.status) key = freshKey();
			showProblem(problem, begin);
		}
		start.disabled = false;
	}

	name();
	const patterns = h('div.pair.tree-only', area('include', 'Include only', '*.jpg'), area('exclude', 'Leave out', 'node_modules\n*.tmp'));
	return h('div.stack', fold('', 'Digests and patterns', chosen, h('div.stack', chips.node, patterns, h('p.hint.tree-only', 'One pattern per line; without “/” it matches names at any depth.'))),
		h('details.more', h('summary', 'Priority and limits'), h('div.stack', h('div.pair', labelled('Priority', priority), labelled('Limit, MiB/s', budget)),
			h('label.check.tree-only', cross, 'Enter other file systems mounted below'))), start);
}

// Larger trees are counted by their job.
const MOST_LISTINGS = 1000;

// Calls `report({files, bytes, state})`, the state 'counting', 'whole' or 'part', until `signal`.
async function countBelow(root, components, signal, report) {
	const sum = { files: 0, bytes: 0, state: 'counting' };
	const stack = [{ components }];
	for (let left = MOST_LISTINGS; stack.length && left > 0; left -= 1) {
		const { components: at, cursor } = stack.pop();
		const { items, next_cursor: next } = await get(entriesPath(root, at, { limit: 1000, cursor }), { signal, silent: true }).catch(() => ({ items: [] }));
		if (signal.aborted) return;
		if (next) stack.push({ components: at, cursor: next });
		for (const entry of items) {
			if (entry.kind === 'directory') stack.push({ components: [...at, componentOf(entry)] });
			else if (entry.kind === 'file') { sum.files += 1; sum.bytes += entry.size ?? 0; }
		}
		report(sum);
	}
	report({ ...sum, state: stack.length ? 'part' : 'whole' });
}

// With a manifest that is on the server: a file beneath the root, or the results of a job.
export async function verifyStored({ root, components }, members, manifest) {
	clear();
	const path = `verify${query({ root, ...members })}&path=${queryPath(components)}${manifest ? `&manifest_path=${queryPath(manifest)}` : ''}`;
	try { location.hash = `#/job/${(await send('POST', path, { headers: { 'idempotency-key': freshKey() } })).id}`; } catch (problem) {
		showProblem(problem, () => verifyStored({ root, components }, members, manifest));
	}
}

export async function verify({ root, components }, file, mode = 'audit') {
	clear();
	try {
		// The name tells the form and the algorithm, so that fewer of them are computed.
		const path = `verify${query({ root, mode, name: file.name })}&path=${queryPath(components)}`;
		const job = await send('POST', path, { body: file, headers: { 'content-type': 'text/plain', 'idempotency-key': freshKey() } });
		location.hash = `#/job/${job.id}`;
	} catch (problem) { showProblem(problem, () => verify({ root, components }, file, mode)); }
}

function verifyForm(here, far) {
	let file = null;
	const mode = h('select.field@verify-mode', h('option', { value: 'audit' }, 'Both ways: new files too'), h('option', { value: 'check' }, 'Only what the file lists'));
	const input = chooser('manifest-input', 'Checksum file', ([first]) => take(first));
	const chosen = h('p.chosen');
	const start = button('Verify', '.primary.wide@start-verify', () => verify(here(), file, mode.value));

	function take(next) {
		file = next;
		start.disabled = !file;
		put(chosen, file ? [icon('file'), nameNode(file.name, 'base'), sizeNode(file.size)] : `Drop a checksum file of any kind here, or choose one.${far ? '' : ' One that lies on the server: click it in the list.'}`);
		chosen.classList.toggle('hint', !file);
	}
	take(null);
	return { take, node: h('div.stack', chosen, button('Choose a checksum file', '', () => input.click(), 'file'), input, labelled('Report', mode), start) };
}
