// The files of a drop, and of a choice: {files: [{file, path}]} in small portions. What the browser cannot read is among them,
// as {path, unreadable}; an empty folder is a portion with `empty`.

import { Problem, breath } from '../kernel.js';

const PORTION = 200;

// Call it during the event: its entries end with it.
export function fromDrop({ items }) {
	const entries = [];
	const loose = [];
	for (const item of items) {
		if (item.kind !== 'file') continue;
		const entry = item.webkitGetAsEntry();
		if (entry) entries.push(entry); else loose.push(item.getAsFile());
	}
	return walk(entries.reverse(), loose);
}

const pathOf = (entry) => entry.fullPath.replace(/^\//, '');
const unreadable = (path) => ({ path, unreadable: new Problem({ code: 'unreadable_here', detail: 'The browser could not read it.' }) });
const fileOf = (entry) => new Promise((...both) => { entry.file(...both); }).then((file) => ({ file, path: pathOf(entry) }), () => unreadable(pathOf(entry)));

async function* walk(stack, loose) {
	yield* fromList(loose);
	while (stack.length) {
		if (stack.at(-1).isDirectory) {
			const directory = stack.pop();
			try {
				const inside = await children(directory);
				if (!inside.length) yield { files: [], empty: 1 };
				for (const child of inside.reverse()) stack.push(child);
			} catch { yield { files: [unreadable(pathOf(directory))] }; }
			continue;
		}
		const portion = [];
		while (stack.length && portion.length < PORTION && !stack.at(-1).isDirectory) portion.push(stack.pop());
		yield { files: await Promise.all(portion.map(fileOf)) };
	}
}

async function children(directory) {
	const reader = directory.createReader();
	const all = [];
	for (;;) {
		const some = await new Promise((...both) => { reader.readEntries(...both); });
		if (!some.length) return all.sort((a, b) => (a.name < b.name ? -1 : 1));
		all.push(...some);
	}
}

export async function* fromList(list) {
	for (let at = 0; at < list.length; at += PORTION) {
		yield { files: [...list].slice(at, at + PORTION).map((file) => ({ file, path: file.webkitRelativePath || file.name })) };
		// The page answers in between.
		if (at + PORTION < list.length) await breath();
	}
}
