// Nodes: the machines of the fleet that this service coordinates, one card each.

import {
	h, put, button, icon, get, post, may, nameNode, visible, count, plural, bytes, rate, ago, when, duration, seesAll, placeholder, showProblem, toast, wholeView, searchField, comb, filesHref, componentsOf
} from '../kernel.js';

const REFRESH_MS = 3000;
// Cards at a time; whoever looks for another node types a part of its name.
const MOST_SHOWN = 200;
// Below this the way of a message may be what differs.
const CLOCK_MS = 1000;

// Names in a line at a time, as links.
const MOST_NAMED = 24;
// State: order, look, glyph, words.
const STATES = { lost: [0, 'bad', 'cross', 'Unreachable'], draining: [1, 'wait', 'clock', 'Takes no more work'], present: [2, 'good', 'check', 'Present'] };
const ORDER = ({ state }) => STATES[state]?.[0] ?? 2;

export const nodes = (options) => get('nodes', options);
export const nodeHref = (name) => `#/nodes?name=${encodeURIComponent(name)}`;

// The first of many, drawn, and how many there are besides.
export function few(all, draw) {
	const rest = all.length - MOST_NAMED;
	return [all.slice(0, MOST_NAMED).map(draw), rest > 0 && `and ${count(rest)} more`];
}

// Where a node reads: the directory, as a link to it.
const placeOf = (reading) => [reading.root, ...(reading.path ? [reading.path] : [])].join('/');

function stateTag({ state }) {
	const [, look, glyph, words] = STATES[state] ?? [2, '', 'clock', visible(state)];
	return h(`span.finding.${look}@node-state`, { 'data-state': state }, icon(glyph), words);
}

// How far the clock is off, if it matters: jobs compare times of files.
function clockText(ms) {
	const seconds = duration(Math.abs(ms) / 1000);
	return Math.abs(ms) < CLOCK_MS ? 'within 1 s' : `${seconds} ${ms > 0 ? 'ahead' : 'behind'}`;
}

// One card, whose links stay while it is shown again.
function card(name, changed) {
	const cells = comb('', 16);
	const head = h('div.node-head');
	const facts = new Map(['Hashers', 'Rate', 'Hashed', 'Last seen', 'Clock'].map((title) => [title, h(`dd@node-${title.toLowerCase().replace(' ', '-')}`)]));
	const [roots, reading] = [h('ul.node-roots@node-roots', { label: `Roots of ${visible(name)}` }), h('ul.node-reading@node-reading', { label: `What ${visible(name)} reads` })];
	const version = h('small.dim@node-version');
	const node = h('li.panel.node@node', { 'data-node': name }, head, h('dl.facts.grid', [...facts].map(([title, value]) => h('div', h('dt', title), value))), roots, reading);
	const told = {};
	const say = (verb, words) => post(`nodes/${encodeURIComponent(name)}/${verb}`).then(() => { toast(words); changed(); }).catch(showProblem);
	const drain = () => say('drain', `${visible(name)} ends what it has begun, and takes no more work`);
	const resume = () => say('resume', `${visible(name)} takes work again, within its windows`);
	const control = (state) => may('admin') && (state === 'present' ? button('Drain', '.small@node-drain', drain) : state === 'draining' && button('Resume', '.small@node-resume', resume));
	// What is the same is left as it is: a link keeps the focus.
	const tell = (key, target, value, draw) => { const text = JSON.stringify(value); if (told[key] !== text) { told[key] = text; put(target, draw()); } };

	function show(one) {
		const { state, hashers, hashers_busy: busy, bytes_hashed: size, files_hashed: files, bytes_per_second: speed, seen_at: seen, clock_ahead_ms: ms } = one;
		const away = state === 'lost';
		node.classList.toggle('away', away);
		tell('head', head, [state, one.version], () => [h('h2', nameNode(name, 'wrap')), version, stateTag(one), control(state)]);
		put(version, `hivesum ${visible(one.version)}`);
		cells.show({ size: hashers, alive: hashers, busy: away ? 0 : busy, stuck: 0 });
		put(facts.get('Hashers'), h('span', away ? plural(hashers, 'thread') : `${count(busy)} of ${count(hashers)} busy`), cells.node);
		put(facts.get('Rate'), away ? '–' : speed >= 1 ? rate(speed) : 'idle');
		put(facts.get('Hashed'), h('span', { title: plural(files, 'file') }, bytes(size)));
		put(facts.get('Last seen'), h('span', { title: when(seen) }, ago(seen)));
		const clock = facts.get('Clock');
		put(clock, clockText(ms));
		clock.classList.toggle('wait-text', Math.abs(ms) >= CLOCK_MS);
		tell('roots', roots, one.roots, () => one.roots.map((root) => h('li', icon('folder'), h('a', { href: filesHref(root) }, nameNode(root, 'wrap')), !root.includes('@') && h('small.dim', 'pool'))));
		roots.hidden = !one.roots.length;
		tell('reading', reading, [one.reading, away], () => (one.reading.length ? distinct(one.reading).map(readingLine)
			: h('li.hint', away ? 'Its work goes to other nodes of the pool, or waits for it.' : 'Reads nothing now.')));
	}
	return { node, show };
}

