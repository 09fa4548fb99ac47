// The signed-out page.

import { h, put, post, fineprint } from '../kernel.js';

export const signIn = (token) => post('session', { token }, { silent: true });

export function show(root, problem, done) {
	// Password managers save a token beside a name; they know the form by its autocomplete words.
	const name = h('input.offscreen', { name: 'username', autocomplete: 'username', value: location.host, readonly: true, tabindex: -1, label: 'Service' });
	const field = h('input.field.mono@token-input', { id: 'token', name: 'password', type: 'password', autocomplete: 'current-password', 'aria-describedby': 'sign-in-fault' });
	const fault = h('div', { id: 'sign-in-fault', 'aria-live': 'assertive' });
	const enter = h('button.button.primary@sign-in', { type: 'submit' }, 'Sign in');
	const say = (error) => put(fault, h('p.bad-text', error.detail || 'This is not a token.'), fineprint(error));

	async function go(event) {
		event.preventDefault();
		const token = field.value.trim().replace(/^.*#token=/, '');
		if (!token) { field.focus(); return; }
		enter.disabled = true;
		try { await signIn(decodeURIComponent(token)); done(); } catch (error) { say(error); field.select(); }
		enter.disabled = false;
	}

	put(root, h('section.sign-in', h('h1', 'Sign in'), h('p', 'Open the sign-in link that the server printed when it started, or paste the link or a token here.'),
		h('form', { submit: go }, h('label', { for: 'token' }, 'Token or link'), h('div.sign-in-line', name, field, enter)), fault, h('p.hint', 'A link works once, for ten minutes; ', h('code', 'hivesum token link'), ' prints another. A permanent token comes from ', h('code', 'hivesum token create'), '.')));
	if (problem) say(problem);
	field.focus();
}
