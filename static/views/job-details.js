// One result, seen closely.

import { h, icon, button, iconButton } from '../kernel/dom.js';
import { exactBytes, when, nameNode, visible } from '../kernel/format.js';
import { copyText, dialog } from '../kernel/notice.js';
import { VERDICTS, STABILITY, codeText, word } from '../kernel/words.js';
import { digestLine } from './hash-rows.js';

const LOOK = { matched: 'good', moved: 'warn', new: 'warn' };

/** How an item came out, as a small word with a sign. */
export function outcome({ verdict, status, stability }) {
	const say = (look, glyph, text, title) => h(`span.outcome.${look}`, { title }, icon(glyph), text);
	if (verdict) return say(LOOK[verdict] ?? 'bad', verdict === 'matched' ? 'check' : 'warn', word(VERDICTS, verdict));
	if (status === 'error') return say('bad', 'warn', 'Error');
	if (status === 'skipped') return say('dim', 'skip', 'Skipped');
	return stability === 'unverified' ? say('warn', 'check', 'Unverified', STABILITY.unverified) : say('good', 'check', 'Hashed', STABILITY.stable);
}

/** Everything about one item, in a dialog. */
export function details(item) {
	const pair = (title, ...value) => value[0] && [h('dt', title), h('dd', value)];
	const facts = [pair('Result', outcome(item)), item.code && pair('Reason', codeText(item.code), ' ', h('small.fineprint', item.code)),
		item.status === 'hashed' && pair('Size', exactBytes(item.size)),
		item.modified_at && pair('Modified', h('span', { title: item.modified_at }, when(item.modified_at))), pair('Stability', STABILITY[item.stability]),
		item.path_b64 && pair('Exact name', h('code', item.path_b64), ' in base64')];
	const box = dialog('.wide', `Result for ${visible(item.path)}`, h('div.dialog-head', h('h2', nameNode(item.path, 'wrap')), iconButton('Close', 'cross', () => box.close())),
		h('div.digests', Object.entries(item.digests ?? {}).map(([name, hex]) => digestLine(name, hex))), h('dl.facts', facts.flat()),
		h('div.row.end', button('Copy path', '', () => copyText(item.path, 'Path'), 'copy')));
}
