// The settings of a collection as fields of a form: what a text means to the API, and back.
//
// What is wrong is decided by the API alone: a text that is no number is sent as it stands, refused, and kept in its field.

import { h, put, attr, labelled, linesOf, picker, visible } from '../kernel.js';

const MEBIBYTE = 1 << 20;

// An empty text takes a setting back.
const TEXT = { read: (text) => text || null, write: (value) => value ?? '' };
const LINES = { read: linesOf, write: (items) => items.join('\n') };
const NAMES = { read: (text) => text.split(/[\s,]+/).filter(Boolean), write: (names) => names.join(', ') };
const numberOf = (text, of) => (text.trim() === '' ? null : Number.isFinite(Number(text)) ? of(Number(text)) : text);
const NUMBER = { read: (text) => numberOf(text, (number) => number), write: (value) => String(value ?? '') };
const RATE = { read: (text) => numberOf(text, (rate) => Math.round(rate * MEBIBYTE)), write: (value) => (value === null ? '' : String(value / MEBIBYTE)) };

// Five fields and the rest of the line: what is missing or too much is found by the API.
function windowOf(line) {
	const words = line.split(/\s+/);
	return { cron: words.slice(0, 5).join(' '), time_zone: words.slice(5).join(' ') };
}
const WINDOWS = { read: (text) => linesOf(text).map(windowOf), write: (windows) => windows.map(({ cron, time_zone: zone }) => `${cron} ${zone}`).join('\n') };

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

// `control` has a `value`, and is an element or has one as `node`.
function field(member, title, hint, control, { read, write } = TEXT) {
	const element = control.node ?? control;
	const [tip, fault] = [h('p.hint', { id: `hint-${member}` }, hint), h(`p.bad-text@fault-${member}`, { id: `fault-${member}`, hidden: true })];
	let [from, was] = [null, ''];
	attr(element, 'aria-describedby', `${tip.id} ${fault.id}`);

	function show(value = read('')) {
		control.value = write(value);
		[from, was] = [value, control.value];
	}

	// The value, if it is another one than that which was shown.
	function change() {
		const value = read(control.value);
		return control.value === was || same(value, from) ? undefined : value;
	}

	// Somebody else has given it this value; what was typed here stays. In words, if it is another one.
	function meanwhile(value = read('')) {
		if (same(value, from)) return '';
		if (change() === undefined) show(value); else [from, was] = [value, write(value)];
		return `${title} is now ${visible(write(value).replaceAll('\n', '; ')) || 'empty'}`;
	}

	function fail(why) {
		fault.hidden = !why;
		put(fault, why);
		attr(element, 'aria-invalid', why ? 'true' : null);
	}

	const focus = () => (control.node ? control.node.querySelector('input') : control).focus();
	const node = h('div.setting', control.node ? [h('span.labelled', title), element] : labelled(title, control), tip, fault);
	return { member, node, show, change, meanwhile, fail, focus };
}

const input = (member, more) => h(`input.field@setting-${member}`, { type: 'text', name: member, autocomplete: 'off', spellcheck: 'false', ...more });
const area = (member, placeholder) => h(`textarea.field.mono@setting-${member}`, { rows: '3', name: member, spellcheck: 'false', placeholder });
const choice = (member, options) => h(`select.field@setting-${member}`, { name: member }, options.map(([value, title]) => h('option', { value }, title)));

const KINDS = [['fixed', 'Fixed: every change is an alert'], ['living', 'Living: only damage is an alert']];

const nameField = () => field('name', 'Name', 'What people call it. Empty: the name of its directory.', input('name'));
const kindField = () => field('kind', 'Kind', 'An archive stays as it is; in a living directory people write, add and delete.', choice('kind', KINDS));

const times = () => ['When it is read', [
	field('aim_days', 'Read everything again within, days', 'Each file is read from its device once in so many days. Empty: never by itself.', input('aim_days', { inputmode: 'numeric' }), NUMBER),
	field('survey_every_hours', 'Look for changes every, hours', 'Finds what is new, changed or gone, and reads that alone. Empty: never by itself.', input('survey_every_hours', { inputmode: 'numeric' }), NUMBER),
	field('max_bytes_per_second', 'Limit, MiB/s', 'No run of the service reads faster. Empty: no limit.', input('max_bytes_per_second', { inputmode: 'decimal' }), RATE),
	field('windows', 'Windows', ['One a line: minute, hour, day of the month, month, day of the week, time zone. ', h('code', '* 1-5 * * * Europe/Berlin'), ' is open from 01:00 to 06:00. Empty: always.'], area('windows'), WINDOWS),
]];

const told = () => ['Who is told', [
	field('notify', 'Sinks', 'Names of sinks in the configuration of the service, with commas between them. Empty: nobody is told of alerts.', input('notify', { autocapitalize: 'none' }), NAMES),
]];

function digests(known) {
	const chips = picker(known, new Set(known.filter((one) => one.default).map(({ name }) => name)), undefined, () => {});
	attr(chips.node, 'role', 'group');
	attr(chips.node, 'aria-label', 'Digests');
	// What is chosen at first is what the API computes unless others are named.
	return { node: chips.node, get value() { return chips.names().join(' '); }, set value(_) { /* nobody else changes it */ } };
}

// What can be changed later: groups of fields, each with its title.
export const changeable = () => [['What it is', [nameField(), kindField()]], times(), told()];

export const all = (roots, known) => [
	['Directory', [
		field('root', 'Root', 'One of the directories that the service was started with.', choice('root', roots.map(({ name }) => [name, visible(name)]))),
		field('path', 'Path', 'A directory beneath the root, such as photos/2026. Empty: the whole root.', input('path', { autocapitalize: 'none' })),
		nameField(), kindField(),
	]],
	times(),
	['Files and digests, which cannot be changed later', [
		field('include', 'Include only', 'One pattern a line, as in a .gitignore. Empty: all files.', area('include', '*.jpg'), LINES),
		field('exclude', 'Leave out', 'One pattern a line; without “/” it matches names at any depth.', area('exclude', '*.tmp'), LINES),
		field('algorithms', 'Digests', 'What is computed of each file.', digests(known), NAMES),
	]],
	told(),
];
