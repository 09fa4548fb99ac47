// The system view: the hashers as a comb, the queues, and the rates over the last two minutes.

import { h, put, attr } from '../kernel/dom.js';
import { roots } from '../kernel/api.js';
import { bytes, exactBytes, count, rate, duration, short, nameNode } from '../kernel/format.js';
import { onPool, samples } from '../kernel/pool.js';
import { comb } from '../kernel/hive.js';
import { Chart } from '../kernel/chart.js';
import { filesHref } from '../kernel/place.js';

const SPAN_SECONDS = 120;
const milliseconds = (ms) => (Number.isFinite(ms) ? `${ms < 10 ? ms.toFixed(2) : count(ms)} ms` : '–');

export async function mount(root) {
	const cells = comb('.large');
	const hashers = facts('.tight', { size: 'Hashers', alive: 'Alive', busy: 'Busy', panics: 'Panics', restarts: 'Restarts', stuck: 'Stuck' });
	const totals = facts('', { bytes: 'Bytes hashed', files: 'Files hashed', p50: 'Latency, median', p99: 'Latency, 99%', tasks: 'Tasks active',
		all: 'Tasks so far', uptime: 'Uptime' });
	const lanes = { interactive: lane('Interactive, goes first'), jobs: lane('Jobs') };
	const perSecond = (n) => `${short(n)}/s`;
	const charts = [chartPanel('Bytes', 'bytesPerSecond', rate, 1024), chartPanel('Files', 'filesPerSecond', perSecond)];
	const served = h('div');
	const panel = (title, ...content) => h('section.panel', { label: title }, h('h2', title), content);
	const legend = h('ul.legend', { 'aria-hidden': 'true' }, ['busy', 'idle', 'stuck', 'dead'].map((state) => h(`li.${state}`, h('i.hex'), state)));
	put(root, h('header.view-head', h('h1', 'System')), h('div.system-grid',
		h('section.panel', { label: 'Hashers' }, h('div.panel-head', h('h2', 'Hashers'), legend), cells.node, hashers.node),
		panel('Queues', lanes.interactive.node, lanes.jobs.node, h('p.hint', 'Work that waits for a hasher. When a queue is full, new work is refused.')),
		charts.map((chart) => chart.node), panel('Since the start', totals.node), panel('Roots', served)));

	const stop = onPool(({ sample }) => {
		if (!sample) return;
		const { hashers: pool, queue, latency, ...all } = sample.stats;
		cells.show(pool);
		for (const key of ['size', 'alive', 'busy', 'panics', 'restarts', 'stuck']) hashers.set(key, count(pool[key]), '', key === 'alive' ? pool.alive < pool.size
			: ['panics', 'stuck'].includes(key) && pool[key] > 0);
		for (const [name, one] of Object.entries(lanes)) one.set(queue[name], queue.limit);
		for (const chart of charts) chart.show(sample);
		totals.set('bytes', bytes(all.bytes_hashed), exactBytes(all.bytes_hashed));
		totals.set('files', count(all.files_hashed));
		totals.set('p50', milliseconds(latency?.p50_ms));
		totals.set('p99', milliseconds(latency?.p99_ms));
		totals.set('tasks', count(all.active_tasks));
		totals.set('all', count(all.total_tasks));
		totals.set('uptime', duration(all.uptime_seconds), `${count(all.uptime_seconds)} seconds`);
	});

	roots().catch(() => []).then((known) => put(served, known.length
		? h('ul.plain-list', known.map(({ name, filesystem }) => h('li', h('a', { href: filesHref(name) }, nameNode(name)), h('small', filesystem))))
		: h('p.hint', 'None: this server takes uploads only.')));
	return { title: 'System', unmount() { stop(); charts.forEach((chart) => chart.destroy()); } };
}

function chartPanel(title, key, format, base) {
	const chart = new Chart({ label: `${title} per second`, format, base, span: SPAN_SECONDS });
	const now = h('span.chart-now');
	return {
		node: h('section.panel', { label: title }, h('div.panel-head', h('h2', title), now), chart.node),
		show(sample) { chart.set(samples.map((s) => ({ at: s.at / 1000, value: s[key] }))); put(now, format(sample[key])); },
		destroy() { chart.destroy(); },
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
		bar.style.transform = `scaleX(${limit ? Math.min(1, n / limit) : 0})`;
		attr(meter, 'aria-valuemax', limit);
		attr(meter, 'aria-valuenow', n);
		meter.classList.toggle('full', n >= limit && limit > 0);
	} };
}
