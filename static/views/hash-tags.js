// What each file of the queue is, as a word to filter by, and the rows in their order: failures first.

import { worst } from '../kernel.js';
import { queue, busy } from './hash-items.js';
import { audits, isListed } from './hash-manifests.js';
import { differs, judgeExpected, verdicts } from './hash-judge.js';

export const TAGS = { '': 'All', differs: 'Differs', failed: 'Failed', missing: 'Missing', open: 'Not checked', new: 'New', match: 'Matched', hashed: 'Hashed', active: 'In progress' };
export const FAILURES = ['differs', 'failed'];
const FIRST = [...FAILURES, 'missing', 'open'];
const OF_VERDICT = { mismatch: 'differs', match: 'match', null: 'open' };

// `checked`: some file is in a checksum file.
function tagOf(item, checked) {
	if (busy(item)) return 'active';
	if (item.state === 'failed') return 'failed';
	if (item.state === 'cancelled') return 'open';
	const { verdict } = worst(verdicts(item));
	return OF_VERDICT[verdict] ?? (checked && !isListed(item) ? 'new' : 'hashed');
}

// An entry of a checksum file whose file is not here.
function missingRow(entry, from) {
	const name = from.finder.pathOf(entry.name);
	if (entry.row?.name !== name) entry.row = { id: `${from.name}\n${entry.name}`, missing: entry, from, name, tag: 'missing' };
	return entry.row;
}

export function survey() {
	const judged = judgeExpected();
	const sums = audits(queue.items);
	const used = [...sums].filter(([, { here }]) => here.size > 0);
	const groups = [...FIRST, 'others'].map(() => []);
	const counts = {};
	const place = (row) => {
		counts[row.tag] = (counts[row.tag] ?? 0) + 1;
		groups.at(FIRST.indexOf(row.tag)).push(row);
	};
	for (const item of queue.items) { item.tag = tagOf(item, used.length > 0); place(item); }
	// While a drop is read, its other files are still to come.
	if (!queue.reading) for (const [from, { missing }] of used) for (const entry of missing) place(missingRow(entry, from));
	return { sums, counts, rows: groups.flat(), unexpected: differs(judged) };
}
