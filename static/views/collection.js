// One collection: what deviates first, then its files, and what happened to them.

import {
	h, put, button, icon, searchField, get, post, send, query, may, nameNode, pathNode, sizeNode, visible, plural, count, ago, when, bytes, titles, tabBar, sheet, dialog, confirm, toast, showProblem, wholeView, placeholder, word
} from '../kernel.js';
import { outcome, evidenceText, pair } from './job-results.js';
import { digestLine } from './hash-rows.js';
import { ageBar, healthTag, placeNode, runText, scheduleText, sizes, titleOf, undeliveredNode, waitText } from './collections.js';
import { settingsPanel } from './collection-form.js';
import { runPanel } from './collection-runs.js';

const PAGE = 100;
const EVENTS = 50;
const SEARCH_MS = 220;
const NAMES = { ok: ['As it should be', '.good'], reads_disagree: ['Reads disagree', '.bad'], touched: ['Touched', '.good'], restored: ['Restored', '.good'], accepted: ['Accepted', '.good'], acknowledged: ['Acknowledged', ''], stopped: ['Not looked at', '.bad'], resumed: ['Looked at again', '.good'] };
const STOPPED = { unreachable: 'the directory cannot be reached', empty: 'the directory is empty, as the place of a disk that is not mounted is', another: 'another directory or disk is in its place', unmounted: 'a disk that was mounted beneath the directory is not there, or another one is', late: 'for longer than the schedule allows: the windows are too short, the rate is too low, or no run could be started' };
const CONDITIONS = { '': 'All', suspected_rot: 'Suspected rot', reads_disagree: 'Reads disagree', unreadable: 'Unreadable', modified: 'Modified', missing: 'Missing', moved: 'Moved', new: 'New', ok: 'As they should be' };
const ACCEPTABLE = ['new', 'modified', 'moved', 'missing', 'suspected_rot'];

function tag(kind) {
	if (!NAMES[kind]) return outcome({ verdict: kind });
	const [name, look] = NAMES[kind];
	return h(`span.outcome${look}`, icon(look === '.bad' ? 'warn' : 'check'), name);
}

const bytesOf = ({ path, path_b64: exact }) => (exact === undefined ? { path } : { path_b64: exact });
const asShown = (file) => ({ ...bytesOf(file), condition: file.condition, digests: file.digests });

export async function mount(root, { parts: [id], signal }) {
	const base = `collections/${encodeURIComponent(id)}`;
	const first = await get(base, { signal }).catch((problem) => { if (![403, 404].includes(problem.status)) throw problem; return problem; });
	if (!first.id) {
		put(root, wholeView('search', first.status === 403 ? 'This token may not see collections' : 'There is no such collection', first.status === 403 ? 'They belong to no token: the scope read:all shows them.' : 'It was forgotten, or the link is cut off.', h('a.button', { href: '#/collections' }, 'All collections'), first));
		return { title: 'Collection' };
	}
	const head = h('header.collection-top');
	const alerts = alertPanel(base, told, signal);
	const files = filePanel(base, signal);
	const runs = runPanel(base, signal);
	const events = h('section.panel@events', { label: 'What happened' });
	put(root, head, may('admin') && settingsPanel(base, signal, told), alerts.node, h('div.collection-parts', files.node, events), runs.node);
	let last = '';

	async function show(one) {
		put(head, h('div.collection-head', h('h1', placeNode(one)), healthTag(one)), undeliveredNode(one), ageBar(one), h('p.job-meta', h('span', sizes(one)), h('span', titles(one.algorithms)), h('span', one.kind === 'fixed' ? 'every change is an alert' : 'only damage is an alert'),
			h('span', runText(one)), h('span', waitText(one)), h('span@schedule', scheduleText(one)), h('span.mono.dim', { title: 'The id of this collection' }, one.id)), h('div.row', doors(one)));
		files.count(one.files);
		const now = [one.last_event, one.last_run, one.open_alerts, one.schedule.run?.id, one.schedule.run?.state].join();
		if (now === last) return;
		last = now;
		await Promise.all([alerts.load(one), files.load(), runs.load(), get(`${base}/events${query({ after: Math.max(0, one.last_event - EVENTS), limit: EVENTS })}`, { signal }).then((page) => put(events, timeLine(page.items, one.last_event)))]);
	}

	// What somebody may start or stop; a run is shown until it has ended.
	function doors(one) {
		const { run } = one.schedule;
		const reads = ['waiting', 'running'].includes(run?.state);
		return [reads && h('span@run', run.kind === 'survey' ? 'Looks for changes' : 'Reads', ` · ${plural(run.files_done, 'file')}, ${bytes(run.bytes_done)}`),
			!reads && one.root !== undefined && may('hash') && [button('Survey now', '.small@survey', () => act(() => post(`${base}/survey`))), button('Read everything now', '.small@scrub', () => act(() => post(`${base}/scrub`)))],
			may('admin') && one.schedule.state !== 'off' && button(one.paused ? 'Resume' : 'Pause', '.small@pause', () => act(() => change({ paused: !one.paused })))];
	}

	const change = (settings) => send('PATCH', base, { body: JSON.stringify(settings), headers: { 'content-type': 'application/merge-patch+json', 'if-match': '*' } });
	const act = (action) => action().then(reload).catch(showProblem);

	async function reload() { await show(await get(base, { signal })); }

	// The head of the page counts the alerts anew, and names the sinks that do not take them.
	async function told() {
		await reload();
		dispatchEvent(new Event('alertschanged'));
	}

	await show(first);
	const timer = setInterval(() => { if (!document.hidden) get(base, { silent: true, signal }).then(show).catch(() => {}); }, 10_000);
	return { title: titleOf(first), unmount() { clearInterval(timer); files.destroy(); } };
}

