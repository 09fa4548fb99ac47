// The latest runs of a collection: what each has read and how it ended.

import { h, put, get, query, plural, bytes, ago, when, visible } from '../kernel.js';

const SHOWN = 10;
const KINDS = { scrub: 'Read everything due', survey: 'Looked for changes' };
const STARTERS = { command: 'by a command', request: 'on request', schedule: 'by the schedule' };
const ENDS = { complete: 'to its end', limited: 'up to its limit', cancelled: 'cancelled', failed: 'failed', interrupted: 'interrupted: the process ended before the run did' };

const how = ({ outcome, state, detail }) => [ENDS[outcome] ?? state, detail && outcome !== 'cancelled' && `: ${visible(detail)}`];
const amount = ({ files_done: files, bytes_done: read }) => (files === null ? 'what it has read is not known' : `${plural(files, 'file')}, ${bytes(read)}`);

export function runPanel(base, signal) {
	const node = h('section.panel@runs', { label: 'Runs', hidden: true });
	const row = (run) => h('li@run-row', { 'data-outcome': run.outcome ?? run.state }, h('span.event-time', { title: when(run.started_at) }, ago(run.started_at)), h('span', `${KINDS[run.kind]} ${STARTERS[run.started_by]}`), h('span', how(run)), h('small.reason', amount(run), run.events > 0 && ` · ${plural(run.events, 'event')}`));

	async function load() {
		const { items } = await get(`${base}/runs${query({ limit: SHOWN })}`, { signal });
		node.hidden = items.length === 0;
		put(node, h('h2', 'Runs'), h('ol.time-line', items.map(row)), items.length === SHOWN && h('p.hint', `The latest ${SHOWN}: hivesum collections runs lists 30.`));
	}

	return { node, load };
}
