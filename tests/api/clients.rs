//! Clients that generators make from the document of the service, run against it: the digests that they get must be
//! those of the bytes, by the system's tools.
//!
//! Generators differ in what they make of binary bodies, of a choice between types, and of media types that they do not
//! know, so each client hashes raw bytes and a form where it can, and sends a manifest. The types are checked too.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hivesum_test_support::tools::digest_of_bytes;
use hivesum_test_support::{Requirement, has_tool};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::access::token_until;
use crate::app::TestApp;

/// Where the scripts are that use the generated clients.
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/clients");

/// The packages of npm, as `.ci/run` installs them.
const NPM: &str = "npm install --prefix target/tmp/npm openapi-fetch@0.17.0 openapi-typescript@7.13.0 typescript@5.9.3 @types/node@20";

/// A name below the directory of npm's packages.
fn npm(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("npm/node_modules").join(name)
}

fn has_npm_packages() -> bool {
    let all = ["openapi-fetch", "openapi-typescript", "typescript", "@types/node"];
    Requirement::tool("openapi-fetch", NPM).is_met(|| all.iter().all(|name| npm(name).exists())) && has_tool("node")
}

/// Whether the interpreter has the modules that a generated client imports.
fn has_modules(names: &str) -> bool {
    let remedy = format!("pip install {names}");
    let import = format!("import {}", names.replace(' ', ", ").replace("python-dateutil", "dateutil"));
    let found = || Command::new("python3").args(["-c", &import]).output().is_ok_and(|output| output.status.success());
    Requirement::tool(&format!("python3 with {names}"), &remedy).is_met(found)
}

/// A service with a file in its directory, and a directory in which a client is generated.
struct Workshop {
    app: TestApp,
    token: String,
    content: Vec<u8>,
    directory: TempDir,
}

impl Workshop {
    fn new() -> Self {
        let app = TestApp::signed_out(|_| {});
        let token = token_until(&app, "read,hash", None).1;
        // No UTF-8, with line ends of both kinds and NUL: text modes and decoders would change it.
        let content: Vec<u8> = (0..70_001_u32).map(|at| (at % 251) as u8).collect();
        app.write("a.bin", &content);
        let directory = tempfile::tempdir().unwrap();
        let admin = token_until(&app, "read", None).1;
        let document = app.get("/openapi.json").bearer_auth(admin).send().unwrap().bytes().unwrap();
        std::fs::write(directory.path().join("openapi.json"), document).unwrap();
        std::fs::write(directory.path().join("a.bin"), &content).unwrap();
        let sums = format!("{}  a.bin\n", digest_of_bytes("sha256sum", &content));
        std::fs::write(directory.path().join("SUMS"), sums).unwrap();
        Self { app, token, content, directory }
    }

    /// Runs a command in the directory, where it must succeed.
    fn run(&self, command: &mut Command) -> Output {
        let output = command.current_dir(self.directory.path()).output().unwrap();
        let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{command:?}\n{said}\n{wrong}");
        output
    }

    fn copy(&self, script: &str) {
        std::fs::copy(Path::new(SCRIPTS).join(script), self.directory.path().join(script)).unwrap();
    }

