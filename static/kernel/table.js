// A table that builds only the visible rows of millions.
//
// Browsers cap an element's height, so above MAX_HEIGHT the scrollbar is scaled; `top` is the true offset. Small movements go
// pixel by pixel, large ones by the scrollbar's share.

import { h, attr } from './dom.js';

const MAX_HEIGHT = 6_000_000;
const OVERSCAN = 6;
const REST_MS = 160;
// No row is taller than the others.
const LEVEL = { index: -1, more: 0 };
let serial = 0;

function nextSort(now, by) {
	const order = by === 'path' ? ['', '-path'] : [`-${by}`, by, ''];
	return order[(order.indexOf(now ?? '') + 1) % order.length];
}

export class Table {
	// `columns`: [[title, className, key to sort by]]; `source`: {total, get(index), want(first, last)}; `fill(row, item)` draws
	// one row, item undefined while loading; `open(item)` for Enter and click; `sort(by)` for a click on a title.
	constructor({ label, columns, rowHeight, source, fill, open, key, sort, testid, className = '' }) {
		Object.assign(this, { rowHeight, source, fill, open, key, testid, id: `table-${serial += 1}`, cursor: 0, top: 0, tall: LEVEL, lastScroll: 0, pool: new Map(), spare: [] });
		this.layer = h('div.table-layer', { role: 'rowgroup', click: (event) => this.clicked(event) });
		this.spacer = h('div.table-spacer', { role: 'presentation' }, this.layer);
		this.heads = columns.map(([title, name, by]) => {
			const turn = by && h(`button.sort@sort-${by}`, { type: 'button', click: () => sort(nextSort(this.sorting, by)) }, title);
			return { by, turn, node: h(`div.cell.${name}`, { role: 'columnheader' }, turn ?? title) };
		});
		this.head = h('div.table-head', { role: 'rowgroup' }, h('div.table-row', { role: 'row' }, this.heads.map(({ node }) => node)));
		const draw = () => this.draw();
		this.node = h(`div.table.${className}@${testid}s`, { role: 'grid', label, tabindex: '0', keydown: (event) => this.keyed(event), scroll: () => this.scrolled(),
			focus: draw, blur: draw }, this.head, this.spacer);
		this.resize = new ResizeObserver(() => this.measure());
		this.resize.observe(this.node);
		this.measure();
	}

	setRowHeight(pixels) {
		this.top *= pixels / this.rowHeight;
		this.rowHeight = pixels;
		this.measure();
	}

	// Makes one row taller by `more` pixels, or again as tall as the others; only one is.
	toggle(index, more) {
		// The event of a scroll comes with the next frame.
		this.scrolled();
		const { tall } = this;
		this.tall = tall.index === index ? LEVEL : { index, more };
		// So that the row stays where it is.
		if (tall.index < index) this.top -= tall.more;
		this.measure();
		this.repaint();
	}

	toTop() {
		Object.assign(this, { cursor: 0, tall: LEVEL });
		this.moveTo(0);
	}

	// Where a row begins, and which row is there.
	offset(index) { return index * this.rowHeight + (index > this.tall.index ? this.tall.more : 0); }
	at(y) {
		const { index, more } = this.tall;
		const end = (index + 1) * this.rowHeight;
		return y >= end && y < end + more ? index : Math.floor((y < end ? y : y - more) / this.rowHeight);
	}

	// 'size' is ascending, '-size' descending; it can be changed if `able`.
	sorted(sorting, able) {
		this.sorting = sorting;
		for (const { by, turn, node } of this.heads) {
			if (turn) turn.disabled = !able;
			attr(node, 'aria-sort', by && (sorting === by ? 'ascending' : sorting === `-${by}` && 'descending'));
		}
	}

	measure() {
		this.view = this.node.clientHeight - this.head.offsetHeight;
		this.full = this.offset(this.source.total);
		this.height = Math.min(this.full, MAX_HEIGHT);
		this.farthest = Math.max(0, this.full - this.view);
		this.room = Math.max(1, this.height - this.view);
		this.spacer.style.height = `${this.height}px`;
		attr(this.node, 'aria-rowcount', this.source.total + 1);
		this.cursor = this.within(this.cursor);
		this.moveTo(this.top);
	}

