// A line chart, and the comb: one cell per hasher. Colours come from the style sheet.

import { h, attr } from './dom.js';

const [TOP, BOTTOM] = [10, 18];

// The next round number above a value, for the axis; `base` 1024 for bytes.
function ceiling(value, base) {
	if (value <= 0) return 1;
	if (base === 1024) return 2 ** Math.ceil(Math.log2(value));
	const unit = 10 ** Math.floor(Math.log10(value));
	return unit * ([1, 2, 4, 5, 8].find((step) => step * unit >= value) ?? 10);
}

// The texts beside the lines at the top and at half of it: a text that the top has, too, says nothing.
export function axis(top, format) {
	const [half, whole] = [format(top / 2), format(top)];
	return new Map(half === whole ? [[1, whole]] : [[0.5, half], [1, whole]]);
}

export class Chart {
	// `format` writes a value; `base` is 1024 for bytes; `span` is the width in seconds.
	constructor({ label, format, base = 10, span = 120 }) {
		Object.assign(this, { label, format, base, span, points: [] });
		this.canvas = h('canvas', { role: 'img', label });
		this.node = h('div.chart', this.canvas);
		this.themed = () => this.draw();
		this.observer = new ResizeObserver(this.themed);
		this.observer.observe(this.node);
		addEventListener('themechange', this.themed);
	}

	set(points) {
		this.points = points;
		if (points.length) this.canvas.setAttribute('aria-label', `${this.label}: now ${this.format(points.at(-1).value)}`);
		this.draw();
	}

	draw() {
		const { clientWidth: width, clientHeight: height } = this.node;
		if (!width || !height) return;
		const scale = devicePixelRatio || 1;
		Object.assign(this.canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
		const pen = this.canvas.getContext('2d');
		const style = getComputedStyle(this.canvas);
		pen.scale(scale, scale);
		const now = this.points.at(-1)?.at ?? 0;
		const inside = this.points.filter(({ at }) => now - at <= this.span);
		const top = ceiling(Math.max(0, ...inside.map(({ value }) => value)), this.base);
		const x = (at) => width - 1 - ((now - at) / this.span) * width;
		const y = (value) => height - BOTTOM - (value / top) * (height - TOP - BOTTOM);
		Object.assign(pen, { font: `11px ${style.fontFamily}`, fillStyle: style.fill, strokeStyle: style.stroke });
		const labels = axis(top, this.format);
		for (const share of [0, 0.5, 1]) {
			const at = Math.round(y(top * share)) + 0.5;
			pen.beginPath(); pen.moveTo(0, at); pen.lineTo(width, at); pen.stroke();
			if (inside.length && labels.has(share)) pen.fillText(labels.get(share), 0, at + 12);
		}
		pen.fillText(`${this.span} s ago`, 0, height - 4);
		pen.textAlign = 'right';
		pen.fillText('now', width, height - 4);
		if (inside.length < 2) return;
		Object.assign(pen, { strokeStyle: style.color, fillStyle: style.color, lineWidth: 1.75, lineJoin: 'round' });
		pen.beginPath();
		for (const { at, value } of inside) pen.lineTo(x(at), y(value));
		pen.stroke();
		pen.lineTo(x(now), y(0)); pen.lineTo(x(inside[0].at), y(0));
		pen.globalAlpha = 0.13;
		pen.fill();
	}

	destroy() { this.observer.disconnect(); removeEventListener('themechange', this.themed); }
}

const MOST_CELLS = 64;

// Busy cells first, then idle ones, stuck and dead ones last.
export function comb(spec, most = MOST_CELLS) {
	const node = h(`span.comb${spec}`, { role: 'img', label: 'Hashers' });
	function show({ size, busy, alive, stuck }) {
		const shown = Math.min(size, most);
		while (node.childElementCount < shown) node.append(h('i.hex'));
		while (node.childElementCount > shown) node.lastChild.remove();
		const scaled = (n) => Math.ceil((n * shown) / Math.max(1, size));
		const [lit, dead, bad] = [busy, size - alive, stuck].map(scaled);
		[...node.children].forEach((cell, i) => attr(cell, 'class', `hex ${shown - i <= dead ? 'dead' : shown - i <= dead + bad ? 'stuck' : i < lit ? 'busy' : ''}`));
		attr(node, 'aria-label', `${busy} of ${size} hashers busy, ${size - alive} dead, ${stuck} stuck`);
	}
	return { node, show };
}
