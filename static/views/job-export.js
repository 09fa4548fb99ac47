// The export menu of a job: one link for each form that its algorithms allow.

import { h, put, icon } from '../kernel/dom.js';
import { query, jobPath } from '../kernel/api.js';
import { algorithmTitle } from '../kernel/format.js';

const FORMATS = [['gnu', 'GNU lines', 'for sha256sum --check and its kin'], ['bsd', 'BSD tags', 'the algorithm is in every line'], ['b3sum', 'b3sum', 'for b3sum --check']];

export function exportMenu({ id, spec: { algorithms: names = [] } }) {
	const select = h('select.field', { change: draw }, names.map((name) => h('option', { value: name }, algorithmTitle(name))));
	const list = h('ul.menu-list');
	const node = h('details.menu@export-menu', { keydown: (event) => { if (event.key === 'Escape') { node.open = false; node.firstChild.focus(); } } },
		h('summary.button', icon('download'), h('span', 'Export')), h('div.menu-body', names.length > 1 && h('label.labelled', h('span', 'Algorithm'), select), list));

	function draw() {
		const algorithm = select.value;
		put(list, FORMATS.filter(([format]) => format !== 'b3sum' || algorithm === 'blake3').map(([format, title, text]) => h('li',
			h('a@export-link', { href: `/api/v1/${jobPath(id, `/manifest${query({ format, algorithm })}`)}`, download: '', 'data-format': format },
			h('strong', title), h('small', text)))));
	}
	draw();
	return node;
}
