// The comb: one cell per hasher, small in the header, large in the system view.

import { h, attr } from './dom.js';

const MOST_CELLS = 64;

// `show(hashers)` colours it: busy cells first, then idle ones, stuck and dead ones last.
export function comb(spec, most = MOST_CELLS) {
	const node = h(`span.comb${spec}`, { role: 'img' });
	function show({ size, busy, alive, stuck }) {
		const shown = Math.min(size, most);
		while (node.childElementCount < shown) node.append(h('i.hex'));
		while (node.childElementCount > shown) node.lastChild.remove();
		const scaled = (n) => Math.ceil((n * shown) / Math.max(1, size));
		const [lit, dead, bad] = [busy, size - alive, stuck].map(scaled);
		[...node.children].forEach((cell, i) => attr(cell, 'class', `hex ${shown - i <= dead ? 'dead' : shown - i <= dead + bad ? 'stuck' : i < lit ? 'busy' : ''}`));
		attr(node, 'aria-label', `${busy} of ${size} hashers busy, ${size - alive} dead, ${stuck} stuck`);
	}
	return { node, show };
}
