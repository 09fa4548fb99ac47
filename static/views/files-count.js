// Counts the files below a directory, one listing after the other.

import { get, query, componentOf, queryPath } from '../kernel.js';

// An estimate for people: larger trees are counted by their job.
const MOST_LISTINGS = 1000;
const PAGE = 1000;

// Calls `report({files, bytes, state})`, the state 'counting', 'whole' or 'part', until `signal`.
export async function countBelow(root, components, signal, report) {
	const sum = { files: 0, bytes: 0, state: 'counting' };
	const stack = [{ components }];
	for (let left = MOST_LISTINGS; stack.length && left > 0; left -= 1) {
		const { components: at, cursor } = stack.pop();
		const path = `roots/${encodeURIComponent(root)}/entries${query({ limit: PAGE, cursor })}&path=${queryPath(at)}`;
		const { items, next_cursor: next } = await get(path, { signal, silent: true }).catch(() => ({ items: [] }));
		if (signal.aborted) return;
		if (next) stack.push({ components: at, cursor: next });
		for (const entry of items) {
			if (entry.kind === 'directory') stack.push({ components: [...at, componentOf(entry)] });
			else if (entry.kind === 'file') { sum.files += 1; sum.bytes += entry.size ?? 0; }
		}
		report(sum);
	}
	report({ ...sum, state: stack.length ? 'part' : 'whole' });
}
