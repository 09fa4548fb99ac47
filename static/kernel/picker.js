// Algorithms, remembered in this browser, and files to choose.

import { h } from './dom.js';
import { algorithmTitle, isUsual } from './format.js';

const KEY = 'hivesum.algorithms';

// `first` are the algorithms until others are chosen.
export function remembered(known, first = known.filter((a) => a.default).map((a) => a.name)) {
	let kept = '';
	try { kept = localStorage.getItem(KEY) ?? ''; } catch { /* no storage: the defaults */ }
	const names = (wanted) => known.filter(wanted).map((a) => a.name);
	const chosen = names((a) => kept.split(' ').includes(a.name));
	return chosen.length ? chosen : names((a) => first.includes(a.name));
}

const remember = (chosen) => { try { localStorage.setItem(KEY, [...chosen].join(' ')); } catch { /* not remembered */ } };

export function picker(known, chosen, changed, keep = remember) {
	const inputs = new Map();

	function toggle(name, on) {
		if (on) chosen.add(name); else chosen.delete(name);
		if (!chosen.size) { chosen.add(name); inputs.get(name).checked = true; }
		keep(chosen);
		changed?.();
	}

	function chip({ name, digest_bytes: size }) {
		const input = h(`input@algorithm-${name}`, { type: 'checkbox', checked: chosen.has(name), change: () => toggle(name, input.checked) });
		inputs.set(name, input);
		return h('label.chip', { title: `${size * 8}-bit digest` }, input, h('span', algorithmTitle(name)));
	}

	const group = (title, some) => some.length > 0 && h('div.chips', { role: 'group', label: title }, h('span.chips-title', title), some.map(chip));
	const groups = (some) => [group('Cryptographic', some.filter((a) => a.secure)), group('Checksums, not secure', some.filter((a) => !a.secure))];
	const isFirst = ({ name }) => isUsual(name) || chosen.has(name);
	const node = h('div', groups(known.filter(isFirst)), h('details.more@more-algorithms', h('summary', 'More'), groups(known.filter((a) => !isFirst(a)))));
	return { node, names: () => known.filter((a) => chosen.has(a.name)).map((a) => a.name) };
}

// The whole window accepts drops, so that a near miss does not leave the page; `zone` lights up.
export function onDrop(signal, zone, take) {
	let depth = 0;
	const enter = (change) => { depth = change ? Math.max(0, depth + change) : 0; zone.classList.toggle('over', depth > 0); };
	const on = (name, handler) => addEventListener(name, (event) => { if (event.dataTransfer?.types.includes('Files')) { event.preventDefault(); handler(event); } }, { signal });
	on('dragenter', () => enter(1));
	on('dragleave', () => enter(-1));
	on('dragover', (event) => { event.dataTransfer.dropEffect = 'copy'; });
	on('drop', (event) => { enter(0); take(event.dataTransfer); });
}

export const chooser = (testid, label, take, more) => h(`input.offscreen@${testid}`, { type: 'file', tabindex: '-1', label, ...more,
	change: ({ target }) => { take([...target.files]); target.value = ''; } });
