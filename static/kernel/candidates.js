// What the digests of a file say about claims {hex, names}: `names` are the possible algorithms.

// Algorithms can agree on digests this short: all CRCs of an empty file are 0.
const SHORT_DIGITS = 16;

// `names` match, are not computed (without them the verdict is not known, null), or differ: only a digest that was computed
// can differ.
function compare({ hex, names }, digests) {
	const those = (verdict, wanted) => ({ verdict, hex, names: names.filter((name) => digests[name] === wanted) });
	const [match, open] = [those('match', hex), those(null)];
	return match.names.length ? match : open.names.length || !names.length ? open : { verdict: 'mismatch', hex, names };
}

// The worst verdict and what gave it.
export function worst(all) {
	const verdict = ['mismatch', null, 'match'].find((kind) => all.some((one) => one.verdict === kind));
	return { verdict, by: all.filter((one) => one.verdict === verdict) };
}

export function judge(claims, digests) {
	const { verdict, by } = worst(claims.map((claim) => compare(claim, digests)));
	return { verdict, names: by.map(({ names }) => names), hexes: by.map(({ hex }) => hex) };
}

export function lackingFor(claims, digests) {
	const { verdict, names } = judge(claims, digests);
	return verdict === null ? names.flat() : [];
}

// The algorithms of one checksum file, by the rule of the server: a digest that matches narrows those of its length, one
// that matches none decides nothing.
export class Candidates {
	#sets = new Map();

	constructor(claims) { for (const { names } of claims) this.#sets.set(String(names), names); }

	of({ hex, names }) { return { hex, names: this.#sets.get(String(names)) }; }

	// True if something was learned.
	narrow(claims, digests) {
		return claims.filter((claim) => {
			const { hex, names } = this.of(claim);
			const left = names.filter((name) => digests[name] === hex || (hex.length <= SHORT_DIGITS && digests[name] === undefined));
			const learned = left.length < names.length && left.some((name) => digests[name] === hex);
			if (learned) this.#sets.set(String(claim.names), left);
			return learned;
		}).length > 0;
	}

	all() { return [...this.#sets.values()]; }
}