	within(index) { return Math.max(0, Math.min(index, this.source.total - 1)); }
	inside(top) { return Math.max(0, Math.min(top, this.farthest)); }

	moveTo(top) {
		this.top = this.inside(top);
		this.align();
	}

	align() {
		const wanted = this.full <= MAX_HEIGHT ? this.top : (this.top / this.farthest) * this.room;
		if (Math.abs(this.node.scrollTop - wanted) >= 1) this.node.scrollTop = wanted;
		this.lastScroll = this.node.scrollTop;
		this.draw();
	}

	scrolled() {
		const now = this.node.scrollTop;
		const moved = now - this.lastScroll;
		if (moved === 0) return;
		this.lastScroll = now;
		const scaled = this.full > MAX_HEIGHT;
		if (!scaled) this.top = now;
		else this.top = Math.abs(moved) > 2 * this.view ? (now / this.room) * this.farthest : this.inside(this.top + moved);
		this.draw();
		clearTimeout(this.rest);
		if (scaled) this.rest = setTimeout(() => this.align(), REST_MS);
	}

	draw() {
		const first = Math.max(0, this.at(this.top) - OVERSCAN);
		const last = Math.min(this.source.total, this.at(this.top + this.view) + 1 + OVERSCAN);
		this.layer.style.transform = `translateY(${this.offset(first) + this.lastScroll - this.top}px)`;
		for (const [index, row] of this.pool) if (index < first || index >= last) { this.pool.delete(index); this.spare.push(row); }
		const focused = document.activeElement === this.node;
		for (let index = first; index < last; index += 1) {
			const row = this.pool.get(index) ?? this.take(index);
			row.style.top = `${this.offset(index) - this.offset(first)}px`;
			row.style.height = `${this.offset(index + 1) - this.offset(index)}px`;
			const item = this.source.get(index);
			if (row.item !== item || row.fresh) { row.item = item; row.fresh = false; this.fill(row, item); }
			attr(row, 'aria-selected', focused && index === this.cursor ? 'true' : 'false');
		}
		for (const row of this.spare.splice(0)) row.remove();
		attr(this.node, 'aria-activedescendant', this.pool.has(this.cursor) ? `${this.id}-${this.cursor}` : null);
		if (last > first) this.source.want(first, last);
	}

	take(index) {
		const row = this.spare.pop() ?? h(`div.table-row@${this.testid}`, { role: 'row' });
		Object.assign(row, { id: `${this.id}-${index}`, fresh: true, index });
		attr(row, 'aria-rowindex', index + 2);
		this.pool.set(index, row);
		if (!row.isConnected) this.layer.append(row);
		return row;
	}

	repaint() {
		for (const row of this.pool.values()) row.fresh = true;
		this.draw();
	}

	select(index) {
		this.cursor = this.within(index);
		this.moveTo(Math.min(this.offset(this.cursor), Math.max(this.top, this.offset(this.cursor + 1) - this.view)));
	}

	keyed(event) {
		if (event.target !== this.node || event.altKey || event.ctrlKey || event.metaKey) return;
		const page = Math.max(1, Math.floor(this.view / this.rowHeight) - 1);
		const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
		if (event.key in moves) this.select(this.cursor + moves[event.key]);
		else if (event.key === 'Enter') this.chosen(this.source.get(this.cursor));
		else if (!this.key?.(event)) return;
		event.preventDefault();
	}

	clicked(event) {
		const row = event.target.closest('.table-row');
		if (!row || event.target.closest('button, a') || String(getSelection())) return;
		this.cursor = row.index;
		this.draw();
		this.chosen(row.item);
	}

	chosen(item) { if (item) this.open(item); }

	destroy() { this.resize.disconnect(); clearTimeout(this.rest); }
}
