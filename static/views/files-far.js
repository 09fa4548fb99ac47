// Directories of other machines: a job reads them, and they are not listed here.

import { h, put, button, icon, labelled, nameNode, plural, filesHref, placeholder, readable } from '../kernel.js';
import { startPanel } from './files-start.js';
import { few, nodeHref } from './nodes.js';

export const isFar = (root) => Boolean(root?.nodes?.length);

// The nodes of a root, in words: those that are not there too.
export function nodesNote({ nodes = [] }) {
	const away = nodes.filter(({ present }) => !present);
	const names = nodes.length > 3 ? plural(nodes.length, 'node') : nodes.map(({ name }) => name).join(', ');
	if (!nodes.length) return false;
	return away.length === nodes.length ? h('span.root-warning@root-away', icon('warn'), `${names}: unreachable`)
		: h('small.hint@root-nodes', `on ${names}${away.length ? `, ${count(away)} unreachable` : ''}`);
}

const count = (away) => (away.length === 1 ? away[0].name : plural(away.length, 'node'));

// A directory beneath such a root, as a place to start jobs.
export function far(root, { name, nodes }, components, crumbs, signal) {
	const here = { components, kind: 'directory' };
	const panel = startPanel(name, () => here, { unpick() {}, signal, last: () => undefined, far: true });
	const path = h('input.field.mono@far-path', { type: 'text', spellcheck: 'false', autocapitalize: 'off', placeholder: 'the whole root', value: components.map(readable).join('/') });
	const go = (event) => {
		event.preventDefault();
		location.hash = filesHref(name, path.value.split('/').filter(Boolean).map(encodeURIComponent));
	};
	const state = ({ name: node, present }) => h('li', h('a', { href: nodeHref(node) }, nameNode(node, 'wrap')), ' ', h(present ? 'small.dim' : 'small.bad-text', present ? 'present' : 'unreachable'));
	const body = placeholder('link', 'This directory is on another machine', nodes.some(({ present }) => present)
		? 'Its entries are not listed here. A job hashes all of it, or the directory or file beneath it that is named here.'
		: 'No machine that has it can be reached at present. A job on it cannot be started until one is back; one that has begun waits.');
	body.append(h('form.far-form', { submit: go }, labelled('Path beneath the root', path), button('Choose', '@far-go', go, 'arrow')), h('ul.far-nodes@far-nodes', { label: 'Nodes' }, few(nodes, state)));
	put(root, h('h1.offscreen', 'Directories'), h('div.columns.files-view',
		h('section.browser', { label: 'Browser' }, h('div.browser-head', crumbs), h('div.browser-body', body)), panel.node));
	return { title: name };
}
