//! Environment variables of options: which one gave a value, and which of them was misspelt.
//!
//! A flag overrides its variable, so a value comes from the variable where the flag was not given. Unknown variables are
//! no error, because other programs may use the prefix, too; one that is nearly that of an option is told.

use std::env;

use clap::error::{ContextKind, ContextValue};

/// What the names of all variables begin with.
const PREFIX: &str = "HIVESUM_";

/// How many letters may be wrong, missing, too many or swapped.
const MOST_TYPOS: usize = 2;

/// The error about a value, which names the variable that it comes from instead of the flag that was not given.
pub(super) fn blamed(mut error: clap::Error, command: &clap::Command) -> clap::Error {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else { return error };
    let Some(long) = argument.split([' ', '=']).next().and_then(|flag| flag.strip_prefix("--")) else { return error };
    let is_given = |word: &std::ffi::OsStr| {
        let rest = word.to_str().and_then(|word| word.strip_prefix("--")?.strip_prefix(long));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    };
    let declared = command.get_arguments().find(|one| one.get_long() == Some(long)).and_then(clap::Arg::get_env);
    let Some(variable) = declared.filter(|name| env::var_os(name).is_some()) else { return error };
    if env::args_os().any(|word| is_given(&word)) {
        return error;
    }
    let shown = format!("{}, the variable of {argument}", variable.to_string_lossy());
    error.insert(ContextKind::InvalidArg, ContextValue::String(shown));
    error
}

/// What to say of each variable of the environment that is nearly one of this command's options.
pub(super) fn misspelt(command: &clap::Command) -> Vec<String> {
    let declared = command.get_arguments().filter_map(clap::Arg::get_env);
    let known: Vec<String> = declared.map(|name| name.to_string_lossy().into_owned()).collect();
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.filter_map(|name| told_of(&name, &known)).collect()
}

fn told_of(name: &str, known: &[String]) -> Option<String> {
    if !name.starts_with(PREFIX) || known.iter().any(|one| one == name) {
        return None;
    }
    let typos = |one: &&String| strsim::damerau_levenshtein(name, one);
    let meant = known.iter().min_by_key(typos).filter(|one| typos(one) <= MOST_TYPOS)?;
    Some(format!("the environment variable {name} is of no setting; did you mean {meant}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_nearly_a_variable_of_an_option_is_told() {
        let known = ["HIVESUM_MAX_UPLOADS", "HIVESUM_STATE"].map(str::to_owned);
        let told = told_of("HIVESUM_MAX_UPLODS", &known).unwrap();
        assert!(told.ends_with("HIVESUM_MAX_UPLODS is of no setting; did you mean HIVESUM_MAX_UPLOADS?"), "{told}");
        for other in ["HIVESUM_STATE", "HIVESUM_REQUIRE_TOOLS", "MAX_UPLOADS", "HIVESUM_"] {
            assert_eq!(told_of(other, &known), None, "{other}");
        }
    }
}
