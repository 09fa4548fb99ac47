// What the expected digest says of the files, and all that is said of one.
//
// A file differs once it was hashed with every usual algorithm that the digest may be of; what is not computed is not
// judged, and said to be open.

import { judge, isNameOf, isUsual } from '../kernel.js';
import { queue, busy, expected } from './hash-items.js';
import * as lists from './hash-manifests.js';

const SOURCE = { name: 'the expected digest' };

function judgeOne(claim, digests) {
	const said = { claims: [claim], from: SOURCE, ...judge([claim], digests) };
	if (said.verdict !== null) return { ...said, open: [] };
	const computed = claim.names.filter((name) => digests[name] !== undefined);
	const usual = claim.names.filter(isUsual);
	const differs = usual.length > 0 && usual.every((name) => computed.includes(name));
	return { ...said, computed, open: said.names[0], ...(differs && { verdict: 'mismatch', names: [computed] }) };
}

// {claim, of: [{item, verdict, names, open}], match, elsewhere}: the files that it is compared with, those of its name if
// there are such; without a match among them, another file that has the digest. Null if nothing is expected.
export function judgeExpected() {
	const [claim] = expected();
	for (const item of queue.items) if (item.expectation) item.expectation = null;
	if (!claim) return null;
	const done = queue.items.filter(({ state }) => state === 'done').map((item) => ({ item, ...judgeOne(claim, item.result.digests) }));
	const named = claim.name ? done.filter(({ item }) => isNameOf(claim.name, item.name)) : [];
	const of = named.length ? named : done;
	const isMatch = ({ verdict }) => verdict === 'match';
	const matches = of.filter(isMatch);
	// Beside others, a file of a checksum file is judged by that.
	const judged = queue.items.some(busy) ? [] : of.filter(({ item }) => of.length === 1 || !lists.isListed(item));
	for (const one of matches.length ? matches : judged) one.item.expectation = one;
	return { claim, of, match: matches[0], elsewhere: matches.length ? null : done.find(isMatch) };
}

export const differs = (judged) => Boolean(judged?.of.length && !judged.match && !queue.items.some(busy) && judged.of.every(({ verdict }) => verdict === 'mismatch'));

// With verdicts, if it is hashed.
export const verdicts = (item) => (item.state === 'done' ? [...lists.verdicts(item), item.expectation].filter(Boolean) : []);
