// One row per file: its bar, its digests, its actions.

import {
	h, put, attr, icon, progressBar, iconButton, sizeNode, nameNode, pathNode, percent, algorithmTitle, duration, rate, plural, visible, verdictOf, copyText,
	fineprint, pause
} from '../kernel.js';
import { queue, busy, lacks, retry, cancel, remove, removeManifest, audit } from './hash-queue.js';

const GLYPHS = { waiting: 'clock', sending: 'drop', digesting: 'drop', pausing: 'clock', done: 'check', failed: 'warn', cancelled: 'skip', good: 'check', bad: 'cross' };
const GOOD_OR_BAD = { match: 'good', mismatch: 'bad' };
const TEXTS = { waiting: 'Waiting', digesting: 'Hashing the last bytes', done: 'Done', cancelled: 'Cancelled' };

function statusText({ state, expect, sent, size, problem, wait }, verdict) {
	if (verdict) return `${verdict === 'match' ? 'Matches' : 'Differs from'} ${visible(expect.from.name)}`;
	if (state === 'sending') return size ? `Uploading ${percent(sent, size)}` : 'Uploading';
	return TEXTS[state] ?? `${problem.detail} ${state === 'pausing' ? pause(wait) : ''}`;
}

const tag = (kind, glyph, text) => h(`span.verdict-tag.${kind}`, icon(glyph), text);

export function digestLine(algorithm, hex, verdict = '') {
	const title = algorithmTitle(algorithm);
	return h(`div.digest.${verdict}`, h('span.digest-name', title), h(`code.digest-hex@digest-${algorithm}`, hex),
		verdict && (verdict === 'match' ? tag('match', 'check', 'match') : tag('mismatch', 'cross', 'differs')),
		iconButton(`Copy ${title} digest`, 'copy', () => copyText(hex), '@copy-digest'));
}

// A match marks its own line, a mismatch those that could have matched.
function lineVerdict({ expect, result }, algorithm, hex) {
	for (const expected of [expect, queue.expected]) {
		if (!expected?.names?.includes(algorithm)) continue;
		if (hex === expected.hex) return 'match';
		if (expected === expect && verdictOf(result.digests, expected) === 'mismatch') return 'mismatch';
	}
	return '';
}

export class UploadRow {
	constructor(item) {
		this.item = item;
		for (const [name, spec] of Object.entries({ glyph: 'span', status: 'span@upload-status', fine: 'span.upload-fine', digests: 'div' })) this[name] = h(spec);
		this.track = progressBar('.thin', `Upload of ${visible(item.name)}`);
		this.again = iconButton('Try again', 'retry', () => retry([item]), '@upload-retry');
		this.stop = iconButton('Cancel', 'cross', () => cancel([item]), '@upload-cancel');
		this.drop = iconButton('Remove from the list', 'trash', () => remove([item]));
		this.node = h('li.upload@upload-row', h('div.upload-head', this.glyph, pathNode(item.name), h('span.upload-size', sizeNode(item.size)),
			h('span.upload-actions', this.again, this.stop, this.drop)), h('div.upload-line', this.status, this.fine), this.track.node, this.digests);
		this.update();
	}

	update() {
		const { item, track } = this;
		const { state, result, size, sent, problem } = item;
		const verdict = state === 'done' ? verdictOf(result.digests, item.expect) : null;
		const look = GOOD_OR_BAD[verdict] ?? state;
		attr(this.node, 'data-state', state);
		attr(this.glyph, 'class', `upload-glyph ${look}`);
		if (this.look !== look) { this.look = look; put(this.glyph, icon(GLYPHS[look])); }
		put(this.status, statusText(item, verdict));
		attr(this.status, 'class', ['failed', 'bad'].includes(look) ? 'bad-text' : null);
		const seconds = state === 'done' ? result.elapsed_ms / 1000 : 0;
		put(this.fine, ['failed', 'pausing'].includes(state) ? fineprint(problem) : seconds > 0 ? `${duration(seconds)} · ${rate(size / seconds)}` : '');
		track.set(size ? Math.min(1, sent / size) : 0);
		track.node.hidden = this.stop.hidden = !busy(item);
		this.drop.hidden = busy(item);
		this.again.hidden = !['failed', 'cancelled'].includes(state) && !(state === 'done' && lacks(item, queue.chosen));
		const lines = Object.entries(result?.digests ?? {}).map(([algorithm, hex]) => [algorithm, hex, lineVerdict(item, algorithm, hex)]);
		if (String(lines) === this.lines) return;
		this.lines = String(lines);
		put(this.digests, lines.map((line) => digestLine(...line)));
	}
}

export function manifestRow(manifest) {
	const { match, mismatch, open, missing, here } = audit(manifest);
	return h('li.upload.manifest@manifest-row', h('div.upload-head', h('span.upload-glyph', icon('file')), nameNode(manifest.name, 'base'),
		h('span.upload-size', `checksum file, ${plural(manifest.entries.length, 'entry', 'entries')}`),
		h('span.upload-actions', iconButton('Forget this checksum file', 'trash', () => removeManifest(manifest)))),
	h('div.verdicts', match > 0 && tag('match', 'check', plural(match, 'file matches', 'files match')), mismatch > 0 && tag('mismatch', 'cross', plural(mismatch, 'file differs', 'files differ')),
		open > 0 && tag('', 'clock', `${open} not checked yet`), missing > 0 && tag('', 'skip', `${missing} not here`),
		manifest.bad > 0 && tag('warn', 'warn', `${plural(manifest.bad, 'line')} not understood`)), here === 0 && h('p.hint', 'Drop the files that it lists to check them.'));
}
