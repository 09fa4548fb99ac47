// The rows of uploads and checksum files.

import {
	h, put, attr, icon, progressBar, iconButton, sizeNode, nameNode, pathNode, percent, algorithmTitle, anyOf, duration, rate, plural, visible, copyText, judge, worst,
	fineprint, pause
} from '../kernel.js';
import { queue, busy, expected, wanted, chosenDigests, retry, cancel, remove, removeManifests } from './hash-queue.js';
import { audit, verdicts } from './hash-manifests.js';

const GLYPHS = { waiting: 'clock', sending: 'drop', digesting: 'drop', pausing: 'clock', done: 'check', failed: 'warn', cancelled: 'skip', good: 'check', bad: 'cross', open: 'clock' };
const LOOKS = { match: 'good', mismatch: 'bad', null: 'open' };
const TEXTS = { waiting: 'Waiting', digesting: 'Hashing the last bytes', done: 'Done', cancelled: 'Cancelled' };

const joined = (lists) => [...new Set(lists.map((names) => anyOf(names)))].join(', ');

function statusText({ state, sent, size, problem, wait }, { verdict, by }) {
	if (verdict === null) return `Not known yet: ${joined(by.flatMap(({ names }) => names))} is not computed`;
	if (verdict) return `${verdict === 'match' ? 'Matches' : 'Differs from'} ${by.map(({ from, names }) => `${visible(from.name)} (${joined(names)})`).join(' and ')}`;
	if (state === 'sending') return size ? `Uploading ${percent(sent, size)}` : 'Uploading';
	return TEXTS[state] ?? `${problem.detail} ${state === 'pausing' ? pause(wait) : ''}`;
}

const tag = (kind, glyph, text) => h(`span.verdict-tag.${kind}`, icon(glyph), text);
const warn = (text) => tag('warn', 'warn', text);

export function digestLine(algorithm, hex, verdict = '') {
	const title = algorithmTitle(algorithm);
	return h(`div.digest.${verdict}`, h('span.digest-name', title), h(`code.digest-hex@digest-${algorithm}`, hex),
		verdict && (verdict === 'match' ? tag('match', 'check', 'match') : tag('mismatch', 'cross', 'differs')),
		iconButton(`Copy ${title} digest`, 'copy', () => copyText(hex), '@copy-digest'));
}

// A match marks its own line, a mismatch those that could have matched.
function lineVerdict(item, algorithm) {
	const says = (kind, all) => all.some(({ verdict, names }) => verdict === kind && names.flat().includes(algorithm)) && kind;
	const listed = verdicts(item);
	return says('match', [...listed, judge(expected(), item.result.digests)]) || says('mismatch', listed) || '';
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
		const says = worst(verdicts(item));
		const look = LOOKS[says.verdict] ?? state;
		attr(this.node, 'data-state', state);
		attr(this.glyph, 'class', `upload-glyph ${look}`);
		if (this.look !== look) { this.look = look; put(this.glyph, icon(GLYPHS[look])); }
		put(this.status, statusText(item, says));
		attr(this.status, 'class', ['failed', 'bad'].includes(look) ? 'bad-text' : null);
		const seconds = state === 'done' ? result.elapsed_ms / 1000 : 0;
		put(this.fine, ['failed', 'pausing'].includes(state) ? fineprint(problem) : seconds > 0 ? `${duration(seconds)} · ${rate(size / seconds)}` : '');
		track.set(size ? Math.min(1, sent / size) : 0);
		track.node.hidden = this.stop.hidden = !busy(item);
		this.drop.hidden = busy(item);
		this.again.hidden = !['failed', 'cancelled'].includes(state) && !(state === 'done' && wanted(item).length);
		const lines = Object.entries(chosenDigests(item)).map(([algorithm, hex]) => [algorithm, hex, lineVerdict(item, algorithm)]);
		if (String(lines) === this.lines) return;
		this.lines = String(lines);
		put(this.digests, lines.map((line) => digestLine(...line)));
	}
}

function caveats({ notRead: { count, first, unsupported, signed }, finder: { cut } }) {
	const lines = first.map(({ line, why }) => `${line}: ${why}`).join('\n');
	return [cut && tag('', 'skip', `all names begin with ${visible(cut)}: taken off`),
		count > 0 && h('span', { title: lines }, warn(`not read: ${plural(count, 'line')}`)), unsupported.map((name) => warn(`${name} is not supported`)),
		signed && warn('the signature is not verified')];
}

export function manifestRow(manifest) {
	const { match, mismatch, open, missing, here } = audit(manifest, queue.items);
	return h('li.upload.manifest@manifest-row', h('div.upload-head', h('span.upload-glyph', icon('file')), nameNode(manifest.name, 'base'),
		h('span.upload-size', `checksum file, ${plural(manifest.entries.length, 'entry', 'entries')}, ${joined(manifest.candidates.all())}`),
		h('span.upload-actions', iconButton('Forget this checksum file', 'trash', () => removeManifests(manifest.name)))),
	h('div.verdicts', match > 0 && tag('match', 'check', plural(match, 'file matches', 'files match')), mismatch > 0 && tag('mismatch', 'cross', plural(mismatch, 'file differs', 'files differ')),
		open > 0 && tag('', 'clock', `${open} not checked yet`), missing > 0 && tag('', 'skip', `${missing} not here`),
		caveats(manifest)), here === 0 && h('p.hint', 'Drop the files that it lists to check them.'));
}
