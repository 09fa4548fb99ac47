// What checksum files say about the uploads.

import { Candidates, Finder, baseName, entriesOf, judge, lackingFor } from '../kernel.js';

export const manifests = new Map();

// By base name, the checksum files that may list a file of that name.
let byBase = new Map();
// What is said of files holds until this changes.
let epoch = 0;

// From the server's answer: a checksum file, or null if nothing is listed. It says nothing until `hold`.
export const from = (name, { entries, lines_not_read: notRead }) => make(name, entriesOf(entries), notRead);

export function make(name, entries, notRead) {
	const claims = entries.flatMap((entry) => entry.claims);
	return claims.length ? { name, entries, notRead, candidates: new Candidates(claims), finder: new Finder(entries, name) } : null;
}

export function hold(manifest) {
	if (manifests.has(manifest.name)) forget([manifest.name]);
	manifests.set(manifest.name, manifest);
	index(manifest);
}

function index(manifest) {
	epoch += 1;
	// A name of Windows may have another base.
	for (const { name } of manifest.entries) for (const base of name.includes('\\') ? [baseName(name), baseName(name.replaceAll('\\', '/'))] : [baseName(name)]) {
		if (!byBase.has(base)) byBase.set(base, new Set());
		byBase.get(base).add(manifest);
	}
}

export function forget(names) {
	names.forEach((name) => manifests.delete(name));
	byBase = new Map();
	manifests.forEach(index);
}

const near = (item) => byBase.get(baseName(item.name)) ?? [];

// True if that changes what others are.
export function adopt(item) {
	let changed = false;
	for (const { finder } of near(item)) changed = finder.count(item.name) || changed;
	if (changed) epoch += 1;
	return changed;
}

// All files anew.
export function recount(items) {
	for (const { finder } of manifests.values()) finder.reset();
	for (const item of items) for (const { finder } of near(item)) finder.count(item.name);
	epoch += 1;
}

// The checksum files that list it, with their claims, and verdicts if it is hashed.
function said(item) {
	const result = item.state === 'done' ? item.result : null;
	if (item.said?.epoch !== epoch || item.said.result !== result) item.said = { epoch, result, list: [...near(item)].flatMap((one) => say(one, item.name, result)) };
	return item.said.list;
}

function say(list, name, result) {
	const entry = list.finder.find(name);
	if (!entry) return [];
	const claims = entry.claims.map((claim) => list.candidates.of(claim));
	return [{ from: list, entry, claims, ...(result && judge(claims, result.digests)) }];
}

export const isListed = (item) => said(item).length > 0;

export const claims = (item) => said(item).flatMap((one) => one.claims);

export const lacking = (item, digests) => said(item).flatMap((one) => lackingFor(one.claims, digests));

export const verdicts = (item) => (item.state === 'done' ? said(item) : []);

export function learn(item) {
	if (item.state !== 'done') return false;
	const learned = said(item).filter(({ from: list, entry }) => list.candidates.narrow(entry.claims, item.result.digests)).length > 0;
	if (learned) epoch += 1;
	return learned;
}

// For each checksum file how many of the files match, differ, or are open, and its entries that are not here.
export function audits(items) {
	const sums = new Map([...manifests.values()].map((list) => [list, { match: 0, mismatch: 0, open: 0, here: new Set() }]));
	for (const item of items) {
		for (const { from: list, entry, verdict } of said(item)) {
			const sum = sums.get(list);
			sum[verdict ?? 'open'] += 1;
			sum.here.add(entry);
		}
	}
	for (const [list, sum] of sums) sum.missing = list.entries.filter((entry) => !sum.here.has(entry));
	return sums;
}
