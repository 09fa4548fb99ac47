// The details of one result.

import { h, icon, button, exactBytes, when, nameNode, visible, copyText, sheet, VERDICTS, STABILITY, codeText, word } from '../kernel.js';
import { digestLine } from './hash-rows.js';

const LOOK = { matched: 'good', moved: 'warn', new: 'warn', added: 'warn', removed: 'warn' };

export function outcome({ verdict, status, stability }) {
	const say = (look, glyph, text, title) => h(`span.outcome.${look}`, { title }, icon(glyph), text);
	// Between two jobs an edit is a change, in an audit it is a failure.
	if (verdict) return say(LOOK[verdict] ?? (verdict === 'modified' && !status ? 'warn' : 'bad'), verdict === 'matched' ? 'check' : 'warn', word(VERDICTS, verdict));
	if (status === 'error') return say('bad', 'warn', 'Error');
	if (status === 'skipped') return say('dim', 'skip', 'Skipped');
	return stability === 'unverified' ? say('warn', 'check', 'Unverified', STABILITY.unverified) : say('good', 'check', 'Hashed', STABILITY.stable);
}

const TRACES = { size: 'size', mtime: 'modification time', ctime: 'change time', inode: 'inode' };

function evidenceText(evidence) {
	if (evidence === 'none') return 'Only the digest was recorded.';
	const keys = (trace) => Object.keys(TRACES).filter((key) => evidence?.[key] === trace).map((key) => TRACES[key]).join(', ');
	return evidence && [['Changed', 'changed'], ['The same', 'same'], ['Not recorded', 'unknown']].filter(([, trace]) => keys(trace)).map(([title, trace]) => `${title}: ${keys(trace)}.`).join(' ');
}

const pair = (title, ...value) => value[0] && [h('dt', title), h('dd', ...value)];
const sizeAndTime = ({ size, modified_at: at }) => [exactBytes(size), at && h('span', { title: at }, `, modified ${when(at)}`)];
const digestLines = ({ digests }) => h('div.digests', Object.entries(digests ?? {}).map(([name, hex]) => digestLine(name, hex)));

// Everything about one item, in a dialog; for a change, both sides.
export function details(item) {
	const { path, path_b64: exact, code, moved_from: moved, old, new: now } = item;
	const facts = [pair('Result', outcome(item)), pair('Evidence', evidenceText(item.evidence)), moved && pair('Was at', nameNode(moved, 'wrap')),
		code && pair('Reason', codeText(item), ' ', h('small.fineprint', code)), item.status === 'hashed' && pair('File', sizeAndTime(item)),
		old && pair('Before', sizeAndTime(old), digestLines(old)), now && pair('After', sizeAndTime(now), digestLines(now)),
		pair('Stability', STABILITY[item.stability]), exact && pair('Exact name', h('code', exact), ' in base64')];
	sheet(`Result for ${visible(path)}`, nameNode(path, 'wrap'), digestLines(item), h('dl.facts', facts), h('div.row.end', button('Copy path', '', () => copyText(path, 'Path'), 'copy')));
}
