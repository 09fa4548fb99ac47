// Collections: the directories that are kept watch over, one card each.

import { h, put, icon, get, nameNode, visible, count, plural, bytes, percent, ago, when, duration, seesAll, may, placeholder, wholeView } from '../kernel.js';
import { addPanel } from './collection-form.js';

const REFRESH_MS = 10_000;

// Health: look, glyph, words.
const HEALTH = { ok: ['good', 'check', 'As it should be'], alert: ['bad', 'warn', 'Look at it'], unreachable: ['wait', 'cross', 'Cannot be reached'], behind: ['wait', 'clock', 'Behind its aim'] };

export function healthTag({ health, open_alerts: alerts, acknowledged_alerts: known }) {
	const [look, glyph, words] = health === 'ok' && known ? ['wait', 'warn', `${plural(known, 'file')} acknowledged`] : HEALTH[health] ?? ['', 'clock', 'The baseline is being taken'];
	return h(`span.finding.${look}@health`, { 'data-health': health ?? 'unknown' }, icon(glyph), alerts ? plural(alerts, 'open alert') : words);
}

// Where it lies, and its name if that is another one; elsewhere than beneath a root only its name is known.
export function placeNode({ name, root, path }) {
	if (root === undefined) return h('span', nameNode(name, 'wrap'), h('small.dim', ' outside of the roots'));
	const place = path ? `${root}/${path}` : root;
	return name === place.split('/').at(-1) ? nameNode(place, 'wrap') : h('span', nameNode(name, 'wrap'), ' ', h('small.dim', nameNode(place, 'wrap')));
}

const total = (files, member) => Object.values(files).reduce((sum, amount) => sum + amount[member], 0);

export const sizes = ({ files }) => `${plural(total(files, 'files'), 'file')}, ${bytes(total(files, 'bytes'))}`;

// The shares of files by the age of their last verification, each as a part of one bar; in words for those who do not see it.
export function ageBar({ verified: { within, older, never } }) {
	const parts = within.map(({ days, files }, at) => [`within-${days}`, files - (within[at - 1]?.files ?? 0), `within ${plural(days, 'day')}`]);
	parts.push(['older', older.files, 'longer ago'], ['never', never.files, 'never']);
	const all = parts.reduce((sum, [, files]) => sum + files, 0);
	const month = within.find(({ days }) => days === 30)?.files ?? 0;
	const words = parts.filter(([, files]) => files).map(([, files, age]) => `${age}: ${count(files)}`).join(', ');
	const said = all ? `${percent(month, all)} read within 30 days` : 'No files';
	return h('div.ages@ages', h('div.age-bar', { role: 'img', label: `Files by their last verification. ${words || said}`, title: words }, parts.filter(([, files]) => files).map(([look, files]) => {
		const part = h(`i.${look}`);
		part.style.flexGrow = files;
		return part;
	})), h('small', said));
}

export function waitText({ waits_since: since, verified: { never } }) {
	if (!since) return '';
	const waits = duration((Date.now() - Date.parse(since)) / 1000);
	return never.files ? `${plural(never.files, 'file')} never verified` : `the one that waits longest was verified ${waits} ago`;
}

export const runText = ({ last_run: run, pass_began: began, passes }) => [run ? h('span', { title: when(run) }, `last run ${ago(run)}`) : 'no run has ended yet', began && h('span', { title: when(began) }, ' · a pass is under way'), passes > 0 && ` · ${plural(passes, 'pass', 'passes')}`];

const NEXT = { closed: 'the next window opens', waiting: 'the next run begins', due: 'a run is due' };

// What the schedule does, and where its aim cannot be met, why.
export function scheduleText({ schedule: { state, next_at: next }, aim_days: aim, forecast }) {
	if (state === 'off') return 'read when somebody asks';
	const aims = aim ? `everything within ${plural(aim, 'day')}` : 'surveys only';
	const then = state === 'paused' ? 'paused' : [NEXT[state], state !== 'due' && (next ? ` ${when(next)}` : ' never')].filter(Boolean).join('');
	return [aims, then, forecast?.detail && `the aim cannot be met: ${forecast.detail}`].filter(Boolean).join(' · ');
}

// Sinks that tell nobody, and since when.
export const undeliveredNode = ({ notify_failing: sinks }) => sinks.length > 0 && h('div.job-fault@undelivered', icon('warn'), h('div', h('strong', 'Alerts are not delivered'),
	sinks.map(({ sink, since, error }) => h('p', `The sink ${visible(sink)} has taken no message since ${when(since)}${error ? `: ${visible(error)}` : ''}.`))));

function card(one) {
	return h('li.panel.collection@collection', { 'data-id': one.id }, h('div.collection-head', h('h2', h('a', { href: `#/collections/${one.id}` }, placeNode(one))), healthTag(one)), undeliveredNode(one), ageBar(one),
		h('p.hint', sizes(one), ' · ', one.kind === 'fixed' ? 'every change is an alert' : 'only damage is an alert'), h('p.hint', runText(one)), h('p.hint', scheduleText(one)));
}

export async function mount(root, { signal }) {
	if (!seesAll()) {
		put(root, wholeView('warn', 'This token may not see collections', 'They belong to no token: the scope read:all shows them.'));
		return { title: 'Collections' };
	}
	const list = h('ul.collections', { label: 'Collections' });
	const body = h('div');
	const show = ({ items }) => {
		put(list, items.map(card));
		put(body, items.length ? list : placeholder('clock', 'No collections yet', 'A directory that is added here, or by hivesum scrub DIR, is kept watch over: the first run takes a baseline, and later ones tell what changed, is gone or is damaged.'));
	};
	show(await get('collections', { signal }));
	put(root, h('header.view-head', h('h1', 'Collections'), h('p.hint', 'Directories that are read again and again.')), may('admin') && addPanel(signal), body);
	const timer = setInterval(() => { if (!document.hidden) get('collections', { silent: true, signal }).then(show, () => {}); }, REFRESH_MS);
	return { title: 'Collections', unmount() { clearInterval(timer); } };
}

// The number of open alerts of all collections, and the sinks that are not told of them; null if that is not known.
export const openAlerts = () => get('collections', { silent: true }).then(({ items }) => ({
	alerts: items.reduce((sum, one) => sum + one.open_alerts, 0),
	failing: [...new Set(items.flatMap(({ notify_failing: sinks }) => sinks.map(({ sink }) => sink)))],
}), () => null);
export const undeliveredText = (sinks) => `Alerts are not delivered: the ${sinks.length > 1 ? 'sinks' : 'sink'} ${sinks.map((sink) => visible(sink)).join(', ')} ${sinks.length > 1 ? 'take' : 'takes'} no messages.`;
export const alertLabel = (alerts) => `${plural(alerts, 'open alert')} in collections`;
export const titleOf = ({ name }) => visible(name);
