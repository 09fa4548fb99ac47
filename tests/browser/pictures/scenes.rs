//! Every view of the page in each of its states, one after another in one browser.

use std::path::Path;

use hivesum_test_support::tools::{digest_of_bytes, output};
use serde_json::json;

use super::look::{Look, NARROW};
use super::stage::Jobs;
use crate::browser::Browser;
use crate::server::{ROOT, Server};

/// Goes to an address of the page and awaits that an expression is true there, perhaps before the view is.
async fn go(browser: &Browser, address: &str, there: &str) {
    browser.leave_for(address).await;
    browser.until(there).await;
}

async fn click(browser: &Browser, css: &str) {
    browser.run("document.querySelector(arguments[0]).click()", vec![json!(css)]).await;
}

/// Closes the open dialog.
async fn close_dialog(browser: &Browser) {
    browser.run("document.querySelector('dialog[open]').close()", vec![]).await;
    browser.until("!document.querySelector('dialog')").await;
}

fn there(css: &str) -> String {
    format!("document.querySelector('{css}')")
}

async fn sign_in(browser: &Browser, server: &Server, scopes: &str) {
    browser.fill("token-input", &server.token(scopes)).await;
    browser.click("sign-in").await;
    browser.until("!document.querySelector('#sign-out').hidden").await;
}

async fn sign_out(browser: &Browser) {
    browser.click_on("#sign-out").await;
    browser.find("token-input").await;
}

/// The signed-out page, and the views of tokens that may do little. Ends signed in with a token that may do all.
pub(super) async fn sign_in_page(look: &Look<'_>, browser: &Browser, server: &Server) {
    browser.goto(&server.url).await;
    browser.find("token-input").await;
    look.at("sign-in").await;
    browser.fill("token-input", &"0".repeat(64)).await;
    browser.click("sign-in").await;
    browser.until("document.querySelector('#sign-in-fault').textContent.includes('neither')").await;
    look.at("sign-in-wrong").await;
    let link = server.link.as_ref().unwrap();
    for fault in ["", "used already"] {
        browser.goto("about:blank").await;
        browser.goto(link).await;
        match fault {
            "" => {
                browser.find("drop-zone").await;
                sign_out(browser).await;
            }
            fault => {
                browser
                    .until(&format!("document.querySelector('#sign-in-fault')?.textContent.includes('{fault}')"))
                    .await
            }
        }
    }
    look.at("sign-in-used").await;
    for (scopes, lack) in [("hash", "read"), ("read", "hash")] {
        sign_in(browser, server, scopes).await;
        browser.until(&format!("document.querySelector('.placeholder')?.textContent.includes('scope {lack}')")).await;
        look.at(&format!("token-without-{lack}")).await;
        sign_out(browser).await;
    }
    sign_in(browser, server, "read,hash,admin").await;
}

/// A folder with a file of each fate, and a checksum file; beside it one with a digest that is not computed.
fn write_dropped(directory: &Path) {
    let folder = directory.join("holiday photos");
    std::fs::create_dir(&folder).unwrap();
    let names = ["good.jpg", "changed.jpg", "not here.jpg"];
    for name in ["good.jpg", "changed.jpg", "not here.jpg", "not checked.jpg", "new.jpg"] {
        std::fs::write(folder.join(name), name.repeat(5000)).unwrap();
    }
    std::fs::write(folder.join("SHA256SUMS"), output(&folder, "sha256sum", &names)).unwrap();
    std::fs::write(folder.join("changed.jpg"), "other").unwrap();
    std::fs::remove_file(folder.join("not here.jpg")).unwrap();
    let long = format!("{} a film that is larger than the server accepts.mov", "rather long name".repeat(6));
    std::fs::File::create(folder.join(long)).unwrap().set_len(2 << 20).unwrap();
    let sums = output(directory, "md5sum", &["holiday photos/not checked.jpg"]);
    std::fs::write(directory.join("MD5SUMS"), sums).unwrap();
}

/// The hash view: empty, and with files that match, differ, failed, are missing or not known yet.
pub(super) async fn hash_view(look: &Look<'_>, browser: &Browser, server: &Server) {
    browser.goto(&server.modules_url()).await;
    browser.find("drop-zone").await;
    browser.find("algorithm-blake3").await;
    look.at("hash-empty").await;
    let never_again =
        "import('/views/hash-queue.js').then(({ queue }) => { queue.resendBytes = 0; window.__set = true; })";
    browser.run(never_again, vec![]).await;
    browser.until("window.__set").await;
    let dropped = tempfile::tempdir().unwrap();
    write_dropped(dropped.path());
    browser.drop_paths("drop-zone", &[&dropped.path().join("holiday photos")]).await;
    browser.until_text("queue-headline", "4 files hashed, 1 failed, 1 differs, 1 missing, 2 new").await;
    browser.drop_paths("drop-zone", &[&dropped.path().join("MD5SUMS")]).await;
    browser.select("[data-testid=upload-row][data-tag=open]").await;
    browser.fill("expect-input", &format!("sha256:{}", "0".repeat(64))).await;
    browser.select("[data-verdict=mismatch]").await;
    look.at("hash-dropped").await;
    look.shape(NARROW).await;
    click(browser, "[data-testid=upload-row][data-tag=match]").await;
    browser.select("dialog[open] .upload-detail").await;
    look.once("hash-details", NARROW).await;
    close_dialog(browser).await;
    click(browser, "[data-testid=clear]").await;
}

