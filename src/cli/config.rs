//! `hivesum config`: the settings that a service would use, and the layer that each of them comes from.

use std::fmt::Write;
use std::process::ExitCode;

use clap::ArgMatches;
use clap::parser::ValueSource;
use hivesum::config::RootConfig;
use toml::Table;

use super::output::write_stdout;
use super::serve::ServeArgs;
use super::settings::Settings;

/// Prints the configuration in the format of the file, each line with its origin.
pub(super) fn run(args: ServeArgs, flags: &ArgMatches) -> anyhow::Result<ExitCode> {
    let file = args.file()?;
    let roots_given = !args.roots.is_empty();
    let config = args.into_config("config")?;
    let in_force = Table::try_from(Settings::of(&config))?;
    let in_file = Table::try_from(&file)?;
    print_settings(Settings::NAMES, &in_force, (flags, &in_file), (&config.roots, roots_given))
}

/// Prints settings in the format of the file, each line with its origin: the command line, the environment, the file or
/// nothing. The directories come from the command line if some were given there.
pub(super) fn print_settings(
    names: &[&str],
    in_force: &Table,
    (flags, in_file): (&ArgMatches, &Table),
    (roots, roots_given): (&[RootConfig], bool),
) -> anyhow::Result<ExitCode> {
    let mut text = String::new();
    for name in names {
        let origin = origin(name, flags, in_file);
        // Writing into a string never fails.
        let _ = match in_force.get(*name) {
            Some(value) => writeln!(text, "{name} = {value}  # {origin}"),
            None => writeln!(text, "# {name} is not set"),
        };
    }
    let origin_of_roots = if roots_given { "command line" } else { "file" };
    write_roots(&mut text, roots, origin_of_roots);
    write_stdout(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// All directories come from the same layer.
fn write_roots(text: &mut String, roots: &[RootConfig], origin: &str) {
    if roots.is_empty() {
        return text.push_str("\n# no roots are set\n");
    }
    let _ = writeln!(text, "\n[roots]  # {origin}");
    for root in roots {
        let name = root.name.clone().unwrap_or_else(|| root.path.display().to_string());
        let path = toml::Value::from(root.path.display().to_string());
        let _ = writeln!(text, "{} = {path}", toml::Value::from(name));
    }
}

fn origin(name: &str, flags: &ArgMatches, in_file: &Table) -> &'static str {
    match flags.value_source(name) {
        Some(ValueSource::CommandLine) => "command line",
        Some(ValueSource::EnvVariable) => "environment",
        _ if in_file.contains_key(name) => "file",
        _ => "default",
    }
}
