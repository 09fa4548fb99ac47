// How a job ended and what it found: two things. The state is plain text; the verdict is a tag with an icon and a sentence.

import { h, icon, count, plural, ended, visible, when, word, STATES } from '../kernel.js';

// By verdict: the look of its tag and its bar, the icon, and the name of its filter.
export const JOB_VERDICTS = { failed: ['bad', 'cross', 'Differences'], incomplete: ['wait', 'warn', 'Incomplete'], ok: ['good', 'check', 'All match'] };

const lookOf = ({ summary }) => JOB_VERDICTS[summary?.verdict]?.[0];

// A job that only hashes has no verdict. Files that it could not read are no success either.
const withErrors = ({ kind, state, progress }) => kind === 'hash' && state === 'completed' && progress.files_failed > 0;

const UNLIKE = [['modified', 'modified'], ['suspected_rot', 'suspected of rot'], ['missing', 'missing'], ['moved', 'moved'], ['unreadable', 'unreadable']];

// '1 modified, 2 missing of 4', or '' without a verdict. New files are not among those that were looked for.
export function headline({ summary, lines_not_read: lines }) {
	const { verdict, verdicts: counts = {}, complete } = summary ?? {};
	if (!verdict) return '';
	const { matched = 0, new: added = 0 } = counts;
	const parts = UNLIKE.filter(([name]) => counts[name]).map(([name, title]) => `${count(counts[name])} ${title}`);
	const all = UNLIKE.reduce((sum, [name]) => sum + (counts[name] ?? 0), matched);
	const whole = complete ? '' : ' so far';
	const first = parts.length ? `${parts.join(', ')} of ${count(all)}${whole}` : matched ? `${matched > 1 ? `All ${count(matched)} match` : '1 file matches'}${whole}` : 'Nothing was compared';
	const unread = Math.max(0, (lines?.count ?? 0) - (lines?.signature_lines ?? 0));
	return [first, added && `${count(added)} new`, unread && `${plural(unread, 'line')} not read`].filter(Boolean).join(', ');
}

export function verdictTag(job, spec = '') {
	const [look, glyph] = JOB_VERDICTS[job.summary?.verdict] ?? [];
	return look && h(`span.finding.${look}${spec}`, { 'data-verdict': job.summary.verdict }, icon(glyph), h('span', headline(job)));
}

// '1 May 2026, 10:00 on photos/2024': the directory only where it is one above.
export const jobOf = (root, { finished_at: at, directory }) => `${when(at)}${directory ? ` on ${visible([root, directory.path].filter(Boolean).join('/'))}` : ''}`;

// What a verify job compares with; false for others.
export const comparedWith = ({ kind, spec: { root, against, manifest_name: name } }) => kind === 'verify' && `compared with ${against ? `the job of ${jobOf(root, against)}` : visible(name ?? 'an uploaded checksum file')}`;

export const stateTitle = (job) => (withErrors(job) ? 'Completed with errors' : word(STATES, job.state));

export function stateText(job, spec = '') {
	const look = withErrors(job) ? 'wait' : job.state;
	return h(`span.state.${look}${spec}`, job.state === 'running' && h('i'), ['failed', 'wait'].includes(look) && icon('warn'), stateTitle(job));
}

// The colour of a bar. It is green only where nothing went wrong.
export const barLook = (job) => (withErrors(job) ? 'wait' : lookOf(job) ?? (job.kind === 'verify' && job.state === 'completed' ? 'unjudged' : job.state));

// What the title of the page says once the job has ended.
export const outcomeTitle = (job) => headline(job) || stateTitle(job);

const REASONS = {
	root_changed: (root) => `Another directory is in the place of ${root}. The job waits until the former one is back, or until “hivesum roots accept ${root}” accepts this one.`,
	root_unavailable: (root) => `The service runs without ${root}. The job goes on once it is started with it.`,
};

export const ROOT_WARNINGS = {
	root_changed: 'This is another directory than the one that hivesum remembers. Is a disk not mounted?',
	root_empty: 'This directory is empty, and there are results of files in it. Is a disk not mounted?',
};

// Why a job waits, or what is odd about its root; null if there is nothing to say.
export function remark({ spec, state, waits_for: reason, summary }) {
	if (!ended(state) && reason) return REASONS[reason]?.(visible(spec.root)) ?? `It waits: ${word({}, reason)}.`;
	const warning = summary?.root_warning;
	if (!warning) return null;
	return `The root ${visible(spec.root)} was ${warning === 'root_empty' ? 'empty, although there are results of files in it' : 'another directory than before'}: files may be missing for that reason.`;
}

// A manifest of a bag says nothing of its tag files; null for others, and if everything was compared.
export function bagRemark({ kind, state, spec: { manifest_name: name }, summary }) {
	if (kind !== 'verify' || !ended(state) || !summary?.verdicts || !/^manifest-[^/]*\.txt$/.test(name ?? '')) return null;
	const { matched = 0, modified = 0, moved = 0, new: added = 0, suspected_rot: rot = 0 } = summary.verdicts;
	const left = summary.hashed - (matched + modified + moved + added + rot);
	// Elsewhere than in a bag other files are new.
	if (left <= 0 && added) return null;
	return `${left > 0 ? `${plural(left, 'file was', 'files were')} not compared: the` : 'The'} manifest of a bag covers data/ alone. On the command line, “hivesum bag check” checks its tag files, too.`;
}