/// What there is to see before the first job.
pub(super) async fn before_the_first_job(look: &Look<'_>, browser: &Browser) {
    go(browser, "#/jobs", &there(".view-jobs .placeholder")).await;
    look.at("jobs-empty").await;
    go(browser, "#/find", &there(".view-find [data-testid=find-start]")).await;
    look.at("find").await;
}

/// The directories: roots, a root, a folder, an empty one, none, the forms, and a chosen file.
pub(super) async fn directories(look: &Look<'_>, browser: &Browser) {
    let row = "[data-testid=entry-row] .name";
    go(browser, "#/files", &there(&format!("[data-testid=root-list] {row}"))).await;
    look.at("files-roots").await;
    go(browser, &format!("#/files/{ROOT}"), &there(&format!(".files-view {row}"))).await;
    look.at("files-root").await;
    let folder = format!("#/files/{ROOT}/photos");
    let shown = "document.querySelector('[data-testid=entry-row]:nth-of-type(2)') && document.body.textContent.includes('SHA256SUMS')";
    go(browser, &folder, shown).await;
    browser.find("algorithm-blake3").await;
    look.at("files-folder").await;
    browser.run("document.querySelectorAll('.start details').forEach((more) => { more.open = true; })", vec![]).await;
    look.at("files-limits").await;
    browser.click("task-verify").await;
    look.at("files-verify").await;
    browser.click("task-hash").await;
    let choose = "[...document.querySelectorAll('[data-testid=entry-row]')].find((row) => row.textContent.includes('SHA256SUMS')).click()";
    browser.run(choose, vec![]).await;
    browser.find("verify-with-this").await;
    look.at("files-picked").await;
    go(browser, &format!("#/files/{ROOT}/empty"), &there(".browser .placeholder")).await;
    look.at("files-empty").await;
    go(browser, &format!("#/files/{ROOT}/nothing here"), &there(".browser [data-testid=error-banner]")).await;
    look.at("files-missing").await;
}

/// The list of jobs: each state and verdict, some chosen, a question, and none that fits.
pub(super) async fn job_list(look: &Look<'_>, browser: &Browser) {
    go(browser, "#/jobs", "document.querySelectorAll('[data-testid=job-row]').length === 11").await;
    look.at("jobs").await;
    browser.click("tick-all").await;
    browser.until_text("chosen-count", "11 jobs chosen").await;
    look.at("jobs-chosen").await;
    browser.click("delete-chosen").await;
    browser.find("confirm-yes").await;
    look.at("jobs-delete").await;
    close_dialog(browser).await;
    go(browser, "#/jobs?state=cancelled&verdict=ok", &there(".view-jobs .placeholder")).await;
    look.at("jobs-none").await;
}

/// One job in each state, its details, its export, and a search without an answer.
pub(super) async fn jobs(look: &Look<'_>, browser: &Browser, jobs: &Jobs) {
    for (scene, id, content) in [
        ("job-queued", &jobs.queued, ".results-empty .placeholder"),
        ("job-running", &jobs.running, "[data-testid=result-row] .name"),
        ("job-matching", &jobs.matching, "[data-testid=job-verdict]"),
        ("job-differing", &jobs.differing, "[data-testid=job-verdict]"),
        ("job-errors", &jobs.errors, "[data-testid=result-row] .name"),
        ("job-failed", &jobs.failed, ".job-fault:not([hidden])"),
        ("job-cancelled", &jobs.cancelled, "[data-testid=job-repeat]"),
        ("job", &jobs.completed, "[data-testid=result-row] .name"),
    ] {
        let shown = format!("document.querySelector('.job-meta')?.textContent.includes('{id}') && {}", there(content));
        go(browser, &format!("#/job/{id}"), &shown).await;
        look.at(scene).await;
    }
    click(browser, "[data-testid=export-menu] summary").await;
    look.at("job-export").await;
    click(browser, "[data-testid=export-menu] summary").await;
    click(browser, "[data-testid=result-row]").await;
    browser.select("dialog[open]").await;
    look.at("job-details").await;
    close_dialog(browser).await;
    go(browser, &format!("#/job/{}?q=nothing+like+it", jobs.completed), &there(".results-empty .placeholder")).await;
    look.at("job-nothing-found").await;
}

