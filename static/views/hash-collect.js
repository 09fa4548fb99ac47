// Turns what was dropped, chosen or pasted into batches of files with paths.

const BATCH = 200;

/** Yields {files: [{file, path}]} of a drop. To be called before the event ends: entries die with it. */
export function fromDrop(transfer) {
	const entries = [];
	const loose = [];
	for (const item of transfer.items ?? []) {
		if (item.kind !== 'file') continue;
		const entry = item.webkitGetAsEntry?.();
		if (entry) entries.push(entry); else { const file = item.getAsFile(); if (file) loose.push(file); }
	}
	if (!entries.length && !loose.length) loose.push(...transfer.files);
	return walk(entries, loose);
}

async function* walk(entries, loose) {
	let batch = loose.map((file) => ({ file, path: file.name }));
	const stack = [...entries].reverse();
	while (stack.length) {
		const entry = stack.pop();
		const path = entry.fullPath.replace(/^\//, '');
		try {
			if (entry.isDirectory) stack.push(...(await children(entry)).reverse());
			else batch.push({ file: await new Promise((resolve, reject) => { entry.file(resolve, reject); }), path });
		} catch {
			yield { unreadable: path };
		}
		if (batch.length >= BATCH) { yield { files: batch }; batch = []; }
	}
	if (batch.length) yield { files: batch };
}

/** readEntries gives them in portions until an empty one. */
async function children(directory) {
	const reader = directory.createReader();
	const all = [];
	for (;;) {
		const some = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
		if (!some.length) return all.sort((a, b) => (a.name < b.name ? -1 : 1));
		all.push(...some);
	}
}

/** The same of an input element or a clipboard. */
export async function* fromList(list) {
	yield { files: [...list].map((file) => ({ file, path: file.webkitRelativePath || file.name })) };
}
