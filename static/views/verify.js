// Starts a verification: a checksum file against a directory of the server.

import { h, put, icon, button, labelled, send, query, freshKey, nameNode, sizeNode, queryPath, showProblem, clear, chooser } from '../kernel.js';

export async function verify({ root, components }, file, mode = 'audit') {
	clear();
	try {
		const path = `verify${query({ root, mode })}&path=${queryPath(components)}`;
		const job = await send('POST', path, { body: file, headers: { 'content-type': 'text/plain', 'idempotency-key': freshKey() } });
		location.hash = `#/job/${job.id}`;
	} catch (problem) { showProblem(problem, () => verify({ root, components }, file, mode)); }
}

export function verifyForm(here) {
	let file = null;
	const mode = h('select.field@verify-mode', h('option', { value: 'audit' }, 'Both ways: new files too'), h('option', { value: 'check' }, 'Only what the file lists'));
	const input = chooser('manifest-input', 'Checksum file', ([first]) => take(first));
	const chosen = h('p.chosen');
	const start = button('Verify', '.primary.wide@start-verify', () => verify(here(), file, mode.value));

	function take(next) {
		file = next;
		start.disabled = !file;
		put(chosen, file ? [icon('file'), nameNode(file.name, 'base'), sizeNode(file.size)] : 'Drop a checksum file of any kind here, or choose one.');
		chosen.classList.toggle('hint', !file);
	}
	take(null);
	return { take, node: h('div.stack', chosen, button('Choose a checksum file', '', () => input.click(), 'file'), input, labelled('Report', mode), start) };
}
