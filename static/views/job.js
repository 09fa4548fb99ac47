// The job view: live progress, and results.

import {
	h, put, progressBar, button, icon, get, post, query, jobPath, rate, percent, pathNode, visible, when, ago, titles, followJob, ended, Chart,
	showProblem, announce, wholeView, STATES, word, componentsOf, filesHref, onDrop, may
} from '../kernel.js';
import { repeat, remove, targetNode, figureTiles } from './job-actions.js';
import { barLook, comparedWith, bagRemark, headline, outcomeTitle, remark, stateText, verdictTag } from './job-verdict.js';
import { verify, verifyStored } from './files-start.js';
import { resultsPanel } from './job-results.js';
import { workers } from './nodes.js';

const REFRESH_MS = 2000;
const NODES_MS = 3000;
const SPAN_SECONDS = 60;
const MOST_POINTS = 600;
const rank = (state) => ({ queued: 0, running: 1 }[state] ?? 2);

export async function mount(root, { parts: [id], search, signal }) {
	const first = await get(jobPath(id), { signal }).catch((problem) => { if (problem.status !== 404) throw problem; return problem; });
	if (first.id) return live(root, first, search, signal);
	put(root, wholeView('search', 'There is no such job', id.length === 36 ? `The job ${visible(id)} was deleted, or it belongs to another token.`
		: `“${visible(id)}” is not the id of a job, which has 36 characters. Is the link cut off, or longer than one job?`, h('a.button', { href: '#/jobs' }, 'All jobs'), first));
	return { title: 'Job' };
}

function live(root, first, search, signal) {
	let job = first;
	let { state } = job;
	let found = headline(job);
	let refreshed = 0;
	let heard = 0;
	const points = [];
	const figures = figureTiles();
	const chart = new Chart({ label: 'Bytes per second', format: rate, base: 1024, span: SPAN_SECONDS });
	const results = resultsPanel(job, search);
	const head = header(job, cancel);
	const at = h('p.job-at@job-at', { hidden: true });
	const nodes = workers(first.id, signal);
	const lost = h('p.link-lost', { role: 'status', hidden: true }, icon('retry'), 'Connection lost; the job continues. Reconnecting.');
	const track = progressBar('', 'Progress');
	const progress = h('section.panel.progress', { label: 'Progress' }, track.node, h('div.progress-grid', figures.node, h('div.chart-box', h('h2', 'Rate'), chart.node)), at, nodes.node, lost);
	put(root, head.node, progress, results.node);

	function show(change) {
		// From before a change of state, unless a restart has put it back into the queue, where it waits.
		if (rank(change?.state) < rank(job.state) && !change.waits_for) return;
		job = { ...job, ...(change?.state && { waits_for: undefined }), ...change };
		const p = job.progress;
		const over = ended(job.state);
		const known = over || p.bytes_total > 0;
		const share = job.state === 'completed' ? 1 : p.bytes_total > 0 ? Math.min(1, p.bytes_done / p.bytes_total) : 0;
		head.show(job);
		figures.show(job);
		track.node.className = `bar tall ${barLook(job)} ${known ? '' : 'unknown'}`;
		track.set(known ? share : null);
		progress.classList.toggle('over', over);
		at.hidden ||= job.state !== 'running';
		lost.hidden ||= over;
		if (over) nodes.hide();
		if (job.state !== state) { state = job.state; announce(`Job ${word(STATES, state)}.`); }
		if (headline(job) !== found) { found = headline(job); announce(`${found}.`); }
		if (Date.now() - refreshed > REFRESH_MS || over) { refreshed = Date.now(); results.refresh(job); if (!over) where(p); }
		document.title = `${over ? outcomeTitle(job) : percent(share, 1)} · hivesum`;
	}

	function sample(p) {
		heard = Date.now();
		points.push({ at: performance.now() / 1000, value: p.bytes_per_second ?? 0 });
		if (points.length > MOST_POINTS) points.shift();
		chart.set(points);
	}

	// The last committed result shows where the walk is.
	async function where({ files_done: done, files_failed: failed, files_skipped: skipped }) {
		const position = Math.max(0, done + failed + skipped - 1);
		const { items: [last] } = await get(jobPath(job.id, `/results${query({ position, limit: 1 })}`), { silent: true, signal }).catch(() => ({ items: [] }));
		at.hidden = !last || job.state !== 'running';
		if (last) put(at, 'Now at ', pathNode(last.path));
	}

	async function cancel() {
		try { show(await post(jobPath(job.id, '/cancel'))); } catch (problem) { showProblem(problem, cancel); }
	}

	if (may('hash')) onDrop(signal, progress, ({ files: [file] }) => verify({ root: job.spec.root, components: componentsOf(job.spec) }, file));
	// No event tells what a job waits for.
	const look = setInterval(() => { if (!ended(job.state) && Date.now() - heard > REFRESH_MS && !document.hidden) get(jobPath(job.id), { silent: true, signal }).then(show, () => {}); }, REFRESH_MS);
	// Only of a fleet are there nodes, and only roots of it have them.
	let ask;
	get('roots', { silent: true, signal }).then((all) => {
		if (signal.aborted || !all.find((one) => one.name === job.spec.root)?.nodes?.length) return;
		const follow = () => { if (!ended(job.state) && !document.hidden) nodes.look(); };
		follow();
		ask = setInterval(follow, NODES_MS);
	}).catch(() => {});
	show();
	const stop = ended(job.state) ? () => {} : followJob(job.id, {
		progress(p) { sample(p); show({ progress: p, state: p.bytes_done && job.state === 'queued' && !job.waits_for ? 'running' : job.state }); },
		state: (next) => show({ state: next }),
		job: show,
		link: (up) => { lost.hidden = up || ended(job.state); },
		lost: (problem) => { lost.hidden = true; showProblem(problem); },
	});
	return { title: 'Job', unmount() { clearInterval(look); clearInterval(ask); stop(); chart.destroy(); results.destroy(); }, update: (to) => results.follow(to.search) };
}

