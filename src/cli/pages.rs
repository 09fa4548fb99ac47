//! `hivesum completions` and `hivesum man`: what shells and `man` read about the command line.
//!
//! Both are made from the commands themselves, so that no option can be missing, and hold no date and no path: the same
//! program always prints the same bytes. The help that follows the options becomes sections of a page: lines that are
//! indented stand as they are, "Examples:" and "Exit status:" are headings.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::ValueHint;
use clap::{Args, Command};
use clap_complete::aot::{Shell, generate};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::atomic_file::AtomicFile;
use super::error::{UsageError, path_error};
use super::output::write_stdout;

/// The name of the program, which the completions are for.
const PROGRAM: &str = "hivesum";

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hivesum completions bash > ~/.local/share/bash-completion/completions/hivesum
  hivesum completions zsh > ~/.zfunc/_hivesum        a directory of $fpath
  hivesum completions fish > ~/.config/fish/completions/hivesum.fish")]
pub(super) struct CompletionsArgs {
    /// The shell to complete commands and options in.
    #[arg(value_name = "SHELL", value_enum)]
    shell: CompletedShell,
}

/// The shells that completions are tested with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum CompletedShell {
    Bash,
    Zsh,
    Fish,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hivesum man bag make | man -l -                           read the page of one command
  hivesum man --dir ~/.local/share/man/man1                 write all pages

Exit status: 0 success; 1 a page could not be written; 2 wrong command line.")]
pub(super) struct ManArgs {
    /// The command whose page is printed, such as hash, or bag make [default: the page of hivesum itself].
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,

    /// Write the pages of all commands to this directory, which is created if there is none. Pages are replaced.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "command")]
    dir: Option<PathBuf>,
}

/// Prints the completions of this command line for a shell.
pub(super) fn completions(args: &CompletionsArgs, mut cli: Command) -> anyhow::Result<ExitCode> {
    let shell = match args.shell {
        CompletedShell::Bash => Shell::Bash,
        CompletedShell::Zsh => Shell::Zsh,
        CompletedShell::Fish => Shell::Fish,
    };
    let mut script = Vec::new();
    generate(shell, &mut cli, PROGRAM, &mut script);
    write_stdout(&script)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints one manual page of this command line, or writes all of them.
pub(super) fn man(args: &ManArgs, cli: Command) -> anyhow::Result<ExitCode> {
    let mut cli = cli.disable_help_subcommand(true);
    cli.build();
    match &args.dir {
        Some(dir) => write_all(&cli, dir)?,
        None => write_stdout(&page(command_of(&cli, &args.command)?)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn command_of<'a>(cli: &'a Command, words: &[String]) -> Result<&'a Command, UsageError> {
    words.iter().try_fold(cli, |command, word| {
        command.find_subcommand(word).ok_or_else(|| {
            let name = command.get_bin_name().unwrap_or(PROGRAM);
            UsageError::of("man", format!("{name} has no command {word:?}"))
        })
    })
}

fn write_all(command: &Command, dir: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(dir).map_err(|error| path_error(dir.as_os_str(), &error))?;
    for command in with_commands_below(command) {
        let path = dir.join(file_name(command));
        write_page(command, &path).map_err(|error| path_error(path.as_os_str(), &error))?;
    }
    Ok(())
}

fn with_commands_below(command: &Command) -> Vec<&Command> {
    let below = command.get_subcommands().flat_map(with_commands_below);
    std::iter::once(command).chain(below).collect()
}

/// `hivesum-bag-make.1`
fn file_name(command: &Command) -> String {
    format!("{}.1", command.get_display_name().unwrap_or_else(|| command.get_name()))
}

fn write_page(command: &Command, path: &Path) -> io::Result<()> {
    let text = page(command)?;
    let mut file = AtomicFile::create(path)?;
    file.write_all(&text)?;
    file.commit()
}

/// The page of one command, in the `man` macros of roff.
fn page(command: &Command) -> io::Result<Vec<u8>> {
    let man = Man::new(command.clone());
    // The crate does not quote a date that is empty, and the source would take its place.
    let title = command.get_display_name().unwrap_or_else(|| command.get_name()).replace('-', "\\-");
    let version = env!("CARGO_PKG_VERSION");
    let mut text = format!(".TH {title} 1 \"\" \"hivesum {version}\" \"hivesum manual\"\n").into_bytes();
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    if command.get_arguments().next().is_some() {
        man.render_options_section(&mut text)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    if let Some(closing) = command.get_after_help() {
        sections_of(&closing.to_string()).to_writer(&mut text)?;
    }
    Ok(text)
}

/// The help that follows the options, as sections.
fn sections_of(closing: &str) -> Roff {
    let mut roff = Roff::new();
    let mut section = None;
    let mut indented = false;
    for line in closing.lines().filter(|line| !line.is_empty()) {
        if indented != line.starts_with(' ') {
            indented = !indented;
            roff.control(if indented { "nf" } else { "fi" }, []);
        }
        let (heading, text) = match line.strip_prefix("Exit status: ") {
            Some(text) => (Heading::ExitStatus, text),
            None if line == "Examples:" => (Heading::Examples, ""),
            // Indented lines belong to the text before them.
            None if indented => (section.unwrap_or(Heading::Notes), line.trim_start()),
            None => (Heading::Notes, line),
        };
        if section.replace(heading) != Some(heading) {
            roff.control("SH", [heading.title()]);
        } else if !indented {
            roff.control("PP", []);
        }
        if !text.is_empty() {
            roff.text([roman(text)]);
        }
    }
    if indented {
        roff.control("fi", []);
    }
    roff
}

/// A section after the options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heading {
    Notes,
    Examples,
    ExitStatus,
}

impl Heading {
    const fn title(self) -> &'static str {
        match self {
            Self::Notes => "NOTES",
            Self::Examples => "EXAMPLES",
            Self::ExitStatus => "EXIT STATUS",
        }
    }
}
