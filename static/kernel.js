// The kernel that the views share, as one module.

export * from './kernel/api.js';
export * from './kernel/arranged.js';
export * from './kernel/candidates.js';
export * from './kernel/chart.js';
export * from './kernel/digest.js';
export * from './kernel/dom.js';
export * from './kernel/events.js';
export * from './kernel/format.js';
export * from './kernel/listing.js';
export * from './kernel/manifest.js';
export * from './kernel/notice.js';
export * from './kernel/pages.js';
export * from './kernel/path.js';
export * from './kernel/picker.js';
export * from './kernel/print.js';
export * from './kernel/table.js';
