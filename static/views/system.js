// The system view: hashers, queues, rates, limits.

import { h, put, attr, get, roots, bytes, exactBytes, count, rate, duration, nameNode, comb, Chart, filesHref } from '../kernel.js';
import { onPool, samples } from '../kernel/pool.js';

const milliseconds = (ms) => (Number.isFinite(ms) ? `${ms < 10 ? ms.toFixed(2) : count(ms)} ms` : '–');
// max_upload_bytes: 17179869184 -> "upload", "16.0 GiB".
const limitTitle = (key) => key.replace(/^max_|_bytes$/g, '').replaceAll('_', ' ');
const limitText = (key, value) => (value === null ? 'unlimited' : key.endsWith('_bytes') ? bytes(value) : count(value));

export async function mount(root) {
	const cells = comb('.large');
	const hashers = facts('.tight', { size: 'Hashers', alive: 'Alive', busy: 'Busy', panics: 'Panics', restarts: 'Restarts', stuck: 'Stuck' });
	const totals = facts('', { bytes: 'Bytes hashed', files: 'Files hashed', p50: 'Latency, median', p99: 'Latency, 99%', tasks: 'Tasks active',
		all: 'Tasks so far', uptime: 'Uptime', version: 'Version' });
	const limits = h('div');
	const lanes = { interactive: lane('Interactive, served first'), jobs: lane('Jobs') };
	const charts = [chartPanel('Bytes', 'bytesPerSecond', rate, 1024), chartPanel('Files', 'filesPerSecond', (n) => `${count(n)}/s`)];
	const served = h('div');
	const more = h('section.panel@system-links', { label: 'For programs', hidden: true }, h('h2', 'For programs'), h('ul.plain-list',
		[['./docs', 'REST API documentation'], ['./metrics', 'Metrics for Prometheus']].map(([href, title]) => h('li', h('a', { href }, title)))));
	const panel = (title, ...content) => h('section.panel', { label: title }, h('h2', title), content);
	put(root, h('header.view-head', h('h1', 'System')), h('div.system-grid',
		panel('Hashers', cells.node, hashers.node),
		panel('Queues', lanes.interactive.node, lanes.jobs.node, h('p.hint', 'Work waiting for a hasher.')),
		charts.map((chart) => chart.node), panel('Since the start', totals.node), panel('Limits', limits), panel('Roots', served), more));

	const stop = onPool(({ sample }) => {
		if (!sample) return;
		const { hashers: { busy_seconds: _, ...pool }, queue, latency, limits: most, ...all } = sample.stats;
		pool.busy = sample.busy;
		cells.show(pool);
		for (const key of Object.keys(pool)) hashers.set(key, key === 'busy' ? String(pool.busy) : count(pool[key]), '', key === 'alive' ? pool.alive < pool.size : ['panics', 'stuck'].includes(key) && pool[key] > 0);
		for (const [name, one] of Object.entries(lanes)) one.set(queue[name], queue.limit);
		for (const chart of charts) chart.show(sample);
		totals.set('bytes', bytes(all.bytes_hashed), exactBytes(all.bytes_hashed));
		const texts = { files: count(all.files_hashed), p50: milliseconds(latency?.p50_ms), p99: milliseconds(latency?.p99_ms), tasks: count(all.active_tasks),
			all: count(all.total_tasks), uptime: duration(all.uptime_seconds), version: all.version };
		for (const [key, text] of Object.entries(texts)) totals.set(key, text);
		if (!limits.firstChild) put(limits, h('dl.facts.grid', Object.entries(most).map(([key, value]) => h('div', h('dt', limitTitle(key)), h(`dd@limit-${key}`, limitText(key, value))))));
	});

	// Both need the scope `read`: nothing is offered that would be refused.
	get('session', { silent: true }).then(({ scopes }) => { more.hidden = !scopes.includes('read'); }).catch(() => {});
	roots().catch(() => []).then((known) => put(served, known.length
		? h('ul.plain-list', known.map(({ name, filesystem }) => h('li', h('a', { href: filesHref(name) }, nameNode(name)), h('small', filesystem))))
		: h('p.hint', 'None: this server takes uploads only.')));
	return { title: 'System', unmount() { stop(); charts.forEach((chart) => chart.destroy()); } };
}

function chartPanel(title, key, format, base) {
	const chart = new Chart({ label: `${title} per second`, format, base });
	const now = h('span.chart-now');
	return {
		node: h('section.panel', { label: title }, h('div.panel-head', h('h2', title), now), chart.node),
		show(sample) { chart.set(samples.map((s) => ({ at: s.at / 1000, value: s[key] }))); put(now, format(sample[key])); },
		destroy: () => chart.destroy(),
	};
}

function facts(spec, titles) {
	const values = new Map(Object.keys(titles).map((key) => [key, h(`dd@stat-${key}`, '–')]));
	return {
		node: h(`dl.facts.grid${spec}`, Object.entries(titles).map(([key, title]) => h('div', h('dt', title), values.get(key)))),
		set(key, text, exact = '', alarming = false) { const value = values.get(key); put(value, text); value.title = exact; value.classList.toggle('bad-text', alarming); },
	};
}

function lane(title) {
	const [bar, figure] = [h('i'), h('span')];
	const meter = h('div.bar', { role: 'meter', label: title, 'aria-valuemin': '0' }, bar);
	return { node: h('div.lane', h('div.lane-head', h('span', title), figure), meter), set(n, limit) {
		put(figure, `${count(n)} of ${count(limit)}`);
		bar.style.transform = `scaleX(${Math.min(1, n / (limit || 1))})`;
		attr(meter, 'aria-valuemax', limit);
		attr(meter, 'aria-valuenow', n);
		meter.classList.toggle('full', n >= limit);
	} };
}
