//! The embedded files, and the page that is made of them.

use super::bundle::fingerprint;
use super::*;

/// The total size of all assets, uncompressed; gzip takes some 60% of it away. Of it 14 KiB show a fleet: its nodes, and
/// directories that are on them.
const MOST_BYTES: usize = 302 << 10;

#[test]
fn the_assets_are_small_and_every_file_is_short() {
    let files: Vec<_> = Files::iter().map(|name| (Files::get(&name).unwrap(), name)).collect();
    let bytes: usize = files.iter().map(|(file, _)| file.data.len()).sum();
    assert!(bytes < MOST_BYTES, "{bytes} bytes");
    for (file, name) in &files {
        let lines = file.data.iter().filter(|&&byte| byte == b'\n').count();
        assert!(lines <= 300, "{name} has {lines} lines");
    }
}

#[test]
fn only_plain_paths_name_assets() {
    assert!(has("/index.html"));
    for path in [
        "",
        "/",
        "index.html",
        "//index.html",
        "/../Cargo.toml",
        "/./index.html",
        "/views/../index.html",
        "/%2e%2e/Cargo.toml",
        "/views",
    ] {
        assert!(!has(path), "{path} was found");
    }
}

/// A page of these files, each a path and its text.
fn page_of(files: &[(&str, &str)]) -> Result<Bundle, String> {
    let of = |name: &str| files.iter().find(|(path, _)| *path == name).map(|(_, text)| (*text).to_owned());
    Bundle::of(&of)
}

/// What the linker says about an entry beside `x.js`, which exports `a`, and `y/z.js`, which exports `b` and `c`.
fn linked(entry: &str) -> Result<String, String> {
    let read = |name: &str| match name {
        "app.js" => Some(entry.to_owned()),
        "x.js" => Some("export const a = 1;\n".to_owned()),
        "y/z.js" => {
            Some("import { a } from '../x.js';\nexport function b() { return a; }\nexport class c {}\n".to_owned())
        }
        "circle.js" => Some("import './app.js';\n".to_owned()),
        "waits.js" => Some("await a();\n".to_owned()),
        "variable.js" => Some("export let a = 1;\n".to_owned()),
        _ => None,
    };
    linker::link("app.js", &read).map_err(|problem| problem.to_string())
}

#[test]
fn modules_become_functions_that_keep_their_lines_and_come_before_those_that_import_them() {
    let script =
        linked("// First.\nimport { b as other,\n\tc } from './y/z.js';\nimport * as x from './x.js';\nother(c, x);\n");
    let expected = "const $x = (function x() { // x.js\nconst a = 1;\nreturn { a };\n})();\n\
        const $y_z = (function y_z() {const { a } = $x; // y/z.js\n\nfunction b() { return a; }\nclass c {}\nreturn { b, c };\n})();\n\
        (async function app() {const { b: other, c } = $y_z;const x = $x; // app.js\n// First.\n\n\n\nother(c, x);\n})();\n";
    assert_eq!(script.unwrap(), expected);
}

#[test]
fn what_a_module_passes_on_is_its_own_export() {
    let read = |name: &str| match name {
        "app.js" => Some("import { a, d } from './all.js';\n".to_owned()),
        "all.js" => Some("export * from './x.js';\nexport { b as d } from './x.js';\n".to_owned()),
        "x.js" => Some("const a = 1;\nexport { a };\nexport async function* b() {}\n".to_owned()),
        _ => None,
    };
    let script = linker::link("app.js", &read).unwrap();
    assert!(script.contains("return { a: $x.a, b: $x.b, d: $x.b };"), "{script}");
}

#[test]
fn every_form_of_import_and_export_that_is_not_known_is_an_error_with_its_line() {
    for (entry, problem) in [
        ("import x from './x.js';\n", "app.js:1: this form of import or export is not known"),
        ("import { default as x } from './x.js';\n", "app.js:1: this form"),
        ("import \"./x.js\";\n", "app.js:1: this form"),
        ("import x, { a } from './x.js';\n", "app.js:1: this form"),
        ("export default 1;\n", "app.js:1: this form"),
        ("export let a = 1;\n", "app.js:1: this form"),
        ("export const { a } = b;\n", "app.js:1: this form"),
        ("import { a } from './x.js'\n", "app.js:1: the statement has no end"),
        ("1;\n import { a } from './x.js';\n", "app.js:2: an import or export begins at the first column"),
        ("const a = import('./x.js');\n", "app.js:1: import() and import.meta are not known"),
        ("a(import.meta.url);\n", "app.js:1: import() and import.meta are not known"),
        ("import { b } from './x.js';\n", "app.js:1: x.js does not export b"),
        ("import './none.js';\n", "app.js:1: there is no none.js"),
        ("import 'x.js';\n", "app.js:1: x.js is not a relative path"),
        ("import '../x.js';\n", "app.js:1: ../x.js is not a relative path"),
        ("import './circle.js';\n", "circle.js:1: app.js imports this file"),
        ("import './waits.js';\n", "waits.js:1: only the first module may wait"),
        ("import './variable.js';\n", "variable.js:1: this form"),
        ("export * from './x.js';\nexport const a = 2;\n", "app.js:2: a is exported twice"),
    ] {
        let said = linked(entry).unwrap_err();
        assert!(said.starts_with(problem), "{entry}: {said}");
    }
}

