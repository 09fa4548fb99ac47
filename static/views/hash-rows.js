// The rows of uploads, the details of one, and the rows of checksum files.

import {
	h, put, attr, icon, cell, progressBar, iconButton, sizeNode, nameNode, pathNode, percent, algorithmTitle, anyUsual, duration, rate, plural, visible, copyText, judge, worst,
	fineprint, pause
} from '../kernel.js';
import { busy, expected, wanted, chosenDigests, retry, cancel, remove, removeManifests } from './hash-queue.js';
import { manifests } from './hash-manifests.js';
import { verdicts } from './hash-judge.js';
import { againText } from './hash-expect.js';

const GLYPHS = { waiting: 'clock', sending: 'drop', digesting: 'drop', pausing: 'clock', done: 'check', failed: 'warn', cancelled: 'skip', good: 'check', bad: 'cross', open: 'clock', missing: 'warn' };
const LOOKS = { match: 'good', mismatch: 'bad', null: 'open' };
const TEXTS = { waiting: 'Waiting', digesting: 'Hashing the last bytes', done: 'Done', cancelled: 'Cancelled' };

const joined = (lists) => [...new Set(lists.map((names) => anyUsual(names)))].join(', ');

function statusText({ missing, from, name, state, sent, size, problem, wait }, { verdict, by }) {
	if (missing) return `Missing: listed in ${visible(from.name)}${missing.name === name ? '' : ` as ${visible(missing.name)}`}`;
	if (verdict === null) return `Not known yet: ${joined(by.flatMap(({ names }) => names))} is not computed`;
	if (verdict) return `${verdict === 'match' ? 'Matches' : 'Differs from'} ${by.map(({ from: list, names }) => `${visible(list.name)} (${joined(names)})`).join(' and ')}`;
	if (state === 'sending') return size ? `Uploading ${percent(sent, size)}` : 'Uploading';
	return TEXTS[state] ?? `${problem.detail} ${state === 'pausing' ? pause(wait) : ''}`;
}

const tag = (kind, glyph, text) => h(`span.verdict-tag.${kind}`, icon(glyph), text);
const warn = (text) => tag('warn', 'warn', text);

// Where there is one checksum file, or one expected digest, the rows need not name it.
function shortText(item, { verdict }, text) {
	if (manifests.size + expected().length > 1) return text;
	return item.missing ? 'Missing' : { match: 'Matches', mismatch: 'Differs', null: 'Not known yet' }[verdict] ?? text;
}

export function digestLine(algorithm, hex, verdict = '') {
	const title = algorithmTitle(algorithm);
	return h(`div.digest.${verdict}`, h('span.digest-name', title), h(`code.digest-hex@digest-${algorithm}`, hex),
		verdict && (verdict === 'match' ? tag('match', 'check', 'match') : tag('mismatch', 'cross', 'differs')),
		iconButton(`Copy ${title} digest`, 'copy', () => copyText(hex), '@copy-digest'));
}

// What a digest that differs should be.
function expectedLines({ verdict, by }) {
	if (verdict !== 'mismatch') return [];
	return by.flatMap(({ from, hexes }) => hexes.map((hex) => h('div.digest', h('span.digest-name', from.entries ? `Expected by ${visible(from.name)}` : 'Expected'), h('code.expected-hex@expected-hex', hex))));
}

// A match marks its own line, a mismatch those that could have matched.
function lineVerdict(item, algorithm) {
	const says = (kind, all) => all.some(({ verdict, names }) => verdict === kind && names.flat().includes(algorithm)) && kind;
	const all = verdicts(item);
	return says('match', [...all, judge(expected(), item.result.digests)]) || says('mismatch', all) || '';
}

// What may be done with a file.
function actions(of) {
	const again = iconButton('Try again', 'retry', () => retry([of()]), '@upload-retry');
	const stop = iconButton('Cancel', 'cross', () => cancel([of()]), '@upload-cancel');
	const drop = iconButton('Remove from the list', 'trash', () => remove([of()]), '@upload-remove');
	return {
		nodes: [again, stop, drop],
		show(item) {
			const { file, state, missing } = item;
			stop.hidden = missing || !busy(item);
			drop.hidden = missing || busy(item);
			again.hidden = !file || (!['failed', 'cancelled'].includes(state) && !(state === 'done' && wanted(item).length));
			const text = state === 'done' ? againText([item]) : 'Try again';
			attr(again, 'title', text);
			attr(again, 'aria-label', text);
		},
	};
}

export const COLUMNS = [['File', 'grow'], ['Size', 'size'], ['Digest', 'sum'], ['Result', 'status'], [h('span.offscreen', 'Actions'), 'acts']];

