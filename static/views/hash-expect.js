// The expected digest and its verdict.

import { h, put, icon, nameNode, plural, recognise, judge, anyOf } from '../kernel.js';
import { queue, expect, busy } from './hash-queue.js';

export function expectPanel(known) {
	const field = h('textarea.field.mono@expect-input', { id: 'expect', rows: '3', spellcheck: 'false', autocomplete: 'off',
		'aria-describedby': 'expect-verdict', placeholder: 'Paste a digest, algo:hex, or a line of a checksum file', value: queue.expected?.text ?? '', input: () => read() });
	const verdict = h('div.verdict@expect-verdict', { id: 'expect-verdict', 'aria-live': 'polite' });
	let shown;

	function read() {
		const found = recognise(field.value, known);
		expect(found && { ...found, text: field.value });
		show();
	}

	function show() {
		const { kind, glyph, title, item, text } = state(queue.expected);
		const key = JSON.stringify([kind, title, item?.id, text]);
		if (key === shown) return;
		shown = key;
		verdict.className = `verdict ${kind}`;
		verdict.dataset.verdict = kind;
		put(verdict, glyph && icon(glyph), h('div', title && h('strong', title), item && h('p', nameNode(item.name, 'wrap')), text && h('p', text)));
	}

	show();
	return {
		node: h('section.panel', { label: 'Expected digest' }, h('h2', h('label', { for: 'expect' }, 'Expected digest')), field, verdict),
		show,
		set(text) { field.value = text; read(); field.focus(); },
	};
}

// A mismatch needs the digests of every file with every algorithm that it may be of.
function state(expected) {
	if (!expected) return { kind: 'none', text: 'A match or a mismatch shows here at once.' };
	if (expected.error) return { kind: 'unknown', glyph: 'warn', text: expected.error };
	const form = `Recognised ${expected.names.length === 1 ? 'as' : 'by its length:'} ${anyOf(expected.names)}.`;
	const done = queue.items.filter((item) => item.state === 'done').map((item) => ({ item, ...judge([expected], item.result.digests) }));
	const match = done.find(({ verdict }) => verdict === 'match');
	if (match) return { kind: 'match', glyph: 'check', title: 'Match', item: match.item, text: `Its ${anyOf(...match.names)} digest is the expected one.` };
	const pending = (text, title) => ({ kind: 'pending', glyph: 'clock', title, text });
	if (queue.items.some(busy)) return pending(form, 'Comparing');
	if (!done.length) return pending(`${form} Drop the file to compare.`);
	const open = done.filter(({ verdict }) => verdict === null);
	const lacking = anyOf([...new Set(open.flatMap(({ names }) => names[0]))]);
	const [one, another] = done;
	if (open.length) return pending(`${lacking} of ${another ? plural(open.length, 'file') : 'this file'} is not known yet.`);
	return { kind: 'mismatch', glyph: 'cross', title: 'Mismatch', item: another ? null : one.item,
		text: another ? `None of the ${plural(done.length, 'file')} has this ${anyOf(expected.names)} digest.` : `Its ${anyOf(expected.names)} digest is different.` };
}