// Two works in one directory are one line.
const distinct = (all) => [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];

const readingLine = (reading) => h('li', icon('arrow'), h('span', 'Reads ', h('a', { href: filesHref(reading.root, componentsOf(reading)) }, nameNode(placeOf(reading), 'wrap')), ' for ',
	h('a', { href: `#/job/${reading.job}`, label: `the job ${reading.job}` }, `job ${reading.job.slice(0, 8)}`)));

// All of them in one line.
function summary(items) {
	const of = (state) => items.filter((one) => one.state === state);
	const [there, stopping, lost] = [of('present'), of('draining'), of('lost')];
	const working = [...there, ...stopping];
	const sum = (member) => working.reduce((all, one) => all + one[member], 0);
	const speed = sum('bytes_per_second');
	return [plural(items.length, 'node'), stopping.length > 0 && `${count(stopping.length)} without new work`, lost.length > 0 && `${count(lost.length)} unreachable`,
		`${count(sum('hashers_busy'))} of ${plural(sum('hashers'), 'hasher')} busy`, speed >= 1 ? rate(speed) : 'idle'].filter(Boolean).join(' · ');
}

export async function mount(root, { search, signal }) {
	if (!seesAll()) {
		put(root, wholeView('warn', 'This token may not see nodes', 'They belong to no token: the scope read:all shows them.'));
		return { title: 'Nodes' };
	}
	const cards = new Map();
	const list = h('ul.nodes@nodes', { label: 'Nodes' });
	const [line, more, none] = [h('p.hint@nodes-summary'), h('p.hint@nodes-more', { hidden: true }), h('div')];
	const away = h('div.job-fault@fleet-away', { role: 'status', hidden: true }, icon('warn'), h('div', h('strong', 'The NATS server cannot be reached'),
		h('p', 'No node is heard until it is back, and jobs on their directories wait. What is shown here is from before. The log of the service says why.')));
	const { field, node: tool } = searchField('nodes-search', 'Part of a name', search.name ?? '', () => draw());
	let all = { items: [], coordinates: true, connected: true };

	function draw() {
		const { items, coordinates, connected } = all;
		const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
		const wanted = ({ name, roots }) => words.every((word) => [name, ...roots].some((text) => text.toLowerCase().includes(word)));
		const found = items.filter(wanted).sort((one, other) => ORDER(one) - ORDER(other) || one.name.localeCompare(other.name, 'en', { numeric: true }));
		const shown = found.slice(0, MOST_SHOWN);
		away.hidden = !coordinates || connected;
		if (line.textContent !== summary(items)) put(line, items.length ? summary(items) : '');
		more.hidden = found.length === shown.length && found.length > 0;
		put(more, found.length ? `${plural(found.length - shown.length, 'more node')} not shown: type a part of a name.` : 'No node and no root has this in its name.');
		if (!items.length) more.hidden = true;
		tool.hidden = items.length < 2 && !field.value;
		for (const one of shown) {
			if (!cards.has(one.name)) cards.set(one.name, card(one.name, refresh));
			cards.get(one.name).show(one);
		}
		const order = shown.map(({ name }) => cards.get(name).node);
		if (order.length !== list.children.length || order.some((node, at) => list.children[at] !== node)) put(list, order);
		put(none, !items.length && (coordinates ? placeholder('link', 'No node has come yet', 'A machine joins with this command, and is seen here within seconds:', h('code', 'hivesum node --fleet nats://BROKER:4222 --name NAME DIR'))
			: placeholder('link', 'This service coordinates no fleet', 'With a NATS server between them, one service hashes directories of many machines:', h('code', 'hivesum serve --fleet nats://BROKER:4222'))));
	}

	const take = (answer) => { all = answer; draw(); };
	const refresh = () => nodes({ silent: true, signal }).then(take, () => {});
	take(await nodes({ signal }));
	put(root, h('header.view-head', h('h1', 'Nodes'), line, h('span.spring'), tool), away, list, more, none);
	const timer = setInterval(() => { if (!document.hidden) refresh(); }, REFRESH_MS);
	return { title: 'Nodes', unmount() { clearInterval(timer); }, update: (to) => { field.value = to.search.name ?? ''; draw(); } };
}

