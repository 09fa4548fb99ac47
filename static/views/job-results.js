// The results of a job, their details and export.

import {
	h, put, icon, iconButton, labelled, menu, cell, get, query, jobPath, sizeNode, pathNode, algorithmTitle, listing, exportLink, ended, placeholder, STATUS, VERDICTS, AUDIT, codeText,
	button, exactBytes, when, farYear, nameNode, visible, copyText, sheet, STABILITY, word
} from '../kernel.js';
import { digestLine } from './hash-rows.js';

const DIGEST = /^([a-z0-9_]+:[0-9a-f]{8,128}|[0-9a-f]{32,128})$/i;
const options = (names) => names.map((name) => h('option', { value: name }, algorithmTitle(name)));
const settled = (p) => p.files_done + p.files_failed + p.files_skipped;

export function resultsPanel(first, search) {
	let job = first;
	let last = '';
	let judged = false;
	const names = job.spec.algorithms ?? [];
	let [algorithm] = names;
	const choose = names.length > 1 && h('select.field', { label: 'Digest shown', change: (event) => { algorithm = event.target.value; list.repaint(); } },
		options(names));
	const exports = h('div');
	const list = listing({
		label: 'Results', testid: 'result-row', address: `#/job/${job.id}`, start: search, names: ['status', 'verdict', 'q', 'digest', 'sort'],
		columns: [['Path', 'grow', 'path'], ['Size', 'size', 'size'], ['Digest', 'sum'], ['Result', 'status']],
		tabs: job.kind === 'verify' ? ['verdict', Object.fromEntries([['', 'All'], ...AUDIT.map((verdict) => [verdict, VERDICTS[verdict]])]), false] : ['status', { '': 'All', ...STATUS }],
		search: { label: 'Part of a path, or a digest', show: ({ q, digest }) => digest || q,
			read: (text) => (DIGEST.test(text) && ended(job.state) ? { q: '', digest: text } : { q: text, digest: '' }) },
		load: ({ digest, sort, ...others }, signal) => get(jobPath(job.id, `/results${query(ended(job.state) ? { ...others, digest, sort } : others)}`), { signal }),
		fill: (item) => cells(item, algorithm), open: details,
		nothing: () => (ended(job.state) ? placeholder('file', 'No files', 'There was nothing to hash here.')
			: placeholder('clock', 'No results yet', 'They appear here as they are committed.')),
		heads: exports, tools: choose,
	});

	function refresh(now) {
		job = now;
		const { progress: p, state, summary } = job;
		const over = ended(state);
		list.show({ '': settled(p), hashed: p.files_done, error: p.files_failed, skipped: p.files_skipped, ...summary?.verdicts }, over);
		if (over && !exports.firstChild) put(exports, exportMenu(job));
		// What differs comes first, unless somebody has chosen what to see. The summary may come after the state.
		if (over && summary?.verdicts && !judged) {
			judged = true;
			const worst = AUDIT.find((verdict) => verdict !== 'matched' && summary.verdicts[verdict]);
			if (worst && !list.narrowed()) list.go({ verdict: worst });
		}
		const key = `${state} ${settled(p)}`;
		if (key !== last) list.refresh();
		last = key;
	}

	return { node: list.node, refresh, follow: list.follow, destroy: list.destroy };
}

// Where it does not fit, the middle is cut: people compare the ends. The copy is whole.
const END_DIGITS = 8;
function digestParts(hex) {
	const copy = iconButton('Copy digest', 'copy', (event) => { event.stopPropagation(); copyText(hex); }, '@copy-result');
	return [h('code.ends', { title: hex }, h('span', hex.slice(0, -END_DIGITS)), hex.slice(-END_DIGITS)), copy];
}

function cells(item, algorithm) {
	const hex = item.digests?.[algorithm];
	const why = codeText(item) || (item.evidence !== 'none' && evidenceText(item.evidence));
	return [cell('grow', pathNode(item.path)), cell('size', item.status === 'hashed' && sizeNode(item.size)),
		cell('sum', why ? h('span.reason', { title: why }, why) : hex && digestParts(hex)), cell('status', outcome(item))];
}