// The files that deviate, each with the event that has made it so.
function alertPanel(base, told, signal) {
	const node = h('section.panel.alerts@alerts', { label: 'Not as they should be', hidden: true });
	let [shown, next, known] = [[], null, []];

	async function load({ open_alerts: alerts, acknowledged_alerts: acknowledged }) {
		const some = (is) => get(`${base}/alerts${query({ limit: PAGE, acknowledged: is })}`, { signal });
		const [page, before] = await Promise.all([some(false), acknowledged ? some(true) : { items: [] }]);
		[shown, next, known] = [page.items, page.next_cursor, before.items];
		draw(alerts, acknowledged);
	}

	function draw(alerts, acknowledged) {
		node.hidden = shown.length + known.length === 0;
		const can = shown.filter(({ condition }) => ACCEPTABLE.includes(condition));
		const these = (files) => (files.length === 1 ? 'it' : `these ${count(files.length)}`);
		put(node, shown.length > 0 && h('div.panel-head', h('h2', plural(alerts, 'file is', 'files are'), alerts === 1 ? ' not as it should be' : ' not as they should be'), h('div.row', may('admin') && button(`Acknowledge ${these(shown)}`, '.small@acknowledge-all', () => acknowledge(shown)), may('admin') && can.length > 0 && button(`Accept ${these(can)}`, '.small@accept-all', () => accept(can), 'check'))),
			shown.length > 0 && h('ul.alert-list', shown.map((file) => row(file, '@alert', may('admin') && button('Acknowledge', '.small@acknowledge', () => acknowledge([file]))))),
			next && h('p.hint', `The first ${count(shown.length)} are shown; accept them, or filter the files below.`),
			known.length > 0 && [h('h2', `${plural(acknowledged, 'file')} acknowledged`), h('p.hint', 'Somebody knows of them. What happens to them next is an alert again.', known.length < acknowledged && ` The first ${count(known.length)} are shown.`),
				h('ul.alert-list', known.map((file) => row(file, '@known', h('small.dim', said(file.acknowledged)))))]);
	}

	const row = (file, spec, more) => h(`li${spec}`, { 'data-condition': file.condition }, tag(file.condition), h('button.link', { type: 'button', click: () => details(file) }, pathNode(file.path)), h('small.reason', reason(file.last_event)), seen(file.last_event), more,
		may('admin') && ACCEPTABLE.includes(file.condition) && button('Accept', '.small@accept', () => accept([file])));

	async function acknowledge(files) {
		const note = await askNote(`Acknowledge ${files.length === 1 ? visible(files[0].path) : plural(files.length, 'file')}?`);
		if (note !== null) await say('acknowledge', 'acknowledged', { files: files.map(asShown), note: note || undefined });
	}

	async function accept(files) {
		const [one] = files;
		const what = files.length === 1 ? visible(one.path) : plural(files.length, 'file');
		const gone = files.some(({ condition }) => condition === 'missing') ? ' A missing file is forgotten.' : '';
		if (!(await confirm(`Accept ${what}?`, `From then on it is right as it is now, and what it was before is no longer compared with.${gone}`, 'Accept', 'Leave it'))) return;
		await say('accept', 'accepted', { files: files.map(asShown) });
	}

	async function say(verb, done, body) {
		try {
			const { items } = await post(`${base}/${verb}`, body);
			const refused = items.filter(({ outcome: came }) => came !== done);
			if (refused.length) showProblem({ name: 'Problem', detail: `${plural(refused.length, 'file was', 'files were')} not ${done}. ${visible(refused[0].path)}: ${refused[0].detail ?? 'no such file is known'}.` });
			else toast(`${plural(items.length, 'file')} ${done}`);
			await told();
		} catch (problem) { showProblem(problem); }
	}

	return { node, load };
}