// One line of the table, which shows one file after another.
export class Row {
	constructor(node) {
		this.node = node;
		[this.glyph, this.file, this.size, this.status, this.hex] = [h('span'), h('span.file'), h('span'), h('span@upload-status'), h('code')];
		this.copy = iconButton('Copy digest', 'copy', () => copyText(this.hex.textContent), '@copy-row-digest');
		this.acts = actions(() => this.item);
		this.track = progressBar('.thin', 'Upload');
		put(node, cell('grow', this.glyph, this.file), cell('size', this.size), cell('sum', this.hex, this.copy), cell('status', this.status), cell('acts', this.acts.nodes, this.track.node));
	}

	show(item, algorithm, picked) {
		const { node, glyph, status, track } = this;
		const says = worst(item.missing ? [] : verdicts(item));
		const look = item.missing ? 'missing' : LOOKS[says.verdict] ?? item.state;
		const text = statusText(item, says);
		if (this.item !== item) { this.item = item; put(this.file, pathNode(item.name)); put(this.size, item.missing ? '' : sizeNode(item.size)); }
		attr(node, 'class', `table-row is-${item.tag}${picked ? ' picked' : ''}`);
		node.dataset.testid = item.missing ? 'missing-row' : 'upload-row';
		attr(node, 'data-state', item.missing ? 'missing' : item.state);
		attr(node, 'data-tag', item.tag);
		if (this.look !== look) { this.look = look; attr(glyph, 'class', `upload-glyph ${look}`); put(glyph, icon(GLYPHS[look])); }
		put(status, shortText(item, says, text));
		attr(status, 'title', text);
		attr(status, 'class', ['failed', 'bad'].includes(look) ? 'bad-text' : null);
		const hex = (item.result && item.result.digests[algorithm]) ?? '';
		put(this.hex, hex);
		this.copy.hidden = !hex;
		track.node.hidden = !busy(item) || item.state === 'waiting';
		if (!track.node.hidden) track.set(item.size ? Math.min(1, item.sent / item.size) : 0);
		this.acts.show(item);
	}
}

// All that is known of one file.
export class Details {
	constructor() {
		for (const name of ['title', 'facts', 'status', 'digests']) this[name] = h('div');
		this.node = h('section.panel.upload-detail@upload-detail', { label: 'Selected file' }, h('h2', 'Selected file'), this.title, this.facts, this.status, this.digests);
	}

	show(item) {
		this.node.hidden = !item;
		if (!item) return;
		const says = worst(item.missing ? [] : verdicts(item));
		const seconds = item.state === 'done' ? item.result.elapsed_ms / 1000 : 0;
		const lines = item.missing ? item.missing.claims.map(({ hex, names }) => [names[0], hex, '']) : Object.entries(chosenDigests(item)).map(([algorithm, hex]) => [algorithm, hex, lineVerdict(item, algorithm)]);
		const key = JSON.stringify([item.id, item.state, item.sent, item.wait, lines, says.by.map(({ hexes }) => hexes), statusText(item, says)]);
		if (key === this.key) return;
		this.key = key;
		put(this.title, nameNode(item.name, 'wrap'));
		put(this.facts, h('span.hint', !item.missing && [sizeNode(item.size), seconds > 0 && ` · ${duration(seconds)} · ${rate(item.size / seconds)}`, item.kept && ' · hashed before the page was reloaded']));
		put(this.status, h('p', statusText(item, says)), item.problem && fineprint(item.problem));
		attr(this.status, 'class', item.state === 'failed' || says.verdict === 'mismatch' ? 'bad-text' : null);
		const digests = lines.map((line) => digestLine(...line));
		put(this.digests, item.missing && h('p.hint', 'Listed with'), digests, expectedLines(says));
	}
}

function caveats({ notRead: { count, first, unsupported, signed }, finder: { cut } }) {
	const lines = first.map(({ line, why }) => `${line}: ${why}`).join('\n');
	return [cut && tag('', 'skip', `all names begin with ${visible(cut)}: taken off`),
		count > 0 && h('span', { title: lines }, warn(`not read: ${plural(count, 'line')}`)), unsupported.map((name) => warn(`${name} is not supported`)),
		signed && warn('the signature is not verified')];
}

export function manifestRow(manifest, { match, mismatch, open, missing, here }) {
	return h('li.upload.manifest@manifest-row', h('div.upload-head', h('span.upload-glyph', icon('file')), pathNode(manifest.name),
		h('span.upload-size', `checksum file, ${plural(manifest.entries.length, 'entry', 'entries')}, ${joined(manifest.candidates.all())}`),
		h('span.upload-actions', iconButton('Forget this checksum file', 'trash', () => removeManifests(manifest.name)))),
	h('div.verdicts', match > 0 && tag('match', 'check', plural(match, 'file matches', 'files match')), mismatch > 0 && tag('mismatch', 'cross', plural(mismatch, 'file differs', 'files differ')),
		open > 0 && tag('', 'clock', `${open} not checked yet`), missing.length > 0 && tag('', 'skip', `${missing.length} missing`),
		caveats(manifest)), here.size === 0 && h('p.hint', 'Drop the files that it lists to check them.'));
}
