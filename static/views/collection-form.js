// The forms of collections: one that makes a collection, one that changes its settings, and the end of one.
//
// Only what differs from what is there already is sent. What was typed stays, whatever the API answers.

import { h, put, button, icon, algorithms, roots, get, post, send, freshKey, visible, plural, confirm, toast, clear, showProblem } from '../kernel.js';
import { all, changeable } from './collection-fields.js';

// What the API takes where a new collection names nothing else.
const DEFAULTS = { kind: 'fixed', aim_days: 30, survey_every_hours: 24 };

const fieldsOf = (groups) => groups.flatMap(([, fields]) => fields);

// `save(changes)` is given the members that differ from what was shown.
function form(groups, yes, save, ...more) {
	const fields = fieldsOf(groups);
	let busy = false;

	async function go(event) {
		event?.preventDefault();
		if (busy) return;
		busy = true;
		clear();
		fields.forEach((one) => one.fail(''));
		const changes = fields.map((one) => [one.member, one.change()]).filter(([, value]) => value !== undefined);
		try { await save(Object.fromEntries(changes)); } catch (problem) { tell(fields, problem, go); }
		busy = false;
	}

	return h('form.settings@settings-form', { submit: go }, groups.map(([title, some]) => h('fieldset', h('legend', title), h('div.settings-fields', some.map(({ node }) => node)))),
		h('div.row', h('button.button.primary@save-settings', { type: 'submit' }, yes), more));
}

// Beside the field that is wrong, if one is.
function tell(fields, problem, again) {
	const [, member = '', at] = problem.pointer?.split('/') ?? [];
	const field = fields.find((one) => one.member === member.replace('_b64', ''));
	if (!field) { showProblem(problem, again); return; }
	field.fail(at === undefined ? problem.detail : `Window ${Number(at) + 1}: ${problem.detail}`);
	field.focus();
}

// Opens below its button. It is filled once, so that what was typed outlives its being closed.
function unfolding(spec, glyph, title, fill) {
	const body = h('section.panel', { label: title });
	const filled = () => { if (node.open && !body.firstChild) fill(body).catch((problem) => { node.open = false; showProblem(problem); }); };
	const node = h(`details.collection-form${spec}`, { toggle: filled }, h('summary.button', icon(glyph), title), body);
	return node;
}

export const addPanel = (signal) => unfolding('@add-collection', 'plus', 'Add a collection', async (body) => {
	const [places, known] = await Promise.all([roots(), algorithms()]);
	if (signal.aborted) return;
	if (!places.length) { put(body, h('p', 'A collection lies beneath a root, and this service was started without one.')); return; }
	const groups = all(places, known);
	const defaults = { ...DEFAULTS, algorithms: known.filter((one) => one.default).map(({ name }) => name) };
	for (const one of fieldsOf(groups)) if (one.member !== 'root') one.show(defaults[one.member]);
	let key = freshKey();
	put(body, form(groups, 'Add', async (settings) => {
		try {
			const { id } = await post('collections', settings, { headers: { 'idempotency-key': key } });
			location.hash = `#/collections/${id}`;
		} catch (problem) {
			// Without an answer, the key prevents a second collection.
			if (problem.status) key = freshKey();
			throw problem;
		}
	}));
});

// `changed` is called when it has other settings.
export const settingsPanel = (base, signal, changed) => unfolding('@settings', 'pencil', 'Settings', async (body) => {
	const groups = changeable();
	const said = h('p.wait-text@meanwhile', { role: 'alert' });
	const keep = (etag) => { tag = etag; };
	const load = () => get(base, { signal, tagged: keep });
	let tag = '';
	let one = await load();

	async function save(settings) {
		put(said);
		if (!Object.keys(settings).length) { toast('Nothing was changed'); return; }
		try {
			one = await send('PATCH', base, { body: JSON.stringify(settings), headers: { 'content-type': 'application/merge-patch+json', 'if-match': tag }, tagged: keep });
		} catch (problem) {
			if (problem.status !== 412) throw problem;
			await meanwhile();
			return;
		}
		fieldsOf(groups).forEach((field) => field.show(one[field.member]));
		toast('Settings saved');
		await changed();
	}

	// The next attempt is made from what is there now, so it undoes nothing of what somebody else did.
	async function meanwhile() {
		const before = one;
		one = await load();
		const now = fieldsOf(groups).map((field) => field.meanwhile(one[field.member]));
		now.push(before.paused !== one.paused && (one.paused ? 'it is paused' : 'it is resumed'));
		put(said, `Somebody else changed it meanwhile: ${now.filter(Boolean).join(', ') || 'what is shown here is the same'}. Nothing of yours is saved yet, and your values are kept: save again to put them in place.`);
	}

	fieldsOf(groups).forEach((field) => field.show(one[field.member]));
	put(body, h('p.hint', 'Its directory, patterns and digests cannot be changed: make another collection.', patterns(one)),
		form(groups, 'Save', save, h('span.spring'), button('Stop watching', '@stop-watching', () => stop(base, one), 'trash')), said);
});

const patterns = ({ include = [], exclude = [] }) => [[include, 'Only'], [exclude, 'Left out']].map(([globs, title]) => globs.length > 0 && [` ${title}: `, h('code', visible(globs.join(', '))), '.']);

async function stop(base, { name, files, last_event: events }) {
	const amount = Object.values(files).reduce((sum, { files: some }) => sum + some, 0);
	const lost = `What is known of ${plural(amount, 'file')} is lost: what each should be and when it was verified, and with it ${plural(events, 'event')}. This cannot be undone. The files themselves are not touched.`;
	if (!(await confirm(`Stop watching ${visible(name)}?`, lost, 'Stop watching', 'Keep watching'))) return;
	try { await send('DELETE', base); } catch (problem) { showProblem(problem); return; }
	toast(`${visible(name)} is not watched any more`);
	dispatchEvent(new Event('alertschanged'));
	location.hash = '#/collections';
}
