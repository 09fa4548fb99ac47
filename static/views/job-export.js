// The export menu of a job: one link per format that its algorithms allow.

import { h, put, icon, labelled, get, send, query, jobPath, algorithmTitle, showProblem } from '../kernel.js';

// Name, title, and the algorithms it can carry.
const FORMATS = [['gnu', 'GNU, for sha256sum --check'], ['bsd', 'BSD tags'], ['b3sum', 'b3sum', ['blake3']], ['hashdeep', 'hashdeep', ['md5', 'sha1', 'sha256', 'tiger', 'whirlpool']], ['sfv', 'SFV', ['crc32']],
	['bagit', 'BagIt', ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512']], ['csv', 'CSV, sizes and times too'], ['json', 'JSON, everything'], ['ndjson', 'NDJSON, one line per file']];
const WHOLE = ['csv', 'json', 'ndjson'];

// Asks first, to show a refusal as text, then lets the browser download it.
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
		h('summary.button', icon('download'), h('span', 'Export')), h('div.menu-body', names.length > 1 && labelled('Algorithm', select), list));

	function draw() {
		const only = select.value;
		put(list, FORMATS.filter(([, , able]) => !able || able.includes(only)).map(([format, title]) => {
			const path = jobPath(id, `/manifest${query({ format, algorithm: WHOLE.includes(format) ? '' : only })}`);
			return h('li', h('a@export-link', { href: `/api/v1/${path}`, download: '', 'data-format': format, click: (event) => take(event, path) }, title));
		}));
	}
	draw();
	return node;
}
