// A small line chart of the last so many seconds. Colours come from the style sheet.

import { h } from './dom.js';

const PAD = { top: 10, bottom: 18 };

/** The next round number above a value, for the axis; `base` 1024 for bytes. */
function ceiling(value, base) {
	if (value <= 0) return 1;
	if (base === 1024) return 2 ** Math.ceil(Math.log2(value));
	const unit = 10 ** Math.floor(Math.log10(value));
	return unit * ([1, 2, 4, 5, 8].find((step) => step * unit >= value) ?? 10);
}

export class Chart {
	/** `format` writes a value; `base` is 1024 for bytes; `span` is the width in seconds. */
	constructor({ label, format, base = 10, span = 120 }) {
		Object.assign(this, { label, format, base, span });
		this.points = [];
		this.canvas = h('canvas', { role: 'img', label: label });
		this.node = h('div.chart', this.canvas);
		this.observer = new ResizeObserver(() => this.draw());
		this.observer.observe(this.node);
		this.themed = () => this.draw();
		addEventListener('themechange', this.themed);
	}

	set(points) {
		this.points = points;
		const last = points.at(-1);
		if (last) this.canvas.setAttribute('aria-label', `${this.label}: now ${this.format(last.value)}`);
		this.draw();
	}

	draw() {
		const { clientWidth: width, clientHeight: height } = this.node;
		if (!width || !height) return;
		const scale = devicePixelRatio || 1;
		this.canvas.width = Math.round(width * scale);
		this.canvas.height = Math.round(height * scale);
		const context = this.canvas.getContext('2d');
		context.scale(scale, scale);
		const style = getComputedStyle(this.canvas);
		const now = this.points.at(-1)?.at ?? 0;
		const top = ceiling(Math.max(0, ...this.points.map((point) => point.value)), this.base);
		const x = (at) => width - 1 - ((now - at) / this.span) * width;
		const y = (value) => height - PAD.bottom - (value / top) * (height - PAD.top - PAD.bottom);
		this.grid(context, style, { width, height, top, y });
		if (this.points.length > 1) this.line(context, style, { x, y, height });
	}

	grid(context, style, { width, height, top, y }) {
		context.font = `11px ${style.fontFamily}`;
		for (const share of [0, 0.5, 1]) {
			const at = Math.round(y(top * share)) + 0.5;
			context.strokeStyle = style.stroke;
			context.beginPath(); context.moveTo(0, at); context.lineTo(width, at); context.stroke();
			if (share === 0 || !this.points.length) continue;
			context.fillStyle = style.fill;
			context.textAlign = 'left'; context.textBaseline = 'top';
			context.fillText(this.format(top * share), 0, at + 3);
		}
		context.fillStyle = style.fill;
		context.textBaseline = 'alphabetic';
		context.textAlign = 'left'; context.fillText(`${this.span} s ago`, 0, height - 4);
		context.textAlign = 'right'; context.fillText('now', width, height - 4);
	}

	line(context, style, { x, y, height }) {
		const inside = this.points.filter((point) => x(point.at) >= 0);
		if (inside.length < 2) return;
		context.beginPath();
		inside.forEach((point, i) => (i ? context.lineTo(x(point.at), y(point.value)) : context.moveTo(x(point.at), y(point.value))));
		context.strokeStyle = style.color;
		context.lineWidth = 1.75;
		context.lineJoin = 'round';
		context.stroke();
		context.lineTo(x(inside.at(-1).at), height - PAD.bottom);
		context.lineTo(x(inside[0].at), height - PAD.bottom);
		context.globalAlpha = 0.13;
		context.fillStyle = style.color;
		context.fill();
	}

	destroy() { this.observer.disconnect(); removeEventListener('themechange', this.themed); }
}
