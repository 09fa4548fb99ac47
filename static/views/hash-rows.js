// One row a file: its bar, its digests, what can be done with it.

import { h, put, attr, icon, iconButton } from '../kernel/dom.js';
import { sizeNode, nameNode, pathNode, percent, algorithmTitle, duration, rate, plural, visible } from '../kernel/format.js';
import { verdictOf } from '../kernel/digest.js';
import { copyText, fineprint, pause } from '../kernel/notice.js';
import { queue, busy, retry, cancel, remove, removeManifest, audit } from './hash-queue.js';

const GLYPHS = { waiting: 'clock', sending: 'drop', digesting: 'drop', pausing: 'clock', done: 'check', failed: 'warn', cancelled: 'skip' };
const GOOD_OR_BAD = { match: 'good', mismatch: 'bad' };

function statusText(item, verdict) {
	if (verdict) return `${verdict === 'match' ? 'Matches' : 'Differs from'} ${visible(item.expect.from.name)}`;
	switch (item.state) {
		case 'sending': return item.size ? `Uploading ${percent(item.sent, item.size)}` : 'Uploading';
		case 'digesting': return 'Hashing the last bytes';
		case 'pausing': return `${item.problem.detail} ${pause(item.wait)}`;
		case 'failed': return item.problem.detail;
		default: return { waiting: 'Waiting', done: 'Done', cancelled: 'Cancelled' }[item.state];
	}
}

const tag = (kind, glyph, text) => h(`span.verdict-tag.${kind}`, icon(glyph), text);

export function digestLine(algorithm, hex, verdict = '') {
	const title = algorithmTitle(algorithm);
	return h(`div.digest.${verdict}`, h('span.digest-name', title), h(`code.digest-hex@digest-${algorithm}`, hex),
		verdict && (verdict === 'match' ? tag('match', 'check', 'match') : tag('mismatch', 'cross', 'differs')),
		iconButton(`Copy ${title} digest`, 'copy', () => copyText(hex), '@copy-digest'));
}

/** A match marks its own line, a mismatch those that could have matched. */
function lineVerdict(item, algorithm, hex) {
	for (const expected of [item.expect, queue.expected]) {
		if (!expected?.names?.includes(algorithm)) continue;
		if (hex === expected.hex) return 'match';
		if (expected === item.expect && verdictOf(item.result.digests, expected) === 'mismatch') return 'mismatch';
	}
	return '';
}

export class UploadRow {
	constructor(item) {
		this.item = item;
		this.glyph = h('span');
		this.status = h('span@upload-status');
		this.fine = h('span.upload-fine');
		this.bar = h('i');
		this.track = h('div.bar.thin', { role: 'progressbar', label: `Upload of ${visible(item.name)}` }, this.bar);
		this.digests = h('div.digests');
		this.again = iconButton('Try again', 'retry', () => retry([item]), '@upload-retry');
		this.stop = iconButton('Cancel', 'cross', () => cancel([item]), '@upload-cancel');
		this.drop = iconButton('Remove from the list', 'trash', () => remove([item]), '@upload-remove');
		this.node = h('li.upload@upload-row', h('div.upload-head', this.glyph, pathNode(item.name), h('span.upload-size', sizeNode(item.size)),
			h('span.upload-actions', this.again, this.stop, this.drop)), h('div.upload-line', this.status, this.fine), this.track, this.digests);
		this.update();
	}

	update() {
		const { item } = this;
		const verdict = item.state === 'done' ? verdictOf(item.result.digests, item.expect) : null;
		const look = GOOD_OR_BAD[verdict] ?? item.state;
		attr(this.node, 'data-state', item.state);
		attr(this.glyph, 'class', `upload-glyph ${look}`);
		if (this.look !== look) { this.look = look; put(this.glyph, icon(look === 'bad' ? 'cross' : GLYPHS[item.state])); }
		put(this.status, statusText(item, verdict));
		attr(this.status, 'class', `${look === 'failed' ? 'bad' : look}-text`);
		this.detail();
		const share = item.size ? Math.min(1, item.sent / item.size) : 0;
		this.bar.style.transform = `scaleX(${share})`;
		attr(this.track, 'aria-valuenow', Math.floor(share * 100));
		const under = busy(item);
		this.track.hidden = !under;
		this.stop.hidden = !under;
		this.drop.hidden = under;
		this.again.hidden = item.state !== 'failed' && item.state !== 'cancelled';
		this.showDigests();
	}

	detail() {
		const { state, problem, result, size } = this.item;
		const seconds = state === 'done' ? result.elapsed_ms / 1000 : 0;
		const shown = problem && ['failed', 'pausing'].includes(state) ? problem : seconds > 0 ? `${duration(seconds)} · ${rate(size / seconds)}` : '';
		if (this.shown === shown) return;
		this.shown = shown;
		put(this.fine, shown.code ? fineprint(shown) : shown);
	}

	showDigests() {
		const { item } = this;
		const lines = Object.entries(item.result?.digests ?? {}).map(([algorithm, hex]) => [algorithm, hex, lineVerdict(item, algorithm, hex)]);
		if (String(lines) === this.lines) return;
		this.lines = String(lines);
		put(this.digests, lines.map((line) => digestLine(...line)));
	}
}

/** What a checksum file says about the files beside it. */
export function manifestRow(manifest) {
	const { match, mismatch, open, missing, here } = audit(manifest);
	return h('li.upload.manifest@manifest-row', h('div.upload-head', h('span.upload-glyph', icon('file')), nameNode(manifest.name, 'base'),
		h('span.upload-size', `checksum file, ${plural(manifest.entries.length, 'entry', 'entries')}`),
		h('span.upload-actions', iconButton('Forget this checksum file', 'trash', () => removeManifest(manifest)))),
	h('div.verdicts', match > 0 && tag('match', 'check', plural(match, 'file matches', 'files match')),
		mismatch > 0 && tag('mismatch', 'cross', plural(mismatch, 'file differs', 'files differ')),
		open > 0 && tag('', 'clock', `${open} not checked yet`), missing > 0 && tag('', 'skip', `${missing} not here`),
			manifest.bad > 0 && tag('warn', 'warn', `${plural(manifest.bad, 'line')} not understood`)),
	here === 0 && h('p.hint', 'Drop the files that it lists to check them.'));
}