// The nodes that read for a job, with what each reads, in a line that is hidden without them.
export function workers(id, signal) {
	const node = h('p.hint.job-nodes@job-nodes', { hidden: true });
	let over = false;
	async function look() {
		if (!seesAll()) return;
		const { items } = await nodes({ silent: true, signal }).catch(() => ({ items: [] }));
		if (over) return;
		const at = items.filter(({ reading }) => reading.some(({ job }) => job === id));
		node.hidden = !at.length;
		const place = ({ reading }) => reading.filter(({ job }) => job === id).map((one) => visible(placeOf(one))).join('\n');
		put(node, at.length > 0 && [h('span', at.length > 1 ? 'Nodes at work:' : 'Node at work:'), few(at, (one) => h('a', { href: nodeHref(one.name), title: place(one) }, nameNode(one.name, 'wrap')))]);
	}
	return { node, look, hide() { over = node.hidden = true; } };
}

// Directories of nodes: browsed like any other as long as one of their nodes is there.
export const isFar = (root) => Boolean(root?.nodes?.length);

// Whether no machine that has it can be reached.
export const isAway = (root) => isFar(root) && !root.nodes.some(({ present }) => present);

// The nodes of a root, in words: those that are not there too.
export function nodesNote({ nodes = [] } = {}) {
	const gone = nodes.filter(({ present }) => !present);
	const names = nodes.length > 3 ? plural(nodes.length, 'node') : nodes.map(({ name }) => name).join(', ');
	if (!nodes.length) return false;
	return gone.length === nodes.length ? h('span.root-warning@root-away', icon('warn'), `${names}: unreachable`)
		: h('small.hint@root-nodes', `on ${names}${gone.length ? `, ${named(gone)} unreachable` : ''}`);
}

const named = (away) => (away.length === 1 ? away[0].name : plural(away.length, 'node'));

// A directory that nobody can look into now.
export function unreachable(root, { name, nodes }, crumbs) {
	const state = ({ name: node }) => h('li', h('a', { href: nodeHref(node) }, nameNode(node, 'wrap')), ' ', h('small.bad-text', 'unreachable'));
	const body = placeholder('link', 'This directory is on another machine',
		'No machine that has it can be reached at present. A job on it cannot be started until one is back; one that has begun waits.');
	body.append(h('ul.far-nodes@far-nodes', { label: 'Nodes' }, few(nodes, state)));
	put(root, h('h1.offscreen', 'Directories'), h('section.browser', { label: 'Browser' }, h('div.browser-head', crumbs), h('div.browser-body', body)));
	return { title: name };
}
