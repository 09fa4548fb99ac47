// What checksum files say about the uploads.

import { Candidates, Finder, baseName, entriesOf, judge, lackingFor } from '../kernel.js';

export const manifests = new Map();

// By base name, the checksum files that may list a file of that name.
let byBase = new Map();
// What is said of files holds until this changes.
let epoch = 0;

// Takes the server's answer. The checksum file, or null if nothing is listed.
export const keep = (name, { entries, lines_not_read: notRead }) => hold(name, entriesOf(entries), notRead);

export function hold(name, entries, notRead) {
	const claims = entries.flatMap((entry) => entry.claims);
	if (!claims.length) return null;
	if (manifests.has(name)) forget([name]);
	const manifest = { name, entries, notRead, candidates: new Candidates(claims), finder: new Finder(entries, name) };
	manifests.set(name, manifest);
	index(manifest);
	return manifest;
}

function index(manifest) {
	epoch += 1;
	// A name of Windows may have another base.
	for (const { name } of manifest.entries) for (const base of new Set([baseName(name), baseName(name.replaceAll('\\', '/'))])) {
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

// All files anew, or those that a new checksum file may list.
export function adoptAll(items, only) {
	if (only) only.finder.reset(); else for (const { finder } of manifests.values()) finder.reset();
	for (const item of items) for (const one of near(item)) if (!only || one === only) one.finder.count(item.name);
	epoch += 1;
	for (const item of items) if (item.state === 'done') learn(item);
}

// The checksum files that list it, with their claims, and verdicts if it is hashed.
function said(item) {
	const result = item.state === 'done' ? item.result : null;
	if (item.said?.epoch !== epoch || item.said.result !== result) item.said = { epoch, result, list: [...near(item)].flatMap((from) => say(from, item.name, result)) };
	return item.said.list;
}

function say(from, name, result) {
	const entry = from.finder.find(name);
	if (!entry) return [];
	const claims = entry.claims.map((claim) => from.candidates.of(claim));
	return [{ from, entry, claims, ...(result && judge(claims, result.digests)) }];
}

export const isListed = (item) => said(item).length > 0;

export const claims = (item) => said(item).flatMap((one) => one.claims);

export const lacking = (item, digests) => said(item).flatMap((one) => lackingFor(one.claims, digests));

export const verdicts = (item) => (item.state === 'done' ? said(item) : []);

export function learn(item) {
	const learned = said(item).filter(({ from, entry }) => from.candidates.narrow(entry.claims, item.result.digests)).length > 0;
	if (learned) epoch += 1;
	return learned;
}

// For each checksum file how many of the files match, differ, or are open, and its entries that are not here.
export function audits(items) {
	const sums = new Map([...manifests.values()].map((from) => [from, { match: 0, mismatch: 0, open: 0, here: new Set() }]));
	for (const item of items) {
		for (const { from, entry, verdict } of said(item)) {
			const sum = sums.get(from);
			sum[verdict ?? 'open'] += 1;
			sum.here.add(entry);
		}
	}
	for (const [from, sum] of sums) sum.missing = from.entries.filter((entry) => !sum.here.has(entry));
	return sums;
}
