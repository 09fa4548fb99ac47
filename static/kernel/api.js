// All calls of the API: every failure is a Problem.
// 429 and 503 come before anything is done, so any request may be repeated after Retry-After.

import { waiting, settled } from './notice.js';

const BASE = './api/v1/';
const ATTEMPTS = 5;
const LONGEST_WAIT_SECONDS = 30;

// What went wrong, in the server's words. `status` 0: no answer at all. `pointer` names the wrong member of the body, if one is.
export class Problem extends Error {
	constructor({ detail, ...rest }) {
		super(detail);
		Object.assign(this, { name: 'Problem', status: 0, requestId: '', detail, ...rest });
	}

	get worthRetry() { return this.status === 429 || this.status === 503; }
}

const PLAIN = { 408: 'The data arrived too slowly.', 413: 'This is larger than the server accepts.', 429: 'Too many requests.', 503: 'The server is busy.' };

export function problemOf(status, body, retryAfter) {
	if (status === 429) dispatchEvent(new Event('refused'));
	let fields = {};
	try { fields = JSON.parse(body) ?? {}; } catch { /* an error of the HTTP layer has no body */ }
	const { code = `http_${status}`, detail = PLAIN[status] ?? 'The server failed to answer.', request_id: requestId, pointer } = fields;
	return new Problem({ status, code, detail, requestId, pointer, retryAfter: Math.max(1, Number.parseInt(retryAfter, 10) || 1) });
}

export function parsed(status, text) {
	try { return text === '' ? null : JSON.parse(text); } catch { throw new Problem({ status, code: 'not_json', detail: 'The answer could not be read.' }); }
}

export const unreachable = () => new Problem({ code: 'unreachable', detail: 'The server does not answer.' });

export const tellSignedOut = () => dispatchEvent(new Event('signedout'));

// `tagged` is told the ETag of what came. Compression makes one weak, which names no version for If-Match; it stands for the same settings.
async function once(method, path, { json, body, headers, signal, tagged }) {
	const init = { method, signal, body: json ? JSON.stringify(json) : body, headers: { accept: 'application/json', ...headers }, cache: 'no-store' };
	if (json) init.headers['content-type'] = 'application/json';
	const response = await fetch(BASE + path, init).catch((error) => { throw error.name === 'AbortError' ? error : unreachable(); });
	const text = await response.text();
	if (!response.ok) throw problemOf(response.status, text, response.headers.get('retry-after'));
	tagged?.(response.headers.get('etag')?.replace(/^W\//, ''));
	return parsed(response.status, text);
}

// Lets the page answer in between. Timers are slow in hidden tabs.
export const breath = () => globalThis.scheduler?.yield?.() ?? new Promise((resolve) => { setTimeout(resolve); });

export function sleep(seconds, signal) {
	return new Promise((resolve, reject) => {
		const stop = () => { clearTimeout(timer); reject(new DOMException('stopped', 'AbortError')); };
		const timer = setTimeout(() => { signal?.removeEventListener('abort', stop); resolve(); }, seconds * 1000);
		if (signal?.aborted) stop();
		signal?.addEventListener('abort', stop, { once: true });
	});
}

// If the server is busy, shows that and tries again, unless `silent`.
export async function send(method, path, options = {}) {
	for (let attempt = 1; ; attempt += 1) {
		try {
			const answer = await once(method, path, options);
			if (attempt > 1) settled();
			return answer;
		} catch (error) {
			if (error.status === 401 && !options.silent) tellSignedOut();
			if (options.silent || !error.worthRetry || attempt >= ATTEMPTS || error.retryAfter > LONGEST_WAIT_SECONDS) throw error;
			waiting(error, error.retryAfter);
			await sleep(error.retryAfter, options.signal);
		}
	}
}

export const jobPath = (id, rest = '') => `jobs/${encodeURIComponent(id)}${rest}`;
export const get = (path, options) => send('GET', path, options);
export const post = (path, json, options) => send('POST', path, { json, ...options });

export function query(members) {
	const pairs = Object.entries(members).filter(([, value]) => (value ?? '') !== '');
	return pairs.length ? `?${pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')}` : '';
}

// randomUUID exists only in secure contexts.
export const freshKey = () => crypto.getRandomValues(new Uint32Array(4)).join('-');

// What does not change while the page is open.
const cache = new Map();
function keep(name) {
	if (!cache.has(name)) cache.set(name, get(name).catch((error) => { cache.delete(name); throw error; }));
	return cache.get(name);
}
export const forget = () => cache.clear();
export const algorithms = () => keep('algorithms');
export const roots = () => keep('roots');

// What the token may do. Until that is known, everything: the server refuses what it must.
let scopes = null;
export const may = (scope) => !scopes || scopes.includes(scope);
// A token that sees the jobs of others, and is no admin, may cancel only its own, which the page cannot tell apart.
const mayCancel = () => may('hash') && (may('admin') || !may('read:all'));
export const seesAll = () => may('read:all') || may('admin');

// Elements that need a scope are hidden by the style sheet.
export async function learnScopes() {
	scopes = null;
	({ scopes } = await get('session'));
	const lacks = { read: !may('read'), hash: !may('hash'), admin: !may('admin'), cancel: !mayCancel(), all: !seesAll() };
	for (const [name, lack] of Object.entries(lacks)) document.documentElement.classList.toggle(`lacks-${name}`, lack);
}
