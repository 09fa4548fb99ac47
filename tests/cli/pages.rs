//! `hivesum completions` and `hivesum man`: complete, always the same, and accepted by the programs that read them.
//! What must be in them is taken from the help.

use hivesum_test_support::has_tool;

use super::work_dir::{HIVESUM, WorkDir};

/// A command, and what `--help` says about it.
pub(super) struct Described {
    /// Empty for the program itself.
    pub(super) words: Vec<String>,
    pub(super) help: String,
}

/// All commands, found by way of the help.
pub(super) fn commands() -> Vec<Described> {
    let mut all = Vec::new();
    let mut open = vec![Vec::new()];
    while let Some(words) = open.pop() {
        let help = WorkDir::new().hivesum(words.iter().map(String::as_str).chain(["--help"])).expect_success();
        let below = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
        // A name is indented by two blanks; the lines that its description goes on in, by more.
        let names = below.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
        open.extend(names.filter(|name| !name.is_empty() && *name != "help").map(|name| {
            let name: &str = name;
            [&words[..], &[name.to_owned()]].concat()
        }));
        all.push(Described { words, help });
    }
    assert!(all.len() > 30, "only {} commands were found", all.len());
    all
}

impl Described {
    /// The long options, in the order of the help.
    fn options(&self) -> Vec<&str> {
        let lines = self.help.lines().filter_map(|line| line.strip_prefix("  ")).map(str::trim_start);
        let flags = lines.filter(|line| line.starts_with('-')).filter_map(|line| line.split_once("--"));
        flags.map(|(_, rest)| rest.split([' ', '[', '=']).next().unwrap()).collect()
    }
}

#[test]
fn every_command_and_option_is_in_the_manual_pages() {
    let dir = WorkDir::new();
    assert_eq!(dir.hivesum(["man", "--dir", "new/man1"]).expect_success(), "");
    let commands = commands();
    assert_eq!(std::fs::read_dir(dir.path("new/man1")).unwrap().count(), commands.len());
    for command in &commands {
        let name = [&["hivesum".to_owned()][..], &command.words].concat().join("-");
        let page = dir.read(&format!("new/man1/{name}.1"));
        let args = ["man"].into_iter().chain(command.words.iter().map(String::as_str));
        assert_eq!(dir.hivesum(args).expect_success(), page, "{name}");
        assert!(page.contains(&format!("\n{} \\- ", name.replace('-', "\\-"))), "{name}: {page}");
        for option in command.options() {
            assert!(page.contains(&format!("\\-\\-{}", option.replace('-', "\\-"))), "{name}: {option}");
        }
    }
}

#[test]
fn pages_and_completions_are_the_same_every_time_and_say_nothing_of_this_machine() {
    let dir = WorkDir::new();
    for args in
        [&["man"][..], &["man", "serve"], &["completions", "bash"], &["completions", "zsh"], &["completions", "fish"]]
    {
        let printed = dir.hivesum(args).expect_success();
        let elsewhere = dir.command(HIVESUM).args(args).env("HIVESUM_STATE", "/secret").env("HOME", "/secret").output();
        assert_eq!(String::from_utf8(elsewhere.unwrap().stdout).unwrap(), printed, "{args:?}");
        assert!(!printed.contains("/secret"));
    }
}

#[test]
fn the_formatter_of_man_accepts_every_page_without_a_warning() {
    if !has_tool("groff") {
        return;
    }
    let dir = WorkDir::new();
    dir.hivesum(["man", "--dir", "man"]).expect_success();
    for name in std::fs::read_dir(dir.path("man")).unwrap().map(|entry| entry.unwrap().path()) {
        let formatted = dir.command("groff").args(["-man", "-Tutf8", "-ww", "-z"]).arg(&name).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&formatted.stderr), "", "{}", name.display());
    }
}

#[test]
fn a_page_has_its_examples_as_they_are_typed_and_its_exit_statuses() {
    if !has_tool("groff") {
        return;
    }
    let dir = WorkDir::new();
    let page = dir.hivesum(["man", "bag", "make"]).expect_success();
    let formatted = dir.feed("groff", page.as_bytes(), ["-man", "-Tascii", "-P-cbou"]).expect_success();
    let lines: Vec<_> = formatted.lines().map(str::trim_end).collect();
    for wanted in ["NOTES", "EXAMPLES", "       hivesum bag make delivery", "EXIT STATUS", "OPTIONS", "READING"] {
        assert!(lines.contains(&wanted), "{wanted:?}: {formatted}");
    }
    let (first, last) = (lines[0], *lines.iter().rfind(|line| !line.is_empty()).unwrap());
    assert!(first.contains("hivesum manual"), "{first}");
    assert!(last.starts_with("hivesum 0.1.0 ") && last.ends_with(" hivesum-bag-make(1)"), "{last}");
}

#[test]
fn every_command_and_option_is_in_the_completions() {
    let dir = WorkDir::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = dir.hivesum(["completions", shell]).expect_success();
        for command in commands() {
            for option in command.options() {
                let written = if shell == "fish" { format!("-l {option}") } else { format!("--{option}") };
                assert!(script.contains(&written), "{shell}: {:?} --{option}", command.words);
            }
        }
    }
}

#[test]
fn shells_accept_their_completions() {
    let dir = WorkDir::new();
    for (shell, only_read) in [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")] {
        if has_tool(shell) {
            dir.write(shell, dir.hivesum(["completions", shell]).expect_success());
            assert_eq!(dir.run(shell, [only_read, shell]).expect_success(), "");
        }
    }
}

/// What bash offers for a command line whose last word is not finished.
fn offered_by_bash(words: &[&str]) -> Vec<String> {
    let dir = WorkDir::new();
    dir.write("completions", dir.hivesum(["completions", "bash"]).expect_success());
    let script = r#"
        source ./completions
        function=$(complete -p hivesum) function=${function##*-F } function=${function%% *}
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        "$function" "$1" "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}""#;
    let args = ["-c", script, "bash"].into_iter().chain(words.iter().copied());
    dir.run("bash", args).expect_success().lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_and_words() {
    if !has_tool("bash") {
        return;
    }
    for (words, wanted) in [
        (&["hivesum", "comp"][..], &["compare", "completions"][..]),
        (&["hivesum", "bag", "m"], &["make"]),
        (&["hivesum", "serve", "--tls"], &["--tls-cert", "--tls-key"]),
        (&["hivesum", "hash", "--color", "a"], &["auto", "always"]),
        (&["hivesum", "completions", "z"], &["zsh"]),
    ] {
        assert_eq!(offered_by_bash(words), wanted, "{words:?}");
    }
}
