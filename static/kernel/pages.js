// Where tables get their rows: any part of a large result, or from the beginning on.

const PAGE = 200;
const KEPT_PAGES = 60;
const SETTLE_MS = 70;
const AHEAD = 100;

/** Rows by position. `load(position, limit, signal)` answers {items, total}. */
export class Pages {
	constructor({ load, changed, failed }) {
		Object.assign(this, { load, changed, failed });
		Object.assign(this, { total: 0, known: false, pages: new Map(), stale: new Set(), flying: new Map() });
	}

	get(index) { return this.pages.get(Math.floor(index / PAGE))?.[index % PAGE]; }

	/** Fetches what is missing once the view has rested there for a moment. */
	want(first, last) {
		this.first = Math.floor(first / PAGE);
		this.last = Math.floor(Math.max(first, last - 1) / PAGE);
		clearTimeout(this.timer);
		const missing = this.missing();
		if (missing.length) this.timer = setTimeout(() => this.fetchWanted(), this.known ? SETTLE_MS : 0);
	}

	missing() {
		const pages = [];
		for (let page = this.first; page <= this.last; page += 1) if ((!this.pages.has(page) || this.stale.has(page)) && !this.flying.has(page)) pages.push(page);
		return pages;
	}

	fetchWanted() {
		for (const [page, controller] of this.flying) if (page < this.first || page > this.last) { controller.abort(); this.flying.delete(page); }
		for (const page of this.missing()) this.fetchPage(page);
	}

	async fetchPage(page) {
		const controller = new AbortController();
		this.flying.set(page, controller);
		try {
			const { items, total } = await this.load(page * PAGE, PAGE, controller.signal);
			if (controller.signal.aborted) return;
			this.pages.delete(page);
			this.pages.set(page, items);
			this.stale.delete(page);
			this.flying.delete(page);
			Object.assign(this, { total, known: true });
			for (const old of this.pages.keys()) if (this.pages.size > KEPT_PAGES && (old < this.first || old > this.last)) this.pages.delete(old);
			this.changed();
		} catch (problem) {
			if (controller.signal.aborted) return;
			this.flying.delete(page);
			this.failed(problem);
		}
	}

	/** Asks again; what is shown stays until the answer is here. */
	refresh() {
		for (const page of this.pages.keys()) this.stale.add(page);
		this.want((this.first ?? 0) * PAGE, ((this.last ?? 0) + 1) * PAGE);
	}

	reset() {
		this.stop();
		this.pages.clear();
		Object.assign(this, { total: 0, known: false });
		this.want(0, 1);
	}

	stop() {
		clearTimeout(this.timer);
		for (const controller of this.flying.values()) controller.abort();
		this.flying.clear();
	}
}

/** Rows by cursor, until `signal`. `load(cursor)` answers {items, next_cursor}. */
export class Feed {
	constructor({ load, signal, changed, failed }) {
		Object.assign(this, { load, signal, changed, failed });
		Object.assign(this, { items: [], done: false, loading: false });
	}

	get total() { return this.items.length; }
	get(index) { return this.items[index]; }
	want(first, last) { if (last > this.items.length - AHEAD) this.more(); }

	async more() {
		if (this.done || this.loading || this.broken) return;
		this.loading = true;
		try {
			const { items, next_cursor: next } = await this.load(this.next);
			if (this.signal.aborted) return;
			this.items.push(...items);
			this.next = next ?? undefined;
			this.done = !next;
			this.loading = false;
			this.changed();
		} catch (problem) {
			if (this.signal.aborted) return;
			this.loading = false;
			this.broken = true;
			this.failed(problem);
		}
	}

	again() { this.broken = false; this.more(); }
}