// A line about files that somebody knows of; null if they close it.
function askNote(title) {
	const field = h('input.field@note', { type: 'text', name: 'note', maxlength: 500, autocomplete: 'off' });
	return new Promise((resolve) => {
		const node = dialog('', title, h('form', { method: 'dialog' }, h('h2', title), h('p', 'They stay what they are, and are no alerts any more until something else happens to them.'), h('label.labelled', 'What is known of it (may be left empty)', field),
			h('div.row.end', button('Leave it', '', () => node.close()), h('button.button.primary@note-yes', { value: 'yes' }, 'Acknowledge'))));
		node.addEventListener('close', () => resolve(node.returnValue === 'yes' ? field.value.trim() : null));
	});
}

const said = ({ at, by, note }) => [`by ${visible(by)} `, h('span', { title: when(at) }, ago(at)), note && `: ${visible(note)}`];
const seen = (event) => event && h('small.dim', { title: when(event.at) }, `seen ${ago(event.at)}`);

// Why, in words: the evidence, where a moved file was, what each read found.
function reason(event) {
	if (!event) return [];
	const { evidence, moved_from: from, failure, reads, read_from: source, acknowledged } = event;
	if (acknowledged) return [`by ${visible(acknowledged.by)}${acknowledged.note === null ? '' : `: ${visible(acknowledged.note)}`}`];
	const why = (evidence && evidence !== 'none' && evidenceText(evidence)) || (from !== undefined && `was at ${visible(from)}`) || (failure && `${word({}, failure.code)}${failure.range ? ` in ${bytes(failure.range.bytes)} at ${count(failure.range.offset)}` : ''}`)
		|| (reads && reads.map(({ reads: times }) => plural(times, 'read')).join(' and ').concat(' found different contents'));
	if (event.stopped) return [STOPPED[event.stopped] ?? event.stopped];
	return [why, event.damaged && `${why && ' · '}damaged: ${rangesText(event.damaged)}`, source === 'cache' && `${why && ' · '}read from memory, which may hide damage`].filter(Boolean);
}

