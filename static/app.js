// Starts the page: session, header, and the router of the views.

import { h, put, attr, icon, button, skeleton } from './kernel/dom.js';
import { forget, get, learnScopes, may, seesAll, send } from './kernel/api.js';
import { rate, count, plural, visible } from './kernel/format.js';
import { clear, showProblem, wholeView } from './kernel/notice.js';
import * as pool from './kernel/pool.js';
import { comb } from './kernel/chart.js';
import { show as showSignIn, signIn } from './views/signin.js';
import { onQueue, totals, afterSignIn } from './views/hash-queue.js';
import { restore, forgetKept } from './views/hash-keep.js';
import * as hash from './views/hash.js';
import * as files from './views/files.js';
import * as job from './views/job.js';
import * as jobs from './views/jobs.js';
import * as find from './views/find.js';
import * as compare from './views/compare.js';
import * as duplicates from './views/duplicates.js';
import * as collections from './views/collections.js';
import * as collection from './views/collection.js';
import * as nodes from './views/nodes.js';
import * as system from './views/system.js';

// The views, and the tab of each.
const VIEWS = { hash: 'hash', files: 'files', job: 'jobs', jobs: 'jobs', find: 'jobs', compare: 'jobs', duplicates: 'jobs', collections: 'collections', collection: 'collections', nodes: 'nodes', system: 'system' };
const MODULES = { hash, files, job, jobs, find, compare, duplicates, collections, collection, nodes, system };

const SLOW_MS = 250;
const ALERTS_MS = 30_000;
const main = document.querySelector('main');
const root = document.documentElement;
const node = (id) => document.getElementById(id);
const signOut = node('sign-out');

let shown = {};
let turn = 0;
let gone = new AbortController();
let signedOut = false;

