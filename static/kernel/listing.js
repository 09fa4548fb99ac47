// A large result in a panel: a table, and filters, which are members of the API's query and of the page's address.

import { h, put, button, cell, menu, searchField } from './dom.js';
import { get, query, send } from './api.js';
import { count, plural } from './format.js';
import { Table } from './table.js';
import { Pages } from './pages.js';
import { placeholder, showProblem } from './notice.js';

const SEARCH_MS = 220;
const NARROW = matchMedia('(max-width: 44rem)');

// `names` are the filters; `load(filters, signal)` returns {items, total}; `fill(item, isTall)` gives cells; `tabs`: [filter, {value: title}, also titles that nothing has];
// `all(members)` is the API's path of all that the filters show; `heights` are those of a row, narrow and wide.
export function listing({ label, testid, columns, names, start, address, load, fill, open, tabs: [tab, titles, whole] = ['', {}], search, nothing, heads, tools, all, heights = [62, 36] }) {
	const rowHeight = () => heights[NARROW.matches ? 0 : 1];
	const pick = (from) => Object.fromEntries(names.map((name) => [name, from[name] ?? '']));
	let filters = pick(start);
	let timer;
	let able = false;
	const pages = new Pages({ load: (position, limit, signal) => load({ ...filters, position, limit }, signal), changed: arrived,
		failed: (problem) => showProblem(problem, () => pages.refresh()) });
	const table = new Table({ label, rowHeight: rowHeight(), source: pages, testid, className: 'results', columns, open, fill: draw, sort: (sort) => go({ ...filters, sort }) });
	const total = h('span.results-total@results-total', { role: 'status' });
	const bar = tabBar(titles, (value) => go({ ...filters, [tab]: value }), whole);
	const { field, node: seek } = search ? searchField('results-search', search.label, search.show(filters), typed) : {};
	const empty = h('div.results-empty');
	const node = h('section.panel.results-panel', { label }, h('div.results-head', h('h2', label), total, h('span.spring'), heads, all && lineMenu((format) => all({ ...filters, format }))),
		h('div.results-tools', bar.node, h('span.spring'), tools, seek), table.node, empty);
	const narrowed = () => names.some((name) => name !== 'sort' && filters[name]);
	const mark = () => { bar.mark(filters[tab] ?? ''); table.sorted(filters.sort, able); };

	function draw(row, item) { put(row, item ? fill(item, row.index === table.tall.index) : columns.map(([, name]) => cell(name, h('i.ghost')))); }

	function arrived() {
		table.measure();
		const { sort } = filters;
		const filtered = narrowed();
		put(total, plural(pages.total, filtered ? 'result shown' : 'result', filtered ? 'results shown' : 'results'));
		table.node.hidden = pages.total === 0;
		put(empty, pages.total === 0 && (filtered ? placeholder('search', 'Nothing matches this filter', 'Upper and lower case differ in paths. Try another word, or show all results.',
			button('Show all', '', () => { if (field) field.value = ''; go({ sort }); })) : nothing()));
	}

	function typed() {
		clearTimeout(timer);
		timer = setTimeout(() => go({ ...filters, ...search.read(field.value.trim()) }), SEARCH_MS);
	}

	function go(next) {
		const wanted = pick(next);
		history.replaceState(null, '', address + query(wanted));
		follow(wanted);
	}

	function follow(next) {
		const wanted = pick(next);
		if (JSON.stringify(wanted) === JSON.stringify(filters)) return;
		filters = wanted;
		if (field && document.activeElement !== field) field.value = search.show(filters);
		mark();
		table.toTop();
		pages.reset();
	}

	function destroy() { pages.stop(); table.destroy(); clearTimeout(timer); NARROW.removeEventListener('change', resize); }

	const resize = () => table.setRowHeight(rowHeight());
	NARROW.addEventListener('change', resize);
	mark();
	pages.want(0, 1);
	return {
		node, follow, destroy, narrowed, view: (title) => ({ title, unmount: destroy, update: (to) => follow(to.search) }),
		go: (change) => go({ ...filters, ...change }),
		repaint: () => table.repaint(),
		toggle: (index, more) => table.toggle(index, more),
		refresh: () => pages.refresh(),
		show(amounts, sortable) { able = sortable; bar.count(amounts); mark(); },
	};
}

// A link to a file that the API makes; asks first, to show a refusal as text.
export function exportLink(format, title, path) {
	return h('a@export-link', { href: `./api/v1/${path}`, download: '', 'data-format': format, click: async (event) => {
		if (!event.isTrusted) return;
		event.preventDefault();
		const { href } = event.currentTarget;
		try {
			await send('HEAD', path, { silent: true }).catch(() => get(path));
			h('a', { href, download: '' }).click();
		} catch (problem) { showProblem(problem); }
	} }, title);
}

const LINES = [['csv', 'CSV, for a spreadsheet'], ['ndjson', 'NDJSON, everything']];

// The addresses are those of the filters at the time when it opens.
function lineMenu(path) {
	const list = h('ul.menu-list');
	const draw = () => put(list, LINES.map(([format, title]) => h('li', exportLink(format, title, path(format)))));
	return menu('@export-menu', '', 'Export', draw, h('p.hint', 'The rows that the filter shows.'), list);
}

// `whole`: also titles that nothing has. What is not counted has no number.
export function tabBar(titles, choose, whole = true) {
	const list = Object.entries(titles).map(([value, title]) => {
		const node = button(title, '.tab', () => choose(value), null, { 'data-tab': value });
		return { value, node, amount: node.appendChild(h('small')) };
	});
	return {
		node: list.length > 0 && h('div.tabs', { role: 'group', label: 'Show' }, list.map(({ node }) => node)),
		count(amounts) {
			for (const { value, node, amount } of list) { put(amount, whole || amounts[value] ? count(amounts[value] ?? 0) : ''); node.hidden = !whole && value !== '' && !amounts[value] && !node.classList.contains('on'); }
		},
		mark(now) { for (const { value, node } of list) { node.classList.toggle('on', value === now); node.setAttribute('aria-pressed', value === now); } },
	};
}
