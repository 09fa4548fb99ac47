// What checksum files say about the uploads.

import { Candidates, Finder, entriesOf, judge, lackingFor } from '../kernel.js';

export const manifests = new Map();

// Takes the server's answer. False if nothing is listed.
export function keep(name, { entries: list, lines_not_read: notRead }) {
	const entries = entriesOf(list);
	const claims = entries.flatMap((entry) => entry.claims);
	if (claims.length) manifests.set(name, { name, entries, notRead, candidates: new Candidates(claims), finder: new Finder(entries, name) });
	return claims.length > 0;
}

// True if that changes what others are.
export const adopt = (item) => [...manifests.values()].filter(({ finder }) => finder.count(item.name)).length > 0;

export function adoptAll(items) {
	for (const { finder } of manifests.values()) finder.reset();
	items.forEach(adopt);
	for (const item of items) if (item.state === 'done') learn(item);
}

function lists(item) {
	const of = (from) => from.finder.find(item.name)?.claims.map((claim) => from.candidates.of(claim));
	return [...manifests.values()].map((from) => ({ from, claims: of(from) })).filter(({ claims }) => claims);
}

export const claims = (item) => lists(item).flatMap((one) => one.claims);

export const lacking = (item, digests) => lists(item).flatMap(({ claims }) => lackingFor(claims, digests));

export const verdicts = (item) => (item.state === 'done' ? lists(item).map(({ from, claims }) => ({ from, ...judge(claims, item.result.digests) })) : []);

export const learn = (item) => lists(item).filter(({ from, claims }) => from.candidates.narrow(claims, item.result.digests)).length > 0;

export function audit(manifest, items) {
	const entry = ({ name }) => manifest.finder.find(name);
	const listed = items.filter(entry);
	const all = listed.flatMap(verdicts).filter(({ from }) => from === manifest);
	const [match, mismatch] = ['match', 'mismatch'].map((kind) => all.filter(({ verdict }) => verdict === kind).length);
	const here = new Set(listed.map(entry)).size;
	return { match, mismatch, open: listed.length - match - mismatch, here, missing: manifest.entries.length - here };
}
