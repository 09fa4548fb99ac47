//! What is said of a file that differs from its entry: which digests do not match, what they should be and are, and
//! whether the entry contradicts itself. The words for the latter are those of `audit` and of a verify job.

use hivesum_core::digest::{Algorithm, Algorithms, Digest};
use hivesum_core::result::{EntryDigests, Evidence, Known};

use super::verdict::{Judged, Mismatch};

impl Judged {
    /// The evidence if the digests of the entry contradict each other, by the rule of `audit`: the file has a secure one,
    /// and not another one that names its algorithm.
    pub(super) fn contradiction(&self) -> Option<Evidence> {
        let mut matching = self.compared.matching.iter().flatten();
        let has_the_content = matching.any(Algorithm::is_secure);
        let name_their_algorithm = self.mismatches.iter().all(|one| one.expected.tag().is_some());
        let contradict = has_the_content && name_their_algorithm && !self.mismatches.is_empty();
        let nothing = Evidence::between(&Known::default(), &Known::default());
        contradict.then_some(Evidence { digests: EntryDigests::Contradict, ..nothing })
    }
}

/// The digest that a file should have, and those that it has.
pub(super) fn digests_of(mismatch: &Mismatch) -> Vec<String> {
    let expected = format!("expected {}", hex::encode(mismatch.expected.as_bytes()));
    let computed = |digest: &Digest| format!("computed {digest} ({})", digest.algorithm().bsd_tag());
    std::iter::once(expected).chain(mismatch.computed.iter().map(computed)).collect()
}

/// Names the algorithms of a file that failed.
pub(super) fn which_failed(judged: &Judged) -> String {
    let compared = &judged.compared;
    let tags = |set: Option<Algorithms>| {
        let tags: Vec<_> = set.iter().flatten().map(Algorithm::bsd_tag).collect();
        tags.join(", ")
    };
    let others = tags(compared.others);
    match (compared.digests, compared.matching) {
        (1, _) => format!("does not match as any of: {others}"),
        (_, None) => format!("does not match: {others}"),
        (_, Some(_)) => {
            let differs = format!("does not match: {others}; matches: {}", tags(compared.matching));
            judged.contradiction().map_or(differs.clone(), |evidence| format!("{evidence}; {differs}"))
        }
    }
}
