// The field for an expected digest and the verdict under it.

import { h, put, icon, algorithmTitle, nameNode, plural, recognise, verdictOf } from '../kernel.js';
import { queue, expect, busy } from './hash-queue.js';

const titles = (names) => new Intl.ListFormat('en', { type: 'disjunction' }).format(names.map(algorithmTitle));

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
		const { kind, glyph, title, item, text } = judge(queue.expected);
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

function judge(expected) {
	if (!expected) return { kind: 'none', text: 'A match or a mismatch shows here at once.' };
	if (expected.error) return { kind: 'unknown', glyph: 'warn', text: expected.error };
	const { names, hex } = expected;
	const form = `Recognised ${expected.sure ? 'as' : 'by its length:'} ${titles(names)}.`;
	const done = queue.items.filter((item) => item.state === 'done');
	const has = (item, name) => item.result.digests[name] !== undefined;
	const match = done.find((item) => verdictOf(item.result.digests, expected) === 'match');
	if (match) return { kind: 'match', glyph: 'check', title: 'Match', item: match,
		text: `Its ${algorithmTitle(names.find((name) => match.result.digests[name] === hex))} digest is the expected one.` };
	if (queue.items.some(busy)) return { kind: 'pending', glyph: 'clock', title: 'Comparing', text: form };
	const judged = done.filter((item) => names.some((name) => has(item, name)));
	if (!judged.length) return { kind: 'pending', glyph: 'clock', text: `${form} ${done.length ? 'No file here has such a digest.' : 'Drop the file to compare.'}` };
	const compared = names.filter((name) => has(judged[0], name));
	const bad = { kind: 'mismatch', glyph: 'cross', title: 'Mismatch' };
	if (judged.length > 1) return { ...bad, text: `None of the ${plural(judged.length, 'file')} has this ${titles(compared)} digest.` };
	return { ...bad, item: judged[0], text: `Its ${titles(compared)} digest is different.` };
}
