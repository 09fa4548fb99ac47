// The algorithm toggles; the choice is remembered in this browser.

import { h } from './dom.js';
import { algorithmTitle } from './format.js';

const KEY = 'hivesum.algorithms';

export function remembered(known) {
	let names = [];
	try { names = JSON.parse(localStorage.getItem(KEY)) ?? []; } catch { /* a broken or forbidden storage is an empty one */ }
	names = Array.isArray(names) ? names.filter((name) => known.some((a) => a.name === name)) : [];
	if (names.length) return names;
	const defaults = known.filter((a) => a.default).map((a) => a.name);
	return defaults.length ? defaults : known.slice(0, 1).map((a) => a.name);
}

/** At least one stays on; `chosen` is a Set that the picker keeps. */
export function picker(known, chosen, changed) {
	const inputs = new Map();

	function toggle(name, on) {
		if (on) chosen.add(name); else chosen.delete(name);
		if (!chosen.size) { chosen.add(name); inputs.get(name).checked = true; }
		try { localStorage.setItem(KEY, JSON.stringify([...chosen])); } catch { /* not remembered, then */ }
		changed?.();
	}

	function chip({ name, digest_bytes: size }) {
		const input = h(`input@algorithm-${name}`, { type: 'checkbox', checked: chosen.has(name), change: () => toggle(name, input.checked) });
		inputs.set(name, input);
		return h('label.chip', { title: `${size * 8}-bit digest` }, input, h('span', algorithmTitle(name)));
	}

	const group = (title, list) => list.length > 0 && h('div.chips', { role: 'group', label: title }, h('span.chips-title', title), list.map(chip));
	const node = h('div', group('Cryptographic', known.filter((a) => a.secure)), group('Checksums, not secure', known.filter((a) => !a.secure)));
	return { node, names: () => known.filter((a) => chosen.has(a.name)).map((a) => a.name) };
}
