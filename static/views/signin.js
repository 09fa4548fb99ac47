// The signed-out page.

import { h, put, button, post, fineprint } from '../kernel.js';

export const signIn = (token) => post('session', { token }, { silent: true });

export function show(root, problem, done) {
	const field = h('input.field.mono@token-input', { id: 'token', type: 'password', autocomplete: 'off', 'aria-describedby': 'sign-in-fault',
		keydown: (event) => { if (event.key === 'Enter') go(); } });
	const fault = h('div', { id: 'sign-in-fault', 'aria-live': 'assertive' });
	const enter = button('Sign in', '.primary@sign-in', () => go());
	const say = (error) => put(fault, h('p.bad-text', error.detail || 'This is not a token.'), fineprint(error));

	async function go() {
		const token = field.value.trim().replace(/^.*#token=/, '');
		if (!token) { field.focus(); return; }
		enter.disabled = true;
		try { await signIn(decodeURIComponent(token)); done(); } catch (error) { say(error); field.select(); }
		enter.disabled = false;
	}

	put(root, h('section.sign-in', h('h1', 'Sign in'), h('p', 'Open the sign-in link that the server printed when it started, or paste the link or a token here.'),
		h('label', { for: 'token' }, 'Token or link'), h('div.sign-in-line', field, enter), fault, h('p.hint', 'A link works once, for ten minutes; ', h('code', 'hivesum token link'), ' prints another. A permanent token comes from ', h('code', 'hivesum token create'), '.')));
	if (problem) say(problem);
	field.focus();
}
