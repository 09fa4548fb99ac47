// The texts for states, codes and verdicts.

const CODES = {
	not_found: 'The file was gone when it was opened.', permission: 'The server may not read this file.', file_changed: 'It changed during each of three reads.',
	file_busy: 'Another program has the file open for writing.', io_error: 'The disk could not be read.', timeout: 'The disk did not answer in time.',
	internal: 'An error inside the server; other files are not affected.', crash_loop: 'Given up after it made the server crash three times.', too_large: 'Larger than the server accepts.',
	symlink: 'A symbolic link; links are never followed.', not_regular: 'Not a regular file: a pipe, a socket or a device.', other_filesystem: 'On another file system, which the job does not enter.', pseudo_filesystem: 'Part of a pseudo file system such as /proc.', depth: 'Nested too deeply.',
};

const SKIPPED = { internal: 'Part of hivesum itself: its state is never hashed.' };

// Why an item has no digest, as a sentence.
export const codeText = ({ code, status, verdict }) => (code ? (verdict === 'missing' && 'Listed, but missing.') || (status === 'skipped' && SKIPPED[code]) || CODES[code] || `${word({}, code)}.` : '');

export const STATES = { queued: 'Waiting', running: 'Running', completed: 'Completed', failed: 'Failed', cancelled: 'Cancelled' };

export const STATUS = { hashed: 'Hashed', error: 'Error', skipped: 'Skipped' };

export const VERDICTS = {
	matched: 'Matched', modified: 'Modified', moved: 'Moved', missing: 'Missing', new: 'New', unreadable: 'Unreadable', suspected_rot: 'Suspected rot',
	added: 'Added', removed: 'Removed',
};

export const AUDIT = ['matched', 'modified', 'suspected_rot', 'moved', 'missing', 'new', 'unreadable'];

export const STABILITY = {
	stable: 'Stable: nothing wrote to the file meanwhile.',
	unverified: 'Unverified: a writer could not be ruled out.',
};

export const word = (table, key) => table[key] ?? String(key ?? '').replaceAll('_', ' ');
