//! Pictures of every view in each of its states, in light, dark, narrow and large, below `pictures/` in the target
//! directory. With each picture, the places of things are checked, and axe-core finds nothing in either colour scheme.
//!
//! Decides what is wrong with a place (`geometry.js`): a page wider than its screen, things outside of it, targets or texts
//! that cover one another, text that is cut without a trace, and targets too small for a finger on a narrow screen.

mod collection_forms;
mod look;
mod nodes;
mod scenes;
mod stage;

use serde_json::json;

use crate::browser::{Browser, LOST_CONNECTION};
use crate::server::Server;
use look::{Look, NARROW};

#[tokio::test]
async fn every_view_in_each_state_fits_its_screen_and_is_accessible() {
    let Some(browser) = Browser::start().await else { return };
    let mut server = stage::server();
    let look = Look::new(&browser);
    scenes::sign_in_page(&look, &browser, &server).await;
    scenes::hash_view(&look, &browser, &server).await;
    scenes::before_the_first_job(&look, &browser).await;
    let jobs = stage::Jobs::run(&browser, &server).await;
    scenes::directories(&look, &browser).await;
    scenes::job_list(&look, &browser).await;
    scenes::jobs(&look, &browser, &jobs).await;
    scenes::fixity(&look, &browser, &jobs).await;
    scenes::collections(&look, &browser).await;
    scenes::others(&look, &browser, &server).await;
    scenes::errors(&look, &browser, &mut server).await;
    look.assert_faultless();
    let expected = ["status of 401", "status of 404", "status of 413"];
    browser.close_ignoring(&[&expected[..], &LOST_CONNECTION].concat()).await;
}

/// One fault of each kind, and what is said of it.
const PLANTED: [(&str, &str); 6] = [
    ("<p data-look='width: 2000px'>wide</p>", "pixels too wide"),
    ("<p data-look='position: absolute; left: -50px'>to the left of all</p>", "outside the screen"),
    (
        "<button data-look='position: absolute; top: 300px; left: 50px'>one</button><button data-look='position: absolute; top: 310px; left: 60px'>two</button>",
        "targets overlap",
    ),
    (
        "<p data-look='position: absolute; top: 300px; left: 50px'>one</p><p data-look='position: absolute; top: 304px; left: 54px'>two</p>",
        "texts overlap",
    ),
    (
        "<p data-look='width: 50px; overflow: hidden; white-space: nowrap'>a text that is longer than that</p>",
        "cut across",
    ),
    ("<p><button data-look='width: 20px; height: 20px; padding: 0'>x</button></p>", "a target of 20.0 x 20.0"),
];

/// Text that is cut, and says so.
const TRACED: &str = "<p data-look='width: 50px; overflow: hidden; white-space: nowrap; text-overflow: ellipsis'>a text that is longer than that</p>";

/// Puts markup at the end of the page. The policy of the page forbids style attributes in it.
const PLANT: &str = "document.querySelector('#planted')?.remove();
    const node = document.createElement('div');
    node.id = 'planted';
    node.innerHTML = arguments[0];
    node.querySelectorAll('[data-look]').forEach((one) => { one.style.cssText = one.dataset.look; });
    document.body.append(node);";

#[tokio::test]
async fn a_planted_fault_of_each_kind_of_place_is_found() {
    let Some(browser) = Browser::start().await else { return };
    let server = Server::open();
    browser.goto(&server.url).await;
    browser.find("drop-zone").await;
    let look = Look::new(&browser);
    look.shape(NARROW).await;
    for (markup, said) in PLANTED {
        browser.run(PLANT, vec![json!(markup)]).await;
        let found = look.geometry(NARROW).await;
        assert!(found["faults"].to_string().contains(said), "{markup}: {found}");
    }
    browser.run(PLANT, vec![json!(TRACED)]).await;
    assert_eq!(look.geometry(NARROW).await["faults"], json!([]), "what leaves a trace is no fault");
    browser.close().await;
}
