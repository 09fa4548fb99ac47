// The export menu of a job: one link for each form that its algorithms allow.

import { h, put, icon } from '../kernel/dom.js';
import { get, send, query, jobPath } from '../kernel/api.js';
import { algorithmTitle } from '../kernel/format.js';
import { showProblem } from '../kernel/notice.js';

// The forms: name, title, what they are for, and the algorithms they can carry, if not all.
const FORMATS = [['gnu', 'GNU lines', 'for sha256sum --check and its kin'], ['bsd', 'BSD tags', 'the algorithm is in every line'],
	['b3sum', 'b3sum', 'for b3sum --check', ['blake3']], ['hashdeep', 'hashdeep', 'sizes too, for hashdeep -a', ['md5', 'sha1', 'sha256']],
	['sfv', 'SFV', 'for cksfv', ['crc32']], ['bagit', 'BagIt', 'manifest-….txt of a bag', ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512']],
	['csv', 'CSV', 'sizes and times too, for tables'], ['json', 'JSON', 'everything, one document'], ['ndjson', 'NDJSON', 'everything, a line a file']];
/** These carry every algorithm at once. */
const WHOLE = ['csv', 'json', 'ndjson'];

/** Asks first whether it can be had, so that a refusal is read in words, then lets the browser fetch it. */
async function take(event, path) {
	if (!event.isTrusted) return;
	event.preventDefault();
	const { href } = event.currentTarget;
	try {
		await send('HEAD', path, { silent: true }).catch(() => get(path));
		h('a', { href, download: '' }).click();
	} catch (problem) { showProblem(problem); }
}

export function exportMenu({ id, spec: { algorithms: names = [] } }) {
	const select = h('select.field', { change: draw }, names.map((name) => h('option', { value: name }, algorithmTitle(name))));
	const list = h('ul.menu-list');
	const node = h('details.menu@export-menu', { keydown: (event) => { if (event.key === 'Escape') { node.open = false; node.firstChild.focus(); } } },
		h('summary.button', icon('download'), h('span', 'Export')), h('div.menu-body', names.length > 1 && h('label.labelled', h('span', 'Algorithm'), select), list));

	function draw() {
		const only = select.value;
		put(list, FORMATS.filter(([, , , able]) => !able || able.includes(only)).map(([format, title, text]) => {
			const path = jobPath(id, `/manifest${query({ format, algorithm: WHOLE.includes(format) ? '' : only })}`);
			return h('li', h('a@export-link', { href: `/api/v1/${path}`, download: '', 'data-format': format, click: (event) => take(event, path) },
				h('strong', title), h('small', text)));
		}));
	}
	draw();
	return node;
}
