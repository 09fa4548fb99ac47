// Do we have this file? One digest, or one file, in the results of all jobs.

import {
	h, put, button, icon, get, send, query, may, chooser, onDrop, pathNode, nameNode, sizeNode, algorithmTitle, plural, count, ago, when, bytes, componentsOf, readable, showProblem
} from '../kernel.js';
import { targetNode } from './job-actions.js';

// Computed of a file that is dropped here, in one pass.
const COMPUTED = ['blake3', 'sha256'];
const MOST_SHOWN = 100;

export async function mount(root, { search: { digest = '' }, signal }) {
	const field = h('input.field.mono.grow@find-digest', { id: 'find-digest', name: 'digest', value: digest, spellcheck: 'false', autocomplete: 'off' });
	const found = h('div@find-result', { role: 'status' });
	const input = chooser('find-file', 'File', ([file]) => file && take(file));
	const zone = h('section.panel.find', { label: 'What to find' },
		h('form', { submit: (event) => { event.preventDefault(); ask(field.value.trim()); } }, h('label', { for: 'find-digest' }, 'Digest, as hex or ALGORITHM:HEX'),
			h('div.sign-in-line', field, h('button.button.primary@find-start', { type: 'submit' }, 'Find'))),
		may('hash') && h('p.hint', 'Or drop a file here: it is hashed while it arrives, and never stored. ', button('Choose a file', '.small', () => input.click(), 'file')), input);

	const search = async (text, name) => answer(text, await get(`search${query({ digest: text, limit: MOST_SHOWN })}`, { signal }), name);

	async function ask(text) {
		if (!text) { field.focus(); return; }
		history.replaceState(null, '', `#/find${query({ digest: text })}`);
		try { put(found, await search(text)); } catch (problem) { failed(problem); }
	}

	async function take(file) {
		put(found, h('p.hint', `Hashing ${file.name}, ${bytes(file.size)}`));
		try {
			const { digests } = await send('POST', `hash${query({ algorithms: COMPUTED })}`, { body: file, headers: { 'content-type': 'application/octet-stream' }, signal });
			const all = await Promise.all(Object.entries(digests).map(([name, hex]) => search(`${name}:${hex}`, name)));
			put(found, h('p', h('strong', nameNode(file.name))), all);
		} catch (problem) { failed(problem); }
	}

	function failed(problem) {
		put(found);
		showProblem(problem);
	}

	put(root, h('header.view-head', h('h1', 'Do we have this file?'), h('a.button', { href: '#/jobs' }, 'All jobs')), zone, found);
	if (may('hash')) onDrop(signal, zone, ({ files: [file] }) => take(file));
	// The view is shown in the meantime: what is not shown takes no focus.
	await null;
	field.focus();
	if (digest) await ask(digest);
	return { title: 'Find a file' };
}

// What was not searched is said: without it, nothing found would mean too much.
function answer(text, { items, total, jobs_searched: searched, jobs_left_out: left, algorithms, complete }, name) {
	const under = !complete && algorithms.length > 1 && algorithms.filter(({ jobs_searched: jobs }) => jobs).map(({ algorithm, jobs_searched: jobs }) => `${count(jobs)} for ${algorithmTitle(algorithm)}`);
	const bounds = [`${plural(searched, 'job')} searched${under.length ? ` (${under.join(', ')})` : ''}`, left > 0 && `${plural(left, 'job')} not searched: without ${name ? algorithmTitle(name) : 'such a'} digest, not ended or indexed yet, or older than the newest thousand`]
		.concat(!complete && left === 0 && 'a digest of this length may be of an algorithm that some of them lack').filter(Boolean).join(', ');
	const files = folded(items);
	const title = total ? `${total > items.length ? `${count(total)} times` : plural(files.length, 'file')} with this digest` : searched ? `Not found in ${plural(searched, 'job')}` : 'No job could be searched';
	return h('section.panel.find-answer', { label: name ? algorithmTitle(name) : 'Answer' },
		h('h2', icon(total ? 'check' : 'search'), name && `${algorithmTitle(name)}: `, title), h('p.hint@find-bounds', `${bounds}.`), h('code.find-digest', text),
		total > 0 && h('ul.find-list', files.map(found)), total > items.length && h('p.hint', `The first ${count(items.length)} are shown.`));
}

// The hits by the file that they are of: [path, hits], the newest first.
function folded(items) {
	const files = new Map();
	for (const hit of items) {
		const { job: { spec }, item } = hit;
		const path = [spec.root, ...componentsOf(spec).map(readable), item.path].join('/');
		const key = JSON.stringify([path, spec.path_b64, item.path_b64]);
		if (!files.has(key)) files.set(key, [path, []]);
		files.get(key)[1].push(hit);
	}
	return [...files.values()];
}

const linked = ({ job, item }, ...text) => h('a', { href: `#/job/${job.id}${query({ q: item.path })}` }, text);
const jobLink = (hit) => h('li@find-job', linked(hit, targetNode(hit.job)), ' · ', h('span', { title: when(hit.job.finished_at) }, ago(hit.job.finished_at)));

function found([path, hits]) {
	const [newest] = hits;
	const { job } = newest;
	return h('li@find-hit', linked(newest, pathNode(path)), h('small', sizeNode(newest.item.size), hits.length > 1
		? h('details.more@find-jobs', h('summary', `in ${plural(hits.length, 'job')}, the newest ${ago(job.finished_at)}`), h('ul.plain-list', hits.map(jobLink)))
		: [' in ', targetNode(job), ' · ', h('span', { title: when(job.finished_at) }, ago(job.finished_at))]));
}
