// The rows of tables: any part of a large result, or all from the start.

const PAGE = 200;
const KEPT_PAGES = 60;
const SETTLE_MS = 70;
const AHEAD = 100;

export class Pages {
	constructor(methods) { Object.assign(this, methods, { total: 0, known: false, first: 0, last: 0, pages: new Map(), stale: new Set(), flying: new Map() }); }

	get(index) { return this.pages.get(Math.floor(index / PAGE))?.[index % PAGE]; }

	want(first, last) {
		this.first = Math.floor(first / PAGE);
		this.last = Math.floor(Math.max(first, last - 1) / PAGE);
		clearTimeout(this.timer);
		if (this.missing().length) this.timer = setTimeout(() => this.fetchWanted(), this.known ? SETTLE_MS : 0);
	}

	missing() {
		const pages = Array.from({ length: this.last - this.first + 1 }, (_, i) => this.first + i);
		return pages.filter((page) => (!this.pages.has(page) || this.stale.has(page)) && !this.flying.has(page));
	}

	far(page) { return page < this.first || page > this.last; }

	fetchWanted() {
		for (const [page, controller] of this.flying) if (this.far(page)) { controller.abort(); this.flying.delete(page); this.stale.add(page); }
		this.missing().forEach((page) => this.fetchPage(page));
	}

	async fetchPage(page) {
		const controller = new AbortController();
		this.flying.set(page, controller);
		this.stale.delete(page);
		try {
			const { items, total } = await this.load(page * PAGE, PAGE, controller.signal);
			if (controller.signal.aborted) return;
			this.pages.delete(page);
			this.pages.set(page, items);
			this.flying.delete(page);
			Object.assign(this, { total, known: true });
			for (const old of this.pages.keys()) if (this.pages.size > KEPT_PAGES && this.far(old)) this.pages.delete(old);
			this.changed();
			if (this.stale.has(page)) this.refresh();
		} catch (problem) {
			if (controller.signal.aborted) return;
			this.flying.delete(page);
			this.failed(problem);
		}
	}

	refresh() {
		// Answers in flight may be old.
		this.stale = new Set([...this.pages.keys(), ...this.flying.keys()]);
		this.want(this.first * PAGE, (this.last + 1) * PAGE);
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

export class Feed {
	constructor(methods) { Object.assign(this, methods, { items: [], done: false }); }

	get total() { return this.items.length; }
	get(index) { return this.items[index]; }
	want(first, last) { if (last > this.items.length - AHEAD) this.more(); }

	async more() {
		if (this.done || this.held) return;
		// While a page loads, and after a failure until `again`.
		this.held = true;
		try {
			const { items, next_cursor: next } = await this.load(this.next);
			if (this.signal.aborted) return;
			this.items.push(...items);
			Object.assign(this, { next, done: !next, held: false });
			this.changed();
		} catch (problem) {
			if (!this.signal.aborted) this.failed(problem);
		}
	}

	again() { this.held = false; this.more(); }
}
