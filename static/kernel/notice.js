// Messages of the page.

import { h, icon, button, iconButton, put } from './dom.js';

const byId = (id) => document.getElementById(id);
let countdown;

export const announce = (text) => put(byId('live'), text);

export function toast(text) {
	// A status that is not read aloud: `announce` does that.
	const node = h('div.toasts', { role: 'status', 'aria-live': 'off' }, h('div.toast', icon('check'), text));
	// Inside an open dialog, which covers everything else.
	(document.querySelector('dialog[open]') ?? document.body).append(node);
	announce(text);
	setTimeout(() => node.remove(), 2200);
}

export function fineprint({ code, requestId }) {
	const text = [code, requestId && `request ${requestId}`].filter(Boolean).join(' · ');
	return text && h('small.fineprint', text);
}

function banner(kind, glyph, text, problem, ...actions) {
	clear();
	put(byId('notices'), h(`div.banner.${kind}@error-banner`, { role: kind === 'bad' ? 'alert' : 'status' }, icon(glyph), h('div.banner-text', text, fineprint(problem)), actions));
}

// Shows a failure; `again` tries once more. Ignores cancelled requests and sign-outs.
export function showProblem(problem, again) {
	if (problem.name === 'AbortError' || problem.status === 401) return;
	if (problem.name !== 'Problem') console.error(problem);
	banner('bad', 'warn', h('p', problem.detail || 'Something went wrong in the page.'), problem,
		again && button('Try again', '', () => { clear(); again(); }, 'retry'), iconButton('Dismiss', 'cross', clear));
}

// The server is busy: counts down to the next attempt.
export function waiting(problem, seconds) {
	let left = seconds;
	const text = h('p');
	const tick = () => { put(text, `${problem.detail.replace(/[^.]$/, '$&.')} ${pause(left)}`); left = Math.max(0, left - 1); };
	banner('wait', 'clock', text, problem);
	tick();
	countdown = setInterval(tick, 1000);
}

export const pause = (seconds) => (seconds > 0 ? `Trying again in ${seconds} s.` : 'Trying again now.');

export function settled() { if (document.querySelector('.banner.wait')) clear(); }

export function clear() { clearInterval(countdown); put(byId('notices')); }

export const placeholder = (glyph, title, text, actions, problem) => h(`div.placeholder${problem ? '@error-banner' : ''}`, { role: problem ? 'alert' : null },
	h('span.placeholder-glyph.hex', icon(glyph)), h('h2', title), text && h('p', text), problem && fineprint(problem), h('div.row', actions));

// A placeholder that is the whole view: its title is the heading of the page.
export function wholeView(...given) {
	const node = placeholder(...given);
	const title = node.querySelector('h2');
	title.replaceWith(h('h1', ...title.childNodes));
	return node;
}

export function dialog(spec, label, ...children) {
	const node = h(`dialog.dialog${spec}`, { label, close: () => node.remove() }, children);
	document.body.append(node);
	node.showModal();
	return node;
}

export function sheet(label, title, ...children) {
	const node = dialog('.wide', label, h('div.dialog-head', h('h2', title), iconButton('Close', 'cross', () => node.close())), children);
}

export function confirm(title, text, yes, no = 'Keep it') {
	return new Promise((resolve) => {
		const node = dialog('', title, h('h2', title), h('p', text),
			h('div.row.end', button(no, '', () => node.close()), button(yes, '.danger@confirm-yes', () => node.close('yes'))));
		node.addEventListener('close', () => resolve(node.returnValue === 'yes'));
	});
}

// On loopback or with TLS there is always a clipboard.
export const copyText = (text, what = 'Digest') => navigator.clipboard.writeText(text).then(() => toast(`${what} copied`), () => toast('The browser did not allow the copy'));
