//! Whether an OCFL object is valid, as far as its root inventory, the sidecar, the declaration and the names of its files
//! tell: the codes of the specification's "Validation Codes", `E...` for what must and `W...` for what should be.
//!
//! Not decided here: whether files have their digests (E092 and E093 of content; the records of the inventory tell), the
//! inventories of earlier versions (E019, E020, E037, E064, E066, E103, E110, W011), empty directories (E024, W003),
//! links (E090), names of extensions (W013) and the storage root (E069 to E089).

mod fault;
mod inventory;
mod layout;
mod node;
mod paths;
mod version;

use self::fault::Faults;
pub use self::fault::{Fault, MAX_FAULTS, Object};
use self::inventory::Inventory;
use self::node::Node;
use crate::digest::{Algorithm, Chain};

/// The faults of an object, in the order of the checks; at most [`MAX_FAULTS`]. The object is valid, as far as is decided
/// here, if none of them is an error.
#[must_use]
pub fn validate(object: &Object<'_>) -> Vec<Fault> {
    let mut faults = Faults::default();
    let declared = layout::declaration(object, &mut faults);
    match node::parse(object.inventory) {
        Ok(Node::Object(members)) => {
            let inventory = Inventory::read(&members, declared, &mut faults);
            layout::check(object, &inventory, &mut faults);
            check_sidecar(object, &inventory, &mut faults);
        }
        Ok(_) => faults.add("E033", "inventory.json is not a JSON object"),
        Err(error) => faults.add("E033", format!("inventory.json: {error}")),
    }
    faults.0
}

/// Compares the inventory with its sidecar: `DIGEST inventory.json`.
fn check_sidecar(object: &Object<'_>, inventory: &Inventory<'_>, faults: &mut Faults) {
    let (Some(sidecar), Some(algorithm)) = (object.sidecar, inventory.algorithm) else { return };
    let line = str::from_utf8(sidecar).unwrap_or_default();
    let mut words = line.split_ascii_whitespace();
    let (digits, name, more) = (words.next(), words.next(), words.next());
    let is_digest = |digits: &&str| node::is_hex(digits, algorithm.digest_bytes());
    match (digits.filter(is_digest), name, more) {
        (Some(digits), Some("inventory.json"), None) if !line.starts_with(char::is_whitespace) => {
            let computed = digest(algorithm, object.inventory);
            if !digits.eq_ignore_ascii_case(&computed) {
                faults.add("E060", format!("the sidecar says {digits}, the inventory has {computed}"));
            }
        }
        _ => faults.add("E061", "the sidecar is not DIGEST inventory.json"),
    }
}

/// The digest in lower-case digits.
fn digest(algorithm: Algorithm, bytes: &[u8]) -> String {
    let mut chain = Chain::new(algorithm);
    chain.update(bytes);
    let mut digest = Vec::with_capacity(algorithm.digest_bytes());
    chain.finalize_into(&mut digest);
    hex::encode(digest)
}

#[cfg(test)]
mod tests;
