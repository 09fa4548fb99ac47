// Checksum files, which the server reads.

export const MAX_MANIFEST_BYTES = 64 << 20;

const LOOKS = /(?:(?:^|[-_. ])(?:b[23]|blake\d|md[245]|sha(?=$|sum|[-_.\d])|xxh|crc|rmd|ripemd|sm3|whirlpool|wp|tiger|gost|snefru|has160|edonr|ed2k|tth|aich|(?:check|ck)?sum|hash|digest|manifest)[-\w]*|\.(?:sfv|mhl|mtree|dsc|changes|buildinfo|ndjson|quickxor|dropbox|mailru|hidrive)|^(?:checksum.*|integrity|record|(?:in)?release|distinfo|aide\.db|(?:\.cargo-checksum|package-lock|npm-shrinkwrap|inventory|listing|hivesum)\.json|hivesum\.csv))(?:\.(?:txt|asc|gpg|sig|gz|list))*$/i;

// A guess: a file without an entry is treated as any other.
export const looksLikeManifest = (path) => LOOKS.test(baseName(path));

export const baseName = (path) => path.slice(path.lastIndexOf('/') + 1);

// One entry per name: {name, claims: [{hex, names}]}.
export function entriesOf(list) {
	const all = new Map();
	for (const { path: name, digests, untagged } of list) {
		const claims = [...Object.entries(digests).map(([one, hex]) => ({ hex, names: [one] })), ...untagged.map(({ hex, candidates }) => ({ hex, names: candidates }))];
		const entry = all.get(name) ?? { name, claims: [] };
		entry.claims.push(...claims);
		if (claims.length) all.set(name, entry);
	}
	return [...all.values()];
}

const bare = (name) => name.replace(/^(\.\/)+/, '');

// Finds the entries of paths. Names may be absolute, of another directory, or of Windows: they are read as written, without
// the directory that all share, or bare, below some root. What fits the most paths holds for the whole file.
export class Finder {
	constructor(entries, manifest) {
		const named = entries.map((entry) => [bare(entry.name), entry]);
		const windows = !named.some(([name]) => name.includes('/'));
		const unix = (name) => (windows ? name.replaceAll('\\', '/') : name);
		let shared = unix(named[0]?.[0] ?? '').replace(/[^/]*$/, '');
		while (!named.every(([name]) => unix(name).startsWith(shared))) shared = shared.replace(/[^/]*\/$/, '');
		this.shared = shared;
		this.home = manifest.slice(0, -baseName(manifest).length);
		this.reads = [(name) => name, (name) => unix(name).slice(shared.length), (name) => baseName(unix(name))];
		this.maps = this.reads.map((read) => {
			const map = new Map();
			for (const [name, entry] of named) map.set(read(name), map.has(read(name)) ? null : entry);
			return map;
		});
		this.reset();
	}

	reset() { Object.assign(this, { readings: new Map(), best: { way: 3, root: '', count: 0 } }); }

	// True if names are now read in another way.
	count(path) {
		const { best, home } = this;
		this.maps.forEach((map, way) => {
			// Dropped with the checksum file: named from its directory on.
			const beside = way === 0 && home && path.startsWith(home);
			for (let from = beside ? home.length : 0; from >= 0; from = beside || way === 2 ? -1 : path.indexOf('/', from) + 1 || -1) {
				if (!map.get(path.slice(from))) continue;
				const root = path.slice(0, from);
				const reading = this.readings.get(way + root) ?? { way, root, count: 0 };
				this.readings.set(way + root, reading);
				reading.count += 1;
				const better = reading.count - this.best.count || this.best.way - way || this.best.root.length - root.length;
				if (better > 0) this.best = reading;
			}
		});
		return this.best !== best;
	}

	find(path) {
		const { way, root } = this.best;
		return (path.startsWith(root) && this.maps[way]?.get(path.slice(root.length))) || null;
	}

	// Where the file of an entry would be: named as those that are here.
	pathOf(name) {
		const { way, root } = this.best;
		return root + this.reads[way === 1 ? 1 : 0](bare(name));
	}

	get cut() { return this.best.way === 1 ? this.shared : ''; }
}
