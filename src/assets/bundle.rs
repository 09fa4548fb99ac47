//! The page as it is sent at `/`: one script, one style sheet, and names that change with the content.
//!
//! It is made of `index.html`, line by line: its style sheets become one, its module becomes one script with all that it
//! imports, and small pictures go into the text. What is left over under a relative address is an error, so that
//! nothing is left out. Whoever serves it decides on caching.

use std::fmt::Write;

use hivesum_core::{Algorithm, Algorithms, MultiHasher};

use super::linker::{Read, link};

/// The page and its assets.
pub(super) struct Bundle {
    /// The text of the page.
    pub(super) index: String,
    /// The SHA-256 of that text, in hexadecimal digits.
    pub(super) fingerprint: String,
    assets: Vec<Asset>,
}

/// An asset whose name has a digest of its content.
pub(super) struct Asset {
    /// The path below the page: `app-0123456789abcdef.js`.
    pub(super) name: String,
    pub(super) text: String,
    /// The SHA-256 of the text, in hexadecimal digits.
    pub(super) fingerprint: String,
}

/// Hexadecimal digits of a name: 64 bits tell apart the few versions that one page ever has.
const DIGITS: usize = 16;
/// Where the joined style sheets go. The relative addresses in them hold, as all lie in `style/`.
const STYLE: &str = "style/page.css";

impl Bundle {
    pub(super) fn of(read: Read<'_>) -> Result<Self, String> {
        let source = read("index.html").ok_or("there is no index.html")?;
        let mut bundle =
            Self { index: String::with_capacity(source.len()), fingerprint: String::new(), assets: Vec::new() };
        let mut styles = String::new();
        for line in source.lines() {
            if let Some(file) = between(line, r#"<link rel="stylesheet" href="./"#, r#"">"#) {
                styles.push_str(&style(file, read)?);
            } else if let Some(file) = between(line, r#"<script type="module" src="./"#, r#""></script>"#) {
                let name = bundle.add(file, link(file, read).map_err(|problem| problem.to_string())?);
                let _ = writeln!(bundle.index, r#"<script type="module" src="./{name}"></script>"#);
            } else if let Some(file) = between(line, r#"<script src="./"#, r#""></script>"#) {
                let name = bundle.add(file, text_of(file, read)?);
                let _ = writeln!(bundle.index, r#"<script src="./{name}"></script>"#);
            } else {
                bundle.index.push_str(&with_pictures(line, r#"="./"#, r#"=""#, "", read)?);
                bundle.index.push('\n');
            }
        }
        if let Some(end) = bundle.index.find("</head>").filter(|_| !styles.is_empty()) {
            let name = bundle.add(STYLE, styles);
            bundle.index.insert_str(end, &format!("<link rel=\"stylesheet\" href=\"./{name}\">\n"));
        }
        bundle.fingerprint = fingerprint(bundle.index.as_bytes());
        Ok(bundle)
    }

    /// The asset with this name.
    pub(super) fn asset(&self, name: &str) -> Option<&Asset> {
        self.assets.iter().find(|asset| asset.name == name)
    }

    #[cfg(test)]
    pub(super) fn assets(&self) -> impl Iterator<Item = &Asset> {
        self.assets.iter()
    }

    #[cfg(test)]
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.assets().map(|asset| asset.name.as_str())
    }

    /// Adds an asset and returns its name.
    fn add(&mut self, file: &str, text: String) -> String {
        let (stem, ending) = file.rsplit_once('.').unwrap_or((file, ""));
        let fingerprint = fingerprint(text.as_bytes());
        let name = format!("{stem}-{}.{ending}", &fingerprint[..DIGITS]);
        self.assets.push(Asset { name: name.clone(), text, fingerprint });
        name
    }
}

/// Whether a path looks like the name of an asset here: `app-0123456789abcdef.js`.
pub(super) fn is_hashed(name: &str) -> bool {
    let digits = name.rsplit_once('.').and_then(|(stem, _)| stem.rsplit_once('-')).map_or("", |(_, digits)| digits);
    digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The SHA-256 of some content in hexadecimal digits.
pub(super) fn fingerprint(content: &[u8]) -> String {
    let mut hasher = MultiHasher::new(&Algorithms::single(Algorithm::Sha256));
    hasher.update(content);
    let mut digest = Vec::new();
    hasher.finalize_reset_into(&mut digest);
    hex::encode(digest)
}

fn text_of(file: &str, read: Read<'_>) -> Result<String, String> {
    read(file).ok_or_else(|| format!("index.html: there is no {file}"))
}

fn style(file: &str, read: Read<'_>) -> Result<String, String> {
    if !file.starts_with("style/") {
        return Err(format!("{file}: a style sheet lies in style/"));
    }
    let text = text_of(file, read)?;
    if text.contains("@import") || text.contains("@charset") {
        return Err(format!("{file}: style sheets that are joined have no @import and no @charset"));
    }
    with_pictures(&text, "url(\"", "url(\"", "style/", read)
}

/// The text with each picture that it names, in place of its address. `marker` comes before an address, and `keep` is
/// what stays of it.
fn with_pictures(text: &str, marker: &str, keep: &str, directory: &str, read: Read<'_>) -> Result<String, String> {
    let mut parts = text.split(marker);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (address, rest) = part.split_once('"').ok_or_else(|| format!("{marker} has no end: {part}"))?;
        if !address.ends_with(".svg") {
            return Err(format!("{address}: only a script, a style sheet and an SVG picture can be put into the page"));
        }
        let picture = text_of(&format!("{directory}{address}"), read)?;
        let _ = write!(out, "{keep}data:image/svg+xml,{}\"{rest}", percent_encoded(picture.trim_end()));
    }
    Ok(out)
}

/// What ends an attribute, a tag or an address is encoded.
fn percent_encoded(picture: &str) -> String {
    picture.chars().fold(String::with_capacity(picture.len() * 2), |mut out, c| {
        match c {
            '"' | '#' | '%' | '<' | '>' | '&' | '\n' | '\\' => drop(write!(out, "%{:02X}", u32::from(c))),
            c => out.push(c),
        }
        out
    })
}

fn between<'a>(line: &'a str, before: &str, after: &str) -> Option<&'a str> {
    line.trim().strip_prefix(before)?.strip_suffix(after)
}
