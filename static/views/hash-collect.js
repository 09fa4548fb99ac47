// Turns dropped or chosen files into batches of files with paths.

const BATCH = 200;

// Yields {files: [{file, path}]} of a drop. Call it during the event: its entries end with it.
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

async function* walk(stack, loose) {
	let files = loose.map((file) => ({ file, path: file.name }));
	while (stack.length) {
		const entry = stack.pop();
		const path = entry.fullPath.replace(/^\//, '');
		try {
			if (entry.isDirectory) stack.push(...(await children(entry)).reverse());
			else files.push({ file: await new Promise((resolve, reject) => { entry.file(resolve, reject); }), path });
		} catch { yield { unreadable: path }; }
		if (files.length >= BATCH) { yield { files }; files = []; }
	}
	yield { files };
}

async function children(directory) {
	const reader = directory.createReader();
	const all = [];
	for (;;) {
		const some = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
		if (!some.length) return all.sort((a, b) => (a.name < b.name ? -1 : 1));
		all.push(...some);
	}
}

export const fromList = (list) => [{ files: [...list].map((file) => ({ file, path: file.webkitRelativePath || file.name })) }];