    /// Compiles a script and what it imports, strictly, and returns the name of the result.
    fn compile(&self, script: &str) -> String {
        self.copy(script);
        let modules = self.directory.path().join("node_modules");
        std::os::unix::fs::symlink(npm(""), modules).unwrap();
        std::fs::write(self.directory.path().join("package.json"), r#"{"type": "module"}"#).unwrap();
        let compiler = npm("typescript/bin/tsc");
        let options = ["--strict", "--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom"];
        self.run(Command::new("node").arg(compiler).args(options).args(["--skipLibCheck", script]));
        script.replace(".mts", ".mjs")
    }

    /// Runs a script with the client, and checks all that it prints.
    fn check(&self, interpreter: &str, script: &str) {
        let url = self.app.url("");
        let output = self.run(Command::new(interpreter).args([script, &url, &self.token, "a.bin", "SUMS"]));
        let got: Value = serde_json::from_slice(&output.stdout).unwrap();
        let (whole, empty) = (digests_of(&self.content), digests_of(b""));
        assert_eq!((&got["raw"], &got["empty"]), (&whole, &empty), "{script}");
        if let Some(parts) = got.get("parts") {
            assert_eq!(*parts, json!([named("one", whole), named("two", empty)]), "{script}");
        }
        self.check_job(got["job"].as_str().unwrap());
    }

    /// The job that a script created has found its one file.
    fn check_job(&self, id: &str) {
        let path = format!("/api/v1/jobs/{id}");
        let show = || -> Value { self.app.get(&path).bearer_auth(&self.token).send().unwrap().json().unwrap() };
        let events = self.app.get(&format!("{path}/events")).bearer_auth(&self.token).send().unwrap();
        events.text().unwrap();
        assert_eq!(show()["summary"]["verdicts"]["matched"], 1, "{}", show());
    }
}

fn digests_of(bytes: &[u8]) -> Value {
    json!({ "sha256": digest_of_bytes("sha256sum", bytes), "sha512": digest_of_bytes("sha512sum", bytes) })
}

fn named(name: &str, mut digests: Value) -> Value {
    digests["name"] = json!(name);
    digests
}

#[test]
fn the_client_of_openapi_python_client_computes_the_right_digests() {
    if !has_tool("openapi-python-client") || !has_modules("httpx attrs python-dateutil") {
        return;
    }
    let shop = Workshop::new();
    let mut generate = Command::new("openapi-python-client");
    let output = shop.run(generate.args(["generate", "--path", "openapi.json", "--meta", "none"]).args([
        "--output-path",
        "generated",
        "--overwrite",
    ]));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!said.contains("will not be generated"), "{said}");
    shop.copy("openapi_python_client.py");
    shop.check("python3", "openapi_python_client.py");
}

/// The options with which OpenAPI Generator makes a client in `generated`.
fn openapi_generator(of: &str) -> Command {
    let mut command = Command::new("openapi-generator-cli");
    command.args(["generate", "-g", of, "-i", "openapi.json", "-o", "generated"]);
    command
}

fn has_openapi_generator() -> bool {
    has_tool("java") && has_tool("openapi-generator-cli")
}

#[test]
fn the_python_client_of_openapi_generator_computes_the_right_digests() {
    if !has_openapi_generator() || !has_modules("pydantic urllib3 python-dateutil") {
        return;
    }
    let shop = Workshop::new();
    shop.run(openapi_generator("python").args(["--package-name", "generated"]));
    // The package is below the project that it generates.
    std::fs::rename(shop.directory.path().join("generated"), shop.directory.path().join("project")).unwrap();
    std::os::unix::fs::symlink("project/generated", shop.directory.path().join("generated")).unwrap();
    shop.copy("openapi_generator.py");
    shop.check("python3", "openapi_generator.py");
}

#[test]
fn the_client_of_typescript_fetch_computes_the_right_digests() {
    if !has_openapi_generator() || !has_npm_packages() {
        return;
    }
    let shop = Workshop::new();
    // By default it imports the model of the form, which it leaves out.
    let options = ["--global-property", "skipFormModel=false", "--additional-properties", "importFileExtension=.js"];
    shop.run(openapi_generator("typescript-fetch").args(options));
    let script = shop.compile("typescript_fetch.mts");
    shop.check("node", &script);
}

#[test]
fn the_client_of_openapi_fetch_computes_the_right_digests() {
    if !has_npm_packages() {
        return;
    }
    let shop = Workshop::new();
    let mut generate = Command::new("node");
    shop.run(generate.arg(npm("openapi-typescript/bin/cli.js")).args(["openapi.json", "-o", "schema.d.ts"]));
    let script = shop.compile("openapi_fetch.mts");
    shop.check("node", &script);
}
