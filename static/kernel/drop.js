// Files that are dropped or chosen, the same for every view.

import { h } from './dom.js';

// The whole window accepts drops until `signal`, so that a near miss does not leave the page; `zone` lights up.
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
