//! A look at a scene in every shape of the screen: a picture, the places of things, and axe-core. Faults are gathered, so
//! that one run tells all of them.

use std::cell::RefCell;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::accessibility::{axe_core, violations};
use crate::appearance::{NARROW_PIXELS, size};
use crate::browser::Browser;

/// WCAG 2.2, success criterion 2.5.8: the least side of what a finger presses, in pixels.
const LEAST_TARGET_PIXELS: u32 = 24;
/// Chromium draws no picture beyond this height.
const MOST_PICTURE_PIXELS: u64 = 16_000;
const GEOMETRY: &str = include_str!("geometry.js");

/// Whose rules hold in a shape, besides those for the places of things.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Audit {
    /// axe-core too.
    Accessible,
    /// No others.
    Places,
}

/// A size of the screen, in pixels, and a colour scheme.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    name: &'static str,
    scheme: &'static str,
    width: u32,
    height: u32,
    least_target: u32,
    audit: Audit,
}

const LIGHT: Shape =
    Shape { name: "light", scheme: "light", width: 1200, height: 800, least_target: 0, audit: Audit::Accessible };
const DARK: Shape = Shape { name: "dark", scheme: "dark", audit: Audit::Places, ..LIGHT };
pub(super) const NARROW: Shape = Shape {
    name: "narrow",
    scheme: "dark",
    width: NARROW_PIXELS,
    height: 844,
    least_target: LEAST_TARGET_PIXELS,
    audit: Audit::Accessible,
};
const LARGE: Shape = Shape { name: "large", width: 2560, height: 1440, audit: Audit::Places, ..LIGHT };
/// No two of one size follow each other: a picture of more than the screen leaves the page without its scrollbar, until
/// it is laid out again.
const ALL: [Shape; 4] = [LIGHT, LARGE, DARK, NARROW];

pub(super) struct Look<'a> {
    browser: &'a Browser,
    axe: Option<String>,
    faults: RefCell<Vec<String>>,
}

impl<'a> Look<'a> {
    pub(super) fn new(browser: &'a Browser) -> Self {
        Self { browser, axe: axe_core(), faults: RefCell::default() }
    }

    /// Looks at what the page shows now, in every shape. The page is left in the last of them.
    pub(super) async fn at(&self, scene: &str) {
        for shape in ALL {
            self.once(scene, shape).await;
        }
    }

    /// The same in one shape.
    pub(super) async fn once(&self, scene: &str, shape: Shape) {
        self.shape(shape).await;
        let place = self.geometry(shape).await;
        assert!(place["seen"].as_u64().unwrap() > 1, "{scene}: nothing was looked at");
        let place: Vec<String> = serde_json::from_value(place["faults"].clone()).unwrap();
        self.picture(&format!("{scene}-{}", shape.name)).await;
        self.note(scene, shape, &place);
        if let (Some(axe), Audit::Accessible) = (&self.axe, shape.audit) {
            let found = violations(self.browser, axe).await;
            self.note(scene, shape, &found.iter().map(|fault| format!("axe-core: {fault}")).collect::<Vec<_>>());
        }
    }

    fn note(&self, scene: &str, shape: Shape, found: &[String]) {
        self.faults.borrow_mut().extend(found.iter().map(|fault| format!("{scene}, {}: {fault}", shape.name)));
    }

    /// Only its picture and its width: the page is made by others.
    pub(super) async fn at_foreign(&self, scene: &str) {
        for shape in ALL {
            self.shape(shape).await;
            let wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
            let wide = self.browser.value(wide).await.as_i64().unwrap();
            self.picture(&format!("{scene}-{}", shape.name)).await;
            if wide > 0 {
                self.note(scene, shape, &[format!("{wide} pixels too wide")]);
            }
        }
    }

    /// Gives the screen this shape. Nothing is animated: a picture shows the end of every transition.
    pub(super) async fn shape(&self, shape: Shape) {
        let features = json!({ "features": [
            { "name": "prefers-color-scheme", "value": shape.scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        self.browser.devtools("Emulation.setEmulatedMedia", features).await;
        size(self.browser, shape.width, shape.height).await;
        self.browser.until(&format!("matchMedia('(prefers-color-scheme: {})').matches", shape.scheme)).await;
    }

    /// `{faults, seen}`: what is wrong with the places of things, and how many texts and icons were looked at.
    pub(super) async fn geometry(&self, shape: Shape) -> Value {
        let found = self.browser.client.execute_async(GEOMETRY, vec![json!(shape.least_target)]).await;
        found.unwrap()
    }

    /// Writes a picture of the whole page to `pictures/` in the target directory.
    async fn picture(&self, name: &str) {
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pictures");
        std::fs::create_dir_all(&directory).unwrap();
        let [width, height] = ["innerWidth", "Math.max(innerHeight, document.documentElement.scrollHeight)"];
        let size = self.browser.value(&format!("[{width}, {height}, innerHeight]")).await;
        let height = size[1].as_u64().unwrap().min(MOST_PICTURE_PIXELS);
        let clip = json!({ "x": 0, "y": 0, "width": size[0], "height": height, "scale": 1 });
        let is_higher = height > size[2].as_u64().unwrap();
        let wanted =
            json!({ "format": "png", "optimizeForSpeed": true, "captureBeyondViewport": is_higher, "clip": clip });
        let picture = self.browser.devtools("Page.captureScreenshot", wanted).await;
        let bytes = STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        std::fs::write(directory.join(name).with_extension("png"), bytes).unwrap();
    }

    /// Ends the look: there was nothing wrong with any scene.
    pub(super) fn assert_faultless(self) {
        let faults = self.faults.into_inner();
        assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
    }
}