// '#/job/ID?status=error' -> {name, parts, search}.
function address() {
	const [path, search = ''] = location.hash.replace(/^#\/?/, '').split('?');
	const [name, ...parts] = path.split('/');
	// '#/jobs/ID' is typed by people, and '#/job' is what a cut link leaves.
	const view = name === 'jobs' || name === 'job' ? (parts[0] ? 'job' : 'jobs') : name === 'collections' && parts[0] ? 'collection' : name;
	return { name: VIEWS[view] ? view : 'hash', parts, search: Object.fromEntries(new URLSearchParams(search)) };
}

async function route() {
	if (signedOut) return;
	const to = address();
	const key = [to.name, ...to.parts, to.name === 'jobs' && to.search.state].join('/');
	for (const link of document.querySelectorAll('[data-nav]')) attr(link, 'aria-current', link.dataset.nav === VIEWS[to.name] ? 'page' : null);
	if (key === shown.key && shown.view?.update) { shown.view.update(to); return; }
	leave();
	if (!may('read')) { cannotRead(); return; }
	const mine = turn;
	const body = h(`div.view.view-${to.name}`);
	// The old view stays until the next one has something to show; until then what is seen is not what was asked for.
	attr(main, 'aria-busy', 'true');
	const slow = setTimeout(() => { if (mine === turn && !body.isConnected) put(main, h('div.view', { 'aria-busy': 'true' }, h('h1.offscreen', 'Loading'), skeleton(6))); }, SLOW_MS);
	try {
		const filled = new MutationObserver(() => { filled.disconnect(); if (mine === turn) { put(main, body); settle(); scrollTo(0, 0); } });
		filled.observe(body, { childList: true });
		const view = await MODULES[to.name].mount(body, { ...to, signal: gone.signal });
		if (mine !== turn) { view.unmount?.(); return; }
		shown = { key, view };
		if (to.name !== 'job') document.title = `${view.title} · hivesum`;
	} catch (problem) {
		if (mine === turn && problem.status !== 401) broken(problem);
	} finally {
		clearTimeout(slow);
		if (mine === turn) settle();
	}
}

function settle() { attr(main, 'aria-busy', null); }

function cannotRead() {
	document.title = 'hivesum';
	put(main, wholeView('warn', 'This token may not read', 'It lacks the scope read, which every view of this page needs. Programs may use it; here, sign out and sign in with another one.'));
}

function leave() {
	turn += 1;
	settle();
	gone.abort();
	gone = new AbortController();
	shown.view?.unmount?.();
	shown = {};
	document.querySelectorAll('dialog').forEach((open) => open.close());
	clear();
}

function broken(problem, again = route) {
	if (problem.name !== 'Problem') console.error(problem);
	clear();
	put(main, wholeView('warn', 'This could not be loaded', problem.detail || 'Something went wrong in the page.', button('Try again', '.primary@retry', again, 'retry'), problem));
}

function enterSignedOut(problem) {
	if (signedOut && !problem) return;
	signedOut = true;
	noteSession('');
	leave();
	pool.pause();
	root.classList.add('signed-out');
	document.title = 'Sign in · hivesum';
	showSignIn(main, problem, signedIn);
}

function signedIn() {
	signedOut = false;
	noteSession(1);
	root.classList.remove('signed-out');
	forget();
	afterSignIn();
	begin();
}

// Asked for once: the page offers nothing that the token may not do.
async function begin() {
	try { await learnScopes(); } catch (problem) { if (problem.status !== 401) broken(problem, begin); return; }
	if (may('read')) pool.start();
	// What is to be seen first is asked for first.
	await route();
	tellAlerts();
	tellFleet();
}

function remember(what, value) { try { localStorage.setItem(`hivesum.${what}`, value); } catch { /* not remembered */ } }

// Scripts cannot see the cookie, so the page remembers that there is one.
function noteSession(there) {
	signOut.hidden = !there;
	remember('session', there);
}

// The token of a sign-in link is in the fragment, which never leaves the browser.
async function takeToken() {
	const found = /^#token=(.*)$/.exec(location.hash);
	if (!found) return;
	history.replaceState(null, '', '#/hash');
	try {
		await signIn(decodeURIComponent(found[1]));
		signedOut = false;
		noteSession(1);
	} catch (problem) {
		// A used link is no error while the session is valid.
		await get('algorithms', { silent: true }).catch(() => enterSignedOut(problem));
	}
}

function header() {
	const cells = comb('', 8);
	const [busy, size, speed, link] = [h('span@pool-busy', '–'), h('span@pool-size', '–'), h('span.pool-rate'), node('pool')];
	put(link, cells.node, h('span', busy, ' of ', size, h('span.pool-word', ' busy')), speed);
	pool.onPool(({ sample, problem }) => {
		link.classList.toggle('away', Boolean(problem));
		if (problem) { link.title = problem.detail; put(speed, 'offline'); return; }
		const { hashers } = sample.stats;
		cells.show({ ...hashers, busy: sample.busy });
		put(busy, String(sample.busy));
		put(size, String(hashers.size));
		put(speed, sample.bytesPerSecond >= 1 ? rate(sample.bytesPerSecond) : 'idle');
		link.title = `${count(sample.filesPerSecond)} files/s`;
	});
	const jobs = node('jobs-active');
	pool.onPool(({ sample }) => {
		const { running = 0, queued = 0 } = sample?.stats.jobs ?? {};
		jobs.hidden = !(running + queued);
		put(jobs, count(running + queued));
		attr(jobs, 'aria-label', `${plural(running, 'job')} running, ${count(queued)} queued`);
	});
	const badge = node('uploads-active');
	onQueue(() => { const { active } = totals(); badge.hidden = !active; put(badge, count(active)); attr(badge, 'aria-label', `${plural(active, 'upload')} in progress`); });
}

// The open alerts of all collections, beside their tab on every page, and below it that nobody is told of them.
async function tellAlerts() {
	if (signedOut || document.hidden || !may('read') || !seesAll()) return;
	const { alerts, failing } = await collections.openAlerts() ?? { failing: [] };
	const [badge, undelivered] = [node('alerts-open'), node('undelivered')];
	badge.hidden = !alerts;
	put(badge, count(alerts ?? 0));
	attr(badge, 'aria-label', collections.alertLabel(alerts ?? 0));
	undelivered.hidden = !failing.length;
	put(undelivered, failing.length > 0 && [icon('warn'), h('a', { href: '#/collections' }, collections.undeliveredText(failing))]);
}

// Where no fleet is coordinated there is no tab for its nodes.
async function tellFleet() {
	if (!may('read') || !seesAll()) return;
	const { coordinates } = await nodes.nodes({ silent: true }).catch(() => ({}));
	root.classList.toggle('has-fleet', Boolean(coordinates));
}

function themeToggle() {
	const toggle = put(node('theme'), icon('theme'));
	const dark = matchMedia('(prefers-color-scheme: dark)');
	const tell = () => dispatchEvent(new Event('themechange'));
	dark.addEventListener('change', tell);
	toggle.addEventListener('click', () => {
		const now = root.dataset.theme ?? (dark.matches ? 'dark' : 'light');
		root.dataset.theme = now === 'dark' ? 'light' : 'dark';
		tell();
		remember('theme', root.dataset.theme);
	});
}

node('skip').addEventListener('click', (event) => { event.preventDefault(); main.focus(); });
addEventListener('beforeunload', (event) => { if (totals().active) event.preventDefault(); });
addEventListener('unhandledrejection', ({ reason }) => showProblem(reason instanceof Error ? reason : new Error(visible(reason))));
addEventListener('hashchange', async () => {
	if (!location.hash.startsWith('#token=')) { route(); return; }
	await takeToken();
	if (!signedOut) signedIn();
});
addEventListener('alertschanged', tellAlerts);
setInterval(tellAlerts, ALERTS_MS);
addEventListener('signedout', () => enterSignedOut());
try { signOut.hidden = !localStorage.getItem('hivesum.session'); } catch { /* not remembered */ }
signOut.addEventListener('click', async () => {
	await send('DELETE', 'session');
	// Forgets all that was shown.
	forgetKept();
	location.reload();
});
restore();
header();
themeToggle();
await takeToken();
if (!signedOut) begin();
