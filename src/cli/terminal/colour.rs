//! When reports have colours, and which. On a terminal, not in pipes and files, unless `--color` says otherwise; the
//! variable `NO_COLOR` (no-color.org) and a terminal that is `dumb` turn them off, too. Only verdicts are coloured:
//! digests and names are what other programs read.

use std::env;
use std::io::{self, IsTerminal};

use clap::{Args, ValueEnum};

// The flags about the screen, shared by the commands that take long.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(in crate::cli) struct ScreenArgs {
    /// Colour verdicts. auto: if standard output is a terminal and NO_COLOR is not set.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t, help_heading = "Terminal")]
    color: When,

    /// Show no progress bar. There is none anyway where standard error is no terminal.
    #[arg(long, help_heading = "Terminal")]
    no_progress: bool,
}

/// When reports are coloured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum When {
    #[default]
    Auto,
    Always,
    Never,
}

/// Whether words are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Paint {
    Always,
    Never,
}

/// What a word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Colour {
    /// All is well: green.
    Good,
    /// Something to look at: yellow.
    Notable,
    /// A file is not what it should be: red and bold.
    Bad,
}

impl ScreenArgs {
    pub(in crate::cli) fn shows_progress(self) -> bool {
        !self.no_progress
    }

    pub(super) fn paint(self) -> Paint {
        let is_wanted = match self.color {
            When::Always => true,
            When::Never => false,
            When::Auto => {
                io::stdout().is_terminal()
                    && !is_set("NO_COLOR")
                    && env::var_os("TERM").is_some_and(|term| term != "dumb")
            }
        };
        if is_wanted { Paint::Always } else { Paint::Never }
    }
}

/// Whether a variable is present and not empty, as no-color.org has it.
fn is_set(variable: &str) -> bool {
    env::var_os(variable).is_some_and(|value| !value.is_empty())
}

impl Paint {
    pub(super) fn painted(self, word: &str, colour: Colour) -> String {
        // "Select Graphic Rendition" of ECMA-48, 8.3.117.
        let code = match colour {
            Colour::Good => "32",
            Colour::Notable => "33",
            Colour::Bad => "1;31",
        };
        match self {
            Self::Always => format!("\x1b[{code}m{word}\x1b[0m"),
            Self::Never => word.to_owned(),
        }
    }
}
