// What is wrong with the place of things on the screen, as sentences, once the page has come to rest: it loads nothing, or
// says that it waits.
//
// It is the body of a function: `arguments` are the least side of a target in pixels, and the callback.

const [least, done] = arguments;
const MOST_FRAMES = 600;
const QUIET_FRAMES = 3;
const TARGETS = 'a[href], button, input, select, textarea, summary';
const scope = document.querySelector('dialog[open]') ?? document.body;
const styles = new Map();
const styleOf = (node) => { if (!styles.has(node)) styles.set(node, getComputedStyle(node)); return styles.get(node); };
const cuts = (overflow) => overflow !== 'visible';
const scrolls = (overflow) => overflow === 'auto' || overflow === 'scroll';
const visible = (node) => node.checkVisibility({ visibilityProperty: true }) && !node.closest('.offscreen, .skip, .toasts');
const name = (node) => {
	const text = (node.getAttribute('aria-label') || node.textContent || '').trim().replace(/\s+/g, ' ').slice(0, 50);
	return `${node.tagName.toLowerCase()}${[...node.classList].map((one) => `.${one}`).join('')} “${text}”`;
};
const tells = (node) => node.title || (styleOf(node).textOverflow === 'ellipsis' && cuts(styleOf(node).overflowX) && !/flex|grid/.test(styleOf(node).display));

// The part of a box that no ancestor cuts away; `told(across)` hears of each cut that leaves no trace.
function partShown(from, box, told = () => {}) {
	let { left, top, right, bottom } = box;
	let { position } = styleOf(from);
	let isTold = false;
	for (let node = from; node && node !== document.documentElement; node = node.parentElement) {
		const style = styleOf(node);
		const isOwn = node === from;
		if (!isOwn && position === 'fixed') break;
		isTold ||= Boolean(tells(node));
		if (!isOwn && position === 'absolute' && style.position === 'static') continue;
		const edge = cuts(style.overflowX) || cuts(style.overflowY) ? node.getBoundingClientRect() : null;
		if (edge && cuts(style.overflowX)) {
			if (!isTold && !scrolls(style.overflowX) && (left < edge.left - 1 || right > edge.right + 1)) told('across');
			[left, right] = [Math.max(left, edge.left), Math.min(right, edge.right)];
		}
		if (edge && cuts(style.overflowY)) {
			if (!isTold && !scrolls(style.overflowY) && bottom > top && (top < edge.top - 3 || bottom > edge.bottom + 3)) told('down');
			[top, bottom] = [Math.max(top, edge.top), Math.min(bottom, edge.bottom)];
		}
		if (right - left <= 0 || bottom - top <= 0) break;
		if (!isOwn) position = style.position;
	}
	return { left, top, right, bottom };
}

const isThere = ({ left, top, right, bottom }) => right - left > 1 && bottom - top > 1;

// Lies one above the other on purpose: an open menu, and the label of a field.
const isApart = (one, other) => one.closest('.menu-body') !== other.closest('.menu-body') || one.contains(other) || other.contains(one)
	|| one.closest('label')?.contains(other);

function overlaps(boxes, what) {
	const found = [];
	boxes.sort((a, b) => a.top - b.top);
	boxes.forEach((one, at) => {
		for (let next = at + 1; next < boxes.length && boxes[next].top < one.bottom - 2; next += 1) {
			const other = boxes[next];
			const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
			const down = Math.min(one.bottom, other.bottom) - other.top;
			if (one.node !== other.node && across > 1 && down > 2 && !isApart(one.node, other.node)) {
				found.push(`${what} overlap by ${Math.round(across)} x ${Math.round(down)}: ${name(one.node)} and ${name(other.node)}`);
			}
		}
	});
	return found;
}

// The boxes of the lines of text, and of icons.
function inkOf(elements, faults) {
	const boxes = [];
	for (const node of elements) {
		if (node.matches('svg.icon')) { boxes.push({ node, ...partShown(node.parentElement, node.getBoundingClientRect()) }); continue; }
		for (const text of node.childNodes) {
			if (text.nodeType !== Node.TEXT_NODE || !text.data.trim() || node.tagName === 'TEXTAREA') continue;
			const range = document.createRange();
			range.selectNodeContents(text);
			for (const line of range.getClientRects()) {
				const said = new Set();
				boxes.push({ node, ...partShown(node, line, (how) => said.add(how)) });
				for (const how of said) faults.add(`text is cut ${how} without a trace: ${name(node)}`);
			}
		}
	}
	return boxes.filter(isThere);
}

// A link within a sentence may be as low as its line.
const isInSentence = (node) => node.tagName === 'A' && styleOf(node).display === 'inline' && [...node.parentElement.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim());

// What a press meets: the element, its label, or the row that a link covers.
function reach(node) {
	const after = getComputedStyle(node, '::after');
	const stretched = after.content !== 'none' && after.position === 'absolute' ? node.offsetParent : null;
	return [node, node.closest('label'), stretched].filter(Boolean).map((one) => one.getBoundingClientRect());
}

function faultsNow() {
	scrollTo(0, 0);
	const faults = new Set();
	const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
	if (wide > 0) faults.add(`the document is ${wide} pixels too wide`);
	const elements = [...scope.querySelectorAll('*')].filter(visible);
	for (const node of elements) {
		const box = partShown(node.parentElement, node.getBoundingClientRect());
		if (isThere(box) && (box.left < -1 || box.right > innerWidth + 1)) faults.add(`outside the screen: ${name(node)}`);
	}
	const targets = elements.filter((node) => node.matches(TARGETS));
	for (const node of targets) {
		const boxes = reach(node);
		const [width, height] = ['width', 'height'].map((side) => Math.max(...boxes.map((box) => box[side])));
		if ((width < least || height < least) && !isInSentence(node)) faults.add(`a target of ${width.toFixed(1)} x ${height.toFixed(1)}: ${name(node)}`);
	}
	const shown = targets.map((node) => ({ node, ...partShown(node.parentElement, node.getBoundingClientRect()) })).filter(isThere);
	const ink = inkOf(elements, faults);
	for (const fault of [...overlaps(shown, 'targets'), ...overlaps(ink, 'texts')]) faults.add(fault);
	return { faults: [...faults], seen: ink.length };
}

let [frames, quiet] = [0, 0];
function frame() {
	const isLoading = document.querySelector('.ghost, .skeleton-rows, [aria-busy=true]') && !document.querySelector('.banner.wait');
	quiet = isLoading ? 0 : quiet + 1;
	if (quiet > QUIET_FRAMES) done(faultsNow());
	else if ((frames += 1) > MOST_FRAMES) done({ faults: ['the page does not come to rest'], seen: 0 });
	else requestAnimationFrame(frame);
}
frame();