// Name, title, and the algorithms it can carry.
const FORMATS = [['gnu', 'GNU lines'], ['bsd', 'BSD tags'], ['b3sum', 'b3sum', ['blake3']], ['hashdeep', 'hashdeep', ['md5', 'sha1', 'sha256', 'tiger', 'whirlpool']], ['sfv', 'SFV', ['crc32']],
	['bagit', 'BagIt', ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512']], ['csv', 'CSV, all digests, sizes and times'], ['json', 'JSON, everything'], ['ndjson', 'NDJSON, everything, one line per file']];
// What reads GNU lines of an algorithm.
const CHECKERS = { blake2b: 'b2sum', blake3: 'b3sum', md5: 'md5sum', sha1: 'sha1sum', sha224: 'sha224sum', sha256: 'sha256sum', sha384: 'sha384sum', sha512: 'sha512sum' };
const WHOLE = ['csv', 'json', 'ndjson'];

// One link per format that the algorithms allow.
function exportMenu({ id, spec: { algorithms: names = [] } }) {
	const select = h('select.field', { change: draw }, options(names));
	const list = h('ul.menu-list');
	function draw() {
		const only = select.value;
		put(list, FORMATS.filter(([, , able]) => !able || able.includes(only)).map(([format, title]) => {
			const path = jobPath(id, `/manifest${query({ format, algorithm: WHOLE.includes(format) ? '' : only })}`);
			const reader = format === 'gnu' && CHECKERS[only];
			return h('li', exportLink(format, reader ? `${title}, for ${reader} --check` : title, path));
		}));
	}
	draw();
	return menu('@export-menu', '', 'Export', draw, h('p.hint', 'Every file of the job, whatever the filter shows.'), names.length > 1 && labelled('Algorithm of checksum lines', select), list);
}

const LOOK = { matched: 'good', moved: 'warn', new: 'warn', unreadable: 'warn', added: 'warn', removed: 'warn' };

const GLYPHS = { matched: 'check', moved: 'arrow', new: 'plus', added: 'plus', missing: 'skip', removed: 'skip', modified: 'pencil', suspected_rot: 'warn', unreadable: 'cross' };

export function outcome({ verdict, status, stability, copied_from: copied, content_from: source }) {
	const say = (look, glyph, text, title) => h(`span.outcome.${look}`, { title }, icon(glyph), text);
	// Between two jobs an edit is a change, in an audit it is a failure.
	if (verdict) return say(LOOK[verdict] ?? (verdict === 'modified' && !status ? 'warn' : 'bad'), (copied !== undefined && 'copy') || (source !== undefined && 'swap') || GLYPHS[verdict] || 'warn', word(VERDICTS, verdict));
	if (status === 'error') return say('bad', 'warn', 'Error');
	if (status === 'skipped') return say('dim', 'skip', 'Skipped');
	return stability === 'unverified' ? say('warn', 'check', 'Unverified', STABILITY.unverified) : say('good', 'check', 'Hashed', STABILITY.stable);
}

// 'content and mtime changed, size did not', as the command line says it. `same`: the words for one, and for several.
function told(traces, same) {
	const verbs = { changed: ['changed', 'changed'], same, unknown: ['is not known', 'are not known'] };
	return Object.entries(verbs).map(([trace, [one, several]]) => {
		const names = Object.keys(traces).filter((name) => traces[name] === trace);
		return names.length && `${names.join(', ').replace(/, (\w+)$/, ' and $1')} ${names.length > 1 ? several : one}`;
	}).filter(Boolean).join(', ');
}

export function evidenceText(evidence) {
	if (!evidence) return '';
	if (evidence === 'none') return 'no evidence: nothing but digests was recorded';
	const { size, mtime, ctime, inode, digests } = evidence;
	return digests ? 'the digests of this entry contradict each other: the manifest is damaged'
		: `${told({ content: 'changed', size, mtime }, ['did not', 'did not'])}; ${told({ ctime, inode }, ['is the same', 'are the same'])}`;
}

export const pair = (title, ...value) => value[0] && [h('dt', title), h('dd', ...value)];
const sizeAndTime = ({ size, modified_at: at, modified_at_ns: ns }) => [exactBytes(size), at && h('span', { title: at }, `, modified ${when(at)}`),
	ns && h('span', { title: `${ns} ns since 1970` }, `, modified in the ${farYear(ns)}`)];
const digestLines = ({ digests }) => h('div.digests', Object.entries(digests ?? {}).map(([name, hex]) => digestLine(name, hex)));

export function details(item) {
	const { path, path_b64: exact, code, moved_from: moved, copied_from: copied, content_from: source, old, new: now } = item;
	const facts = [pair('Result', outcome(item)), pair('Evidence', evidenceText(item.evidence)), moved && pair('Was at', nameNode(moved, 'wrap')),
		copied && pair('Copy of', nameNode(copied, 'wrap')), source && pair('Has the content of', nameNode(source, 'wrap')),
		code && pair('Reason', codeText(item), ' ', h('small.fineprint', code)), item.status === 'hashed' && pair('File', sizeAndTime(item)),
		old && pair('Before', sizeAndTime(old), digestLines(old)), now && pair('After', sizeAndTime(now), digestLines(now)),
		pair('Stability', STABILITY[item.stability]), exact && pair('Exact name', h('code', exact), ' in base64')];
	sheet(`Result for ${visible(path)}`, nameNode(path, 'wrap'), digestLines(item), h('dl.facts', facts), h('div.row.end', button('Copy path', '', () => copyText(path, 'Path'), 'copy')));
}
