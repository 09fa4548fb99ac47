// The expected digest and its verdict.
//
// The text is read when it is complete: pasted, followed by Enter or by leaving the field, or after a pause in typing. A
// digest is judged on computed digests alone.

import { h, put, icon, button, nameNode, plural, bytes, visible, recognise, anyOf, anyUsual, algorithmTitle, isNameOf, isUsual } from '../kernel.js';
import { queue, expect, busy, retry } from './hash-queue.js';
import { differs, judgeExpected } from './hash-judge.js';

const PAUSE_MS = 800;

export function expectPanel(known) {
	const field = h('textarea.field.mono@expect-input', { id: 'expect', rows: '3', spellcheck: 'false', autocomplete: 'off', 'aria-describedby': 'expect-verdict',
		placeholder: 'Paste a digest, algo:hex, or a line of a checksum file', value: queue.expected?.text ?? '', input: typed, change: read, keydown: entered });
	const verdict = h('div.verdict@expect-verdict', { id: 'expect-verdict', 'aria-live': 'polite' });
	let shown;
	let pause;

	function typed({ inputType = '' }) {
		clearTimeout(pause);
		if (/^insertFrom/.test(inputType) || !field.value.trim()) { read(); return; }
		// What stood there is not judged any more, and its beginning is not a digest yet.
		if (queue.expected) expect(null);
		pause = setTimeout(read, PAUSE_MS);
		show();
	}

	function entered(event) {
		if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
		event.preventDefault();
		read();
	}

	function read() {
		clearTimeout(pause);
		pause = null;
		if ((queue.expected?.text ?? '') !== field.value) expect(recognised(field.value, known));
		show();
	}

	function show() {
		const { kind, glyph, title, item, text, again } = pause ? { kind: 'pending', glyph: 'clock', text: 'Compared when you pause or press Enter.' } : state(queue.expected);
		const key = JSON.stringify([kind, title, item?.id, text, again?.map(({ id }) => id)]);
		if (key === shown) return;
		shown = key;
		verdict.className = `verdict ${kind}`;
		verdict.dataset.verdict = kind;
		put(verdict, glyph && icon(glyph), h('div', title && h('strong', title), item && h('p', nameNode(item.name, 'wrap')), text && h('p', text),
			again?.length > 0 && button(againText(again), '.small.quiet@expect-again', () => retry(again), 'retry')));
	}

	show();
	return {
		node: h('section.panel', { label: 'Expected digest' }, h('h2', h('label', { for: 'expect' }, 'Expected digest')), field, verdict),
		show,
		set(text) { field.value = text; read(); field.focus(); },
	};
}

export const againText = (items) => `Hash ${items.length > 1 ? `${plural(items.length, 'file')} ` : ''}again, ${bytes(items.reduce((sum, { size }) => sum + size, 0))}`;

// The first digits of a computed digest are no digest of another algorithm.
function recognised(text, known) {
	const found = recognise(text, known);
	if (!found?.hex) return found && { ...found, text };
	for (const { result } of queue.items) {
		const whole = Object.entries(result?.digests ?? {}).find(([, hex]) => hex.length > found.hex.length && hex.startsWith(found.hex));
		if (whole) return { text, part: `These are the first ${found.hex.length} of the ${whole[1].length} digits of a ${algorithmTitle(whole[0])} digest here.` };
	}
	return { ...found, text };
}

const pending = (text, title, again) => ({ kind: 'pending', glyph: 'clock', title, text, again });

const otherName = ({ claim: { name } }, item) => (name && !isNameOf(name, item.name) ? `The name differs: this digest is given for “${visible(name)}”.` : '');
const sentences = (...all) => all.filter(Boolean).join(' ');

function state(expected) {
	const judged = judgeExpected();
	if (!expected) return { kind: 'none', text: 'A match or a mismatch shows here at once.' };
	if (expected.error) return { kind: 'unknown', glyph: 'warn', text: expected.error };
	if (expected.part) return pending(expected.part, 'Not complete');
	const form = `Recognised ${expected.names.length === 1 ? 'as' : 'by its length:'} ${anyUsual(expected.names)}.`;
	const { of, match } = judged;
	if (match) return { kind: 'match', glyph: 'check', title: 'Match', item: match.item, text: sentences(`Its ${anyOf(...match.names)} digest is the expected one.`, otherName(judged, match.item)) };
	if (queue.items.some(busy)) return pending(form, 'Comparing');
	if (!of.length) return pending(`${form} Drop the file to compare.`);
	return differs(judged) ? mismatch(judged) : notKnown(of.filter(({ verdict }) => verdict === null));
}

// After a reload the page has results without files.
const again = (open) => open.map(({ item }) => item).filter(({ file }) => file);
const dropAgain = (open) => again(open).length < open.length && 'Drop the file again to compute it.';

function mismatch({ claim, of, elsewhere }) {
	const open = of.filter((one) => one.open.length);
	const [one, another] = of;
	const compared = open.length ? anyOf(open[0].computed) : anyUsual(claim.names);
	const whole = another ? `None of the ${plural(of.length, 'file')} has this digest by ${compared}.`
		: claim.names.length > 1 ? `It is not the digest of this file by ${compared}.` : `Its ${compared} digest is different.`;
	const partly = 'Other algorithms of this length are not known yet.';
	const title = !open.length ? 'Mismatch' : another ? `No file matches by ${compared}` : `Does not match its ${compared}`;
	return { kind: 'mismatch', glyph: 'cross', title, item: another ? null : one.item, again: again(open),
		text: sentences(open.length ? partly : whole, dropAgain(open), elsewhere && `“${visible(elsewhere.item.name)}” has this digest.`) };
}

function notKnown(open) {
	const names = [...new Set(open.flatMap((one) => one.open))];
	const [first, ...others] = [...names.filter(isUsual), ...names.filter((name) => !isUsual(name))];
	const [{ computed }] = open;
	const text = sentences(computed.length > 0 && open.length === 1 && `It does not match its ${anyOf(computed)}.`, others.length > 0 && `By its length it may also be ${anyUsual(others)}.`, dropAgain(open));
	return pending(text, `${algorithmTitle(first)} of ${open.length > 1 ? plural(open.length, 'file') : 'this file'} is not known yet`, again(open));
}