function header(first, cancel) {
	let job = first;
	let shown;
	const { spec } = first;
	const state = h('span.job-outcome');
	const line = h('p.job-meta');
	const fault = h('p.job-fault', { hidden: true });
	const odd = h('p.job-remark@job-remark', { role: 'status', hidden: true });
	const stop = button('Cancel', '.needs-cancel@job-cancel', async () => { stop.disabled = true; await cancel(); stop.disabled = false; }, 'cross');
	const again = button('Repeat', '.needs-hash@job-repeat', () => repeat(job), 'retry');
	if (first.kind === 'verify') again.title = 'Compares with the same again, as it was then';
	const against = button('Verify against this job', '.needs-hash@job-verify-against', () => verifyStored({ root: spec.root, components: componentsOf(spec) }, { against: first.id }), 'check');
	const twins = h('a.button@job-duplicates', { href: `#/duplicates/${first.id}` }, icon('copy'), 'Duplicates');
	const trash = button('Delete', '.quiet.needs-admin@job-delete', async () => { if (await remove(job)) location.hash = '#/jobs'; }, 'trash');
	const title = h('a.job-target', { href: filesHref(spec.root, componentsOf(spec)) }, targetNode(job));
	const node = h('header.job-head', h('div.job-title', h('h1', title), state), h('div.row', stop, against, twins, again, trash), line, fault, odd);

	function show(now) {
		job = now;
		const key = [job.state, job.waits_for, job.summary?.verdict, Boolean(job.summary)].join();
		if (shown === key) return;
		shown = key;
		const { error } = job;
		const over = ended(job.state);
		const [said, compared] = [remark(job) ?? bagRemark(job), comparedWith(job)];
		put(state, verdictTag(job, '@job-verdict'), compared && (spec.against ? h('a@job-against', { href: `#/job/${spec.against.job}` }, compared) : h('span@job-against', compared)), stateText(job, '@job-state'));
		odd.hidden = !said;
		if (said) put(odd, icon('warn'), h('span', said));
		const filters = [...(spec.include ?? []), ...(spec.exclude ?? []).map((glob) => `not ${glob}`)].join('  ');
		put(line, h('span', job.kind === 'verify' ? 'Verify' : 'Hash'), h('span', titles(spec.algorithms)), filters && h('span.mono', filters),
			spec.priority === 'low' && h('span', 'low priority'), spec.max_bytes_per_second > 0 && h('span', `at most ${rate(spec.max_bytes_per_second)}`), spec.from_device && h('span', 'read from the device'),
			h('span', { title: when(job.created_at) }, `started ${ago(job.started_at ?? job.created_at)}`), h('span.mono.dim', { title: 'The id of this job' }, job.id));
		fault.hidden = !error;
		if (error) put(fault, icon('warn'), h('span', error.detail), h('small.fineprint', error.code));
		stop.hidden = over;
		against.hidden = job.state !== 'completed' || job.kind !== 'hash';
		again.hidden = !over;
		trash.hidden = twins.hidden = !over;
	}
	return { node, show };
}