function filePanel(base, signal) {
	let [filters, next, timer, turn] = [{ condition: '', q: '' }, null, 0, 0];
	const list = h('ul.file-list', { label: 'Files' });
	const more = button('Show more', '@more-files', () => load(next));
	const bar = tabBar(CONDITIONS, (condition) => choose({ condition }), false);
	const { field, node: seek } = searchField('files-search', 'Part of a path', '', () => { clearTimeout(timer); timer = setTimeout(() => choose({ q: field.value.trim() }), SEARCH_MS); });
	const node = h('section.panel@files', { label: 'Files' }, h('div.panel-head', h('h2', 'Files'), seek), bar.node, list, h('div.row.center', more));
	bar.mark('');

	function choose(change) {
		filters = { ...filters, ...change };
		bar.mark(filters.condition);
		load();
	}

	async function load(cursor) {
		const mine = turn += 1;
		try {
			const page = await get(`${base}/files${query({ ...filters, cursor, limit: PAGE })}`, { signal });
			if (mine !== turn) return;
			next = page.next_cursor;
			const rows = page.items.map((file) => h('li@file', h('button.link', { type: 'button', click: () => details(file) }, pathNode(file.path)), h('span.dim', file.size === null ? '–' : sizeNode(file.size)),
				h('small.dim', { title: file.verified_at && when(file.verified_at) }, file.verified_at ? `verified ${ago(file.verified_at)}` : 'never verified'), tag(file.condition)));
			if (cursor) list.append(...rows); else put(list, rows.length ? rows : h('li', placeholder('search', 'Nothing matches this filter')));
			more.hidden = !next;
		} catch (problem) { showProblem(problem, () => load(cursor)); }
	}

	const amounts = (files) => Object.fromEntries(Object.entries(files).map(([condition, { files: amount }]) => [condition, amount]));
	const all = (files) => Object.values(files).reduce((sum, { files: amount }) => sum + amount, 0);
	return { node, load: () => load(), count: (files) => { bar.count({ ...amounts(files), '': all(files) }); bar.mark(filters.condition); }, destroy: () => clearTimeout(timer) };
}

// Ranges in words, a few of them by their place.
function rangesText(ranges) {
	const named = ranges.slice(0, 3).map(({ offset, bytes: length }) => `${bytes(length)} at ${bytes(offset)}`).join(', ');
	return ranges.length > 3 ? `${named} and ${plural(ranges.length - 3, 'more range')}` : named;
}

// Where a file is damaged, as parts of one bar; in words for those who do not see it.
function damageBar(ranges, size) {
	const parts = [];
	let at = 0;
	for (const { offset, bytes: length } of ranges) {
		if (offset > at) parts.push(['sound', offset - at]);
		parts.push(['damaged', length]);
		at = offset + length;
	}
	if (at < size) parts.push(['sound', size - at]);
	const total = ranges.reduce((sum, { bytes: length }) => sum + length, 0);
	return [h('div.age-bar.damage-bar@damage', { role: 'img', label: `Damaged: ${rangesText(ranges)}` }, parts.map(([look, length]) => {
		const part = h(`i.${look}`);
		part.style.flexGrow = length / 2 ** 20;
		return part;
	})), h('p.hint', `${bytes(total)} of ${bytes(Math.max(size, at))} in ${plural(ranges.length, 'range')}: ${rangesText(ranges)}`), h('p.hint', 'hivesum locate FILE COPY says what to take from another copy.')];
}

// The newest first.
function timeLine(events, last) {
	const rows = [...events].reverse().map((event) => h('li@event', h('span.event-time', { title: when(event.at) }, ago(event.at)), tag(event.kind), event.path ? pathNode(event.path) : h('span.dim', 'the collection'), reason(event).length > 0 && h('small.reason', reason(event))));
	return [h('h2', 'What happened'), rows.length ? h('ol.time-line', rows) : h('p.hint', 'Nothing yet: all files are as the baseline has them.'), last > events.length && h('p.hint', `The newest ${count(events.length)} of ${count(last)} events.`)];
}

const content = (title, { size, modified_at: at, digests }) => pair(title, h('span', bytes(size), at && `, modified ${when(at)}`), h('div.digests', Object.entries(digests).map(([name, hex]) => digestLine(name, hex))));

function details(file) {
	const { path, path_b64: exact, condition, expected, found, first_seen: first, content_since: since, verified_at: verified, last_event: event, acknowledged } = file;
	sheet(`File ${visible(path)}`, nameNode(path, 'wrap'), h('dl.facts', pair('Condition', tag(condition)), acknowledged && pair('Acknowledged', said(acknowledged)), event && pair('Event', tag(event.kind), h('p.hint', reason(event), ' ', seen(event))), event?.damaged && pair('Damaged', damageBar(event.damaged, file.size ?? 0)), expected && content(found ? 'Should be' : 'Content', expected), found && content('Is', found),
		pair('First seen', when(first)), pair('Content since', when(since)), pair('Verified', verified ? when(verified) : 'never'), exact && pair('Exact name', h('code', exact), ' in base64')));
}
