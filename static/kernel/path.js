// Paths on the server, exact to the byte: lists of percent-encoded components. This form is the same in the page's
// address and in queries of the API, and can express names that are not UTF-8.

import { query } from './api.js';

export const componentOf = (entry) => (entry.name_b64 ? encodeBytes(entry.name_b64) : encodeURIComponent(entry.name));

function encodeBytes(base64) {
	return Array.from(atob(base64), (c) => (/[A-Za-z0-9._~-]/.test(c) ? c : `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)).join('');
}

function bytesOf(component) {
	return Uint8Array.from(component.match(/%[0-9a-f]{2}|[^]/gi) ?? [], (part) => (part.length > 1 ? Number.parseInt(part.slice(1), 16) : part.charCodeAt(0)));
}

export const readable = (component) => new TextDecoder().decode(bytesOf(component));

export const queryPath = (components) => components.join('%2F');

export function jsonPath(components) {
	const bytes = bytesOf(components.join('/'));
	try { return { path: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) }; } catch {
		return { path_b64: btoa(String.fromCharCode(...bytes)) };
	}
}

export function componentsOf({ path, path_b64: exact }) {
	const encoded = exact ? encodeBytes(exact).split('%2F') : String(path ?? '').split('/').map(encodeURIComponent);
	return encoded.filter(Boolean);
}

export const entriesPath = (root, components, members) => `roots/${encodeURIComponent(root)}/entries${query(members)}&path=${queryPath(components)}`;

export const filesHref = (root, components = []) => `#/files/${[encodeURIComponent(root), ...components].join('/')}`;