/// Duplicates, and two jobs compared with a change of each kind.
pub(super) async fn fixity(look: &Look<'_>, browser: &Browser, jobs: &Jobs) {
    go(browser, &format!("#/duplicates/{}", jobs.completed), &there("[data-testid=group-row] .name")).await;
    look.at("duplicates").await;
    click(browser, "[data-testid=group-row]").await;
    browser.select("dialog[open]").await;
    look.at("duplicates-copies").await;
    close_dialog(browser).await;
    // Nothing here writes to a file without a new time of change, so the page is told of one.
    let rot = "const real = window.fetch; window.fetch = async (url, init) => {
        const answer = await real(url, init);
        if (!url.includes('/compare?')) return answer;
        const page = await answer.json();
        const old = page.items.find(({ path }) => path === 'edited');
        Object.assign(old, { verdict: 'suspected_rot', evidence: { size: 'same', mtime: 'same', ctime: 'same', inode: 'same' } });
        page.counts.suspected_rot += 1;
        page.counts.modified -= 1;
        return new Response(JSON.stringify(page));
    };";
    browser.run(rot, vec![]).await;
    let address = format!("#/compare/{}", jobs.compared.join("/"));
    go(browser, &address, "document.querySelectorAll('[data-testid=change-row] .name').length > 7").await;
    look.at("compare").await;
    click(browser, "[data-testid=change-row]").await;
    browser.select("dialog[open]").await;
    look.at("compare-details").await;
    close_dialog(browser).await;
}

/// The collections, one of them, a file of it, and the question before files are accepted.
pub(super) async fn collections(look: &Look<'_>, browser: &Browser) {
    go(browser, "#/collections", &there("[data-testid=collection]")).await;
    browser.until("document.querySelector('#alerts-open:not([hidden])')?.textContent === '3'").await;
    look.at("collections").await;
    click(browser, "[data-testid=collection] a").await;
    browser.until(&format!("{} && {}", there("[data-testid=alert]"), there("[data-testid=event]"))).await;
    look.at("collection").await;
    click(browser, "[data-testid=alert] .link").await;
    browser.select("dialog[open]").await;
    look.at("collection-file").await;
    close_dialog(browser).await;
    browser.click("accept-all").await;
    browser.find("confirm-yes").await;
    look.at("collection-accept").await;
    close_dialog(browser).await;
}

/// A digest in all jobs, and one in none; the system; the documentation.
pub(super) async fn others(look: &Look<'_>, browser: &Browser, server: &Server) {
    let digest = digest_of_bytes("sha256sum", b"kept");
    go(browser, &format!("#/find?digest={digest}"), &there("[data-testid=find-hit]")).await;
    look.at("find-found").await;
    go(browser, "#/system", "document.querySelector('[data-testid=stat-size]')?.textContent === '4'").await;
    browser.until("document.querySelector('.view-system .plain-list a')").await;
    look.at("system").await;
    let none = "document.querySelector('[data-testid=find-result]')?.textContent.includes('Not found')";
    go(browser, &format!("#/find?digest={}", "0".repeat(64)), none).await;
    look.at("find-none").await;
    browser.goto(&format!("{}/docs", server.url)).await;
    browser.until("document.querySelector('.swagger-ui .opblock')").await;
    look.at_foreign("docs").await;
    browser.goto(&server.url).await;
    browser.find("drop-zone").await;
}

/// What the page shows when it gets an error: of its own making, of a full disk, of a busy service, and of none at all.
pub(super) async fn errors(look: &Look<'_>, browser: &Browser, server: &mut Server) {
    go(browser, "#/job/01890000-0000-7000-8000-000000000000", &there(".view-job [data-testid=error-banner]")).await;
    look.at("error-no-job").await;
    let answer = "const real = window.fetch; window.fetch = (url, init) => (url.includes(arguments[0]) && init?.method === arguments[1]
        ? Promise.resolve(new Response(JSON.stringify(arguments[2]), { status: arguments[3], headers: { 'retry-after': '25' } })) : real(url, init));";
    let full =
        json!({ "code": "storage_full", "detail": "no space is left to store jobs", "request_id": "0193a4b0c1d2e3f4" });
    go(browser, &format!("#/files/{ROOT}"), &there("[data-testid=start-job]")).await;
    browser.run(answer, vec![json!("/jobs"), json!("POST"), full, json!(507)]).await;
    // The message is seen wherever the page is scrolled.
    look.shape(NARROW).await;
    browser.click("start-job").await;
    browser.find("error-banner").await;
    browser
        .run(
            "document.querySelectorAll('.start details').forEach((fold) => { fold.open = true; }); scrollTo(0, 1000);",
            vec![],
        )
        .await;
    let seen = "(({ x, y, width, height }) => document.elementFromPoint(x + width / 2, y + height / 2)?.closest('.banner'))\
        (document.querySelector('.banner').getBoundingClientRect())";
    browser.until(&format!("scrollY > 100 && {seen}")).await;
    look.at("error-storage-full").await;
    let busy =
        json!({ "code": "queue_full", "detail": "too many requests are waiting", "request_id": "0193a4b0c1d2e3f4" });
    browser.run(answer, vec![json!("/jobs"), json!("GET"), busy, json!(503)]).await;
    go(browser, "#/jobs", "document.querySelector('.banner.wait')?.textContent.includes('Trying again in')").await;
    look.at("error-busy").await;
    browser.goto("about:blank").await;
    browser.goto(&server.url).await;
    browser.find("drop-zone").await;
    server.kill();
    browser.until("document.querySelector('#pool.away')").await;
    go(browser, "#/jobs", &there(".placeholder[data-testid=error-banner]")).await;
    look.at("error-stopped").await;
}
