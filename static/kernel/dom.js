// Builds elements. Text is always a text node: nothing here can turn a name into markup.

const SVG = 'http://www.w3.org/2000/svg';
const specs = new Map();

// 'button.primary.wide@start-job' -> a tag, classes, and data-testid, the hook for tests.
function read(spec) {
	if (!specs.has(spec)) {
		const [, tag, classes, testid] = /^(\w+)([^@]*)@?(.*)$/.exec(spec);
		specs.set(spec, { tag, className: classes.slice(1).replaceAll('.', ' '), testid });
	}
	return specs.get(spec);
}

// A plain object after the spec holds attributes (`label` is aria-label), and functions are listeners.
export const h = (spec, ...rest) => fill(document.createElement(read(spec).tag), read(spec), rest);

const svg = (spec, ...rest) => fill(document.createElementNS(SVG, read(spec).tag), read(spec), rest);

const there = (child) => child !== null && child !== undefined && child !== false;

function fill(element, { className, testid }, rest) {
	const attributes = rest[0]?.constructor === Object ? rest.shift() : {};
	if (className) element.setAttribute('class', className);
	if (testid) element.dataset.testid = testid;
	for (const [name, value] of Object.entries(attributes)) {
		if (typeof value === 'function') element.addEventListener(name, value);
		else if (name === 'value' || name === 'checked') element[name] = value;
		else if (there(value)) element.setAttribute(name === 'label' ? 'aria-label' : name, value === true ? '' : value);
	}
	element.append(...rest.flat(9).filter(there));
	return element;
}

export function put(element, ...children) {
	const [only] = children;
	if (children.length > 1 || typeof only !== 'string') element.replaceChildren(...children.flat(9).filter(there));
	else if (element.textContent !== only || element.childElementCount) element.textContent = only;
	return element;
}

// Sets an attribute when it changes; null removes it.
export function attr(element, name, value) {
	if (!there(value)) element.removeAttribute(name);
	else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

const PATHS = {
	copy: 'M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z',
	check: 'M2.5 8.5l3.5 3.5 7.5-8',
	cross: 'M3.5 3.5l9 9m0-9l-9 9',
	warn: 'M8 2L14.5 13.5h-13zM8 6.5v3.5m0 1.6v.4',
	retry: 'M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3',
	trash: 'M2.5 4h11M6 4V2.5h4V4m-6 0l.7 9.5h6.6L12 4M6.5 6.5v4.5m3-4.5v4.5',
	download: 'M8 2v8m-3.5-3.2L8 10.3l3.5-3.5M2.5 13.5h11',
	folder: 'M1.5 12.5v-9h4.6l1.6 2h6.8v7z',
	file: 'M3.5 1.5h6l3 3v10h-9zM9.5 1.5v3h3',
	link: 'M6.5 9.5l3-3M7 4.5l1.5-1.5a2.8 2.8 0 0 1 4 4L11 8.5M9 11.5L7.5 13a2.8 2.8 0 0 1-4-4L5 7.5',
	drop: 'M8 10.5V2m-3.2 3L8 1.8 11.2 5M2 9.5v4.5h12V9.5',
	chevron: 'M6 3.5L10.5 8 6 12.5',
	skip: 'M3 8h10',
	clock: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M8 4.5V8l2.5 1.8',
	search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9m3.3 7.8l3.2 3.2',
	plus: 'M8 3v10M3 8h10',
	pencil: 'M3 13l.8-3.2 6.9-6.9 2.4 2.4-6.9 6.9zM9.2 4.4l2.4 2.4',
	arrow: 'M2.5 8h11M9.5 4l4 4-4 4',
	swap: 'M3 5.5h9.5M10 3l2.5 2.5L10 8M13 10.5H3.5M6 8l-2.5 2.5L6 13',
	theme: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM8 2v12M10 3v10M12 4.5v7',
};

export const icon = (name, extra = '') => svg(`svg.icon.${extra}`, { viewBox: '0 0 16 16', 'aria-hidden': 'true' }, svg('path', { d: PATHS[name] }));

export const button = (label, spec, click, glyph, more = {}) => h(`button.button${spec}`, { type: 'button', click, ...more }, glyph && icon(glyph), h('span', label));

export const iconButton = (label, glyph, click, testid = '') => h(`button.button.quiet.square${testid}`, { type: 'button', title: label, label, click }, icon(glyph));

export const skeleton = (rows) => h('div.skeleton-rows', { 'aria-hidden': 'true' }, Array.from({ length: rows }, () => h('i')));

export const cell = (className, ...children) => h(`div.cell.${className}`, { role: 'gridcell' }, children);

export const labelled = (title, field) => h('label.labelled', h('span', title), field);

// Opens below its button, once `draw` has filled it; Escape closes it.
export function menu(spec, button, title, draw, ...body) {
	const head = h(`summary.button${button}`, { click: () => node.open || draw() }, icon('download'), h('span', title));
	const node = h(`details.menu${spec}`, { keydown: (event) => { if (event.key === 'Escape') { node.open = false; head.focus(); } } }, head, h('div.menu-body', body));
	return node;
}

// Open only where there is room; `chosen` tells what is in it.
export const fold = (spec, title, chosen, ...children) => h(`details.more${spec}`, { open: matchMedia('(min-width: 60.01rem)').matches }, h('summary', h('strong', title), ' ', chosen), children);

export const searchField = (testid, label, value, input) => {
	const field = h(`input.field@${testid}`, { type: 'search', label, placeholder: label, value, input });
	return { field, node: h('label.search', icon('search'), field) };
};

// `set(share)` takes 0 to 1, or null if unknown.
export function progressBar(spec, label) {
	const bar = h('i');
	const node = h(`div.bar${spec}`, { role: 'progressbar', label }, bar);
	return { node, set(share) { bar.style.transform = `scaleX(${share ?? 1})`; attr(node, 'aria-valuenow', share === null ? null : Math.floor(share * 100)); } };
}
