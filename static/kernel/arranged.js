// The items of a feed in another order, and only those that hold some words. What is sorted is all there is, up to a
// bound; beyond it the note says so.

const MOST_SORTED = 10_000;
// Directories up to this size are loaded at once, to be shown in natural order.
export const MOST_AT_ONCE = 2000;

const collator = new Intl.Collator(undefined, { numeric: true });
// file2 before file10; names that look alike in the order of their characters.
const natural = (a, b) => collator.compare(a.name, b.name) || (a.name < b.name ? -1 : 1);

export class Arranged {
	// `keys`: {name: (item) => number}, for orders other than by name, which is 'path'.
	constructor(feed, keys) { Object.assign(this, { feed, keys, sort: '', words: [], items: [] }); }

	get total() { return this.items.length; }
	get(index) { return this.items[index]; }
	get asked() { return Boolean(this.sort || this.words.length); }

	want(first, last) {
		if (!this.asked) this.feed.want(first, last);
		else if (!this.complete) this.feed.more();
	}

	// Whether all is loaded that will be sorted.
	get complete() { return this.feed.done || this.feed.items.length >= MOST_SORTED; }

	// After `sort` or `words` was set, and when the feed has grown.
	rebuild() {
		const { feed, words } = this;
		if (!this.asked && (!feed.done || feed.items.length > MOST_AT_ONCE)) { this.items = feed.items; return; }
		const holds = ({ name }) => { const low = name.toLowerCase(); return words.every((word) => low.includes(word)); };
		this.items = (this.asked ? feed.items.slice(0, MOST_SORTED) : [...feed.items]).filter(holds);
		if (!this.complete) { feed.more(); return; }
		const by = this.sort.replace('-', '');
		const key = this.keys[by];
		const sign = this.sort.startsWith('-') ? -1 : 1;
		this.items.sort((a, b) => (key ? sign * (key(a) - key(b)) || natural(a, b) : sign * natural(a, b)));
	}

	// What is said beside the table; nothing if everything is in order.
	note() {
		if (!this.asked) return this.feed.done || this.feed.items.length < MOST_AT_ONCE ? '' : 'In byte order, as it is read. Choose a column to sort.';
		if (!this.complete) return 'Reading the whole directory…';
		return this.feed.done ? '' : `Only of the first ${MOST_SORTED.toLocaleString('en')} entries.`;
	}
}
