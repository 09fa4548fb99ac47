// Starts a verification: a checksum file, sent as it is, against a directory of the server.

import { h, put, icon, button } from '../kernel/dom.js';
import { send, query, freshKey } from '../kernel/api.js';
import { algorithmTitle, nameNode, sizeNode } from '../kernel/format.js';
import { queryPath } from '../kernel/place.js';
import { showProblem, clear } from '../kernel/notice.js';
import { chooser } from '../kernel/drop.js';

/** Goes to the new job; `where` is {root, components}. */
export async function verify({ root, components }, file, { mode = 'audit', algorithm = '' } = {}) {
	clear();
	try {
		const path = `verify${query({ root, algorithm, mode })}&path=${queryPath(components)}`;
		const job = await send('POST', path, { body: file, headers: { 'content-type': 'text/plain', 'idempotency-key': freshKey() } });
		location.hash = `#/job/${job.id}`;
	} catch (problem) { showProblem(problem, () => verify({ root, components }, file, { mode, algorithm })); }
}

/** The form beside the browser; `here()` says what is verified. */
export function verifyForm(here, known) {
	let file = null;
	const select = (title, options, testid) => {
		const field = h(`select.field@${testid}`, Object.entries(options).map(([value, text]) => h('option', { value }, text)));
		return { field, node: h('label.labelled', h('span', title), field) };
	};
	const mode = select('Report', { audit: 'Both ways: also what is new here', check: 'Only what the file lists' }, 'verify-mode');
	const algorithm = select('Algorithm', { '': 'As the file says', ...Object.fromEntries(known.map(({ name }) => [name, algorithmTitle(name)])) }, 'verify-algorithm');
	const input = chooser('manifest-input', 'Checksum file', ([first]) => take(first));
	const chosen = h('p.chosen');
	const start = button('Verify', '.primary.wide@start-verify', () => verify(here(), file, { mode: mode.field.value, algorithm: algorithm.field.value }));

	function take(next) {
		file = next;
		start.disabled = !file;
		put(chosen, file ? [icon('file'), nameNode(file.name, 'base'), sizeNode(file.size)] : 'Drop a checksum file anywhere on this page, or choose one: SHA256SUMS, B3SUMS, hashdeep, SFV, BagIt, CSV, JSON.');
		chosen.classList.toggle('hint', !file);
	}
	take(null);
	return { take, node: h('div.stack', chosen, button('Choose a checksum file', '', () => input.click(), 'file'), input, mode.node, algorithm.node, start) };
}