#[test]
fn the_page_is_one_script_and_one_style_sheet_with_names_that_tell_their_content() {
    let page = bundle().unwrap();
    let names: Vec<_> = page.names().collect();
    assert_eq!(names.len(), 3, "{names:?}");
    for name in names {
        assert!(is_hashed(name) && page.index.contains(&format!("\"./{name}\"")), "{name}");
        let asset = page.asset(name).unwrap();
        assert!(name.contains(&fingerprint(asset.text.as_bytes())[..16]), "{name}");
        assert!(!Files::iter().any(|file| file == name), "{name} is a file, too");
    }
    for name in Files::iter().filter(|name| name.ends_with(".js") && name != "theme.js") {
        assert!(page.assets().any(|asset| asset.text.contains(&format!(" // {name}\n"))), "{name} is in no script");
    }
    // The pictures are in the text.
    assert!(!page.index.contains(".svg") && page.index.contains("data:image/svg+xml,%3Csvg"));
}

const INDEX: &str = "<head>\n<script src=\"./theme.js\"></script>\n<link rel=\"stylesheet\" href=\"./style/a.css\">\n\
    <script type=\"module\" src=\"./app.js\"></script>\n</head>\n<img src=\"./p.svg\" alt=\"\">\n";

#[test]
fn a_changed_file_gives_its_asset_another_name_and_leaves_the_others() {
    let with = |app: &'static str, style: &'static str| {
        let files = [
            ("index.html", INDEX),
            ("theme.js", "t()"),
            ("app.js", app),
            ("style/a.css", style),
            ("style/p.svg", "<svg/>"),
            ("p.svg", "<svg a=\"#\"/>"),
        ];
        let page = page_of(&files).unwrap();
        assert!(
            page.index.contains("<img src=\"data:image/svg+xml,%3Csvg a=%22%23%22/%3E\" alt=\"\">"),
            "{}",
            page.index
        );
        page.names().map(str::to_owned).collect::<Vec<_>>()
    };
    let first = with("a();\n", "a { background: url(\"p.svg\") }");
    assert_eq!(first, with("a();\n", "a { background: url(\"p.svg\") }"));
    let other_script = with("b();\n", "a { background: url(\"p.svg\") }");
    assert_eq!((&other_script[0], &other_script[2]), (&first[0], &first[2]));
    assert_ne!(other_script[1], first[1]);
    let other_style = with("a();\n", "b {}");
    assert_eq!(other_style[..2], first[..2]);
    assert_ne!(other_style[2], first[2]);
}

#[test]
fn what_cannot_be_put_into_the_page_is_an_error() {
    let good = [("index.html", INDEX), ("theme.js", ""), ("app.js", ""), ("style/a.css", ""), ("p.svg", "")];
    assert!(page_of(&good).is_ok());
    for at in 0..good.len() {
        let mut files = good.to_vec();
        let (name, _) = files.remove(at);
        assert!(page_of(&files).is_err_and(|said| said.contains(name)), "{name} is missing");
    }
    for (name, text, problem) in [
        ("index.html", "<a href=\"./x.png\">", "x.png: only a script"),
        ("index.html", "<link rel=\"stylesheet\" href=\"./a.css\">", "a.css: a style sheet lies in style/"),
        ("style/a.css", "@import 'b.css';", "no @import"),
        ("style/a.css", "a { background: url(\"x.png\") }", "x.png: only a script"),
        ("app.js", "export default 1;", "app.js:1: this form"),
    ] {
        let mut files = good.to_vec();
        files.retain(|(other, _)| *other != name);
        files.push((name, text));
        let said = page_of(&files).err().unwrap();
        assert!(said.contains(problem), "{text}: {said}");
    }
}

#[test]
fn names_with_a_digest_are_told_by_their_form() {
    for name in ["app-0123456789abcdef.js", "style/page-0123456789abcdef.css"] {
        assert!(is_hashed(name), "{name}");
        assert!(!has(&format!("/{name}")), "{name}");
    }
    for name in ["app.js", "app-0123456789abcde.js", "app-0123456789abcdeg.js", "0123456789abcdef.js", ""] {
        assert!(!is_hashed(name), "{name}");
    }
}
