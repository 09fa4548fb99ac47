//! `hivesum algorithms`: what can be computed, and how each algorithm is written.

use std::fmt::Write;
use std::process::ExitCode;

use clap::Args;
use hivesum_core::digest::{Algorithm, PartMebibytes};
use serde::Serialize;

use super::output::{ReportFormat, write_stdout};

#[derive(Debug, Args)]
#[command(after_help = "\
Names are read in any case, and with - or / for _. Secure means that no way is known to find two files with the same \
digest; the others detect accidents only. TAG is what stands before the name in a BSD line, TAG (NAME) = HEX.

Examples:
  hivesum algorithms
  hivesum algorithms --format json
  hivesum hash -a blake2b_256,s3_etag_8 FILE")]
pub(super) struct AlgorithmsArgs {
    /// Output format: human or json.
    #[arg(long, value_name = "FORMAT", default_value_t)]
    format: ReportFormat,
}

/// Prints every algorithm, in the order of the API, then those with a parameter.
pub(super) fn run(args: AlgorithmsArgs) -> anyhow::Result<ExitCode> {
    let rows: Vec<Row> = Algorithm::ALL.into_iter().map(Row::of).chain(with_parameter()).collect();
    let text = match args.format {
        ReportFormat::Human => table(&rows),
        ReportFormat::Json => serde_json::to_string_pretty(&rows)? + "\n",
    };
    write_stdout(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// One algorithm, or all that differ in a parameter only.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    family: &'static str,
    /// `null` if the parameter is the number of bits.
    bits: Option<usize>,
    secure: Security,
    default: bool,
    tag: String,
    spellings: &'static [&'static str],
    /// What N stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'static str>,
}

/// Whether no way is known to find two files with the same digest.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
enum Security {
    Is(bool),
    From { from_bits: usize },
}

impl Row {
    fn of(algorithm: Algorithm) -> Self {
        Self {
            name: algorithm.name().to_owned(),
            family: algorithm.family(),
            bits: Some(8 * algorithm.digest_bytes()),
            secure: Security::Is(algorithm.is_secure()),
            default: algorithm == Algorithm::default(),
            tag: algorithm.bsd_tag().to_owned(),
            spellings: algorithm.spellings(),
            parameter: None,
        }
    }

    /// All algorithms that differ from this one in the number at the end of the name.
    fn of_kind(algorithm: Algorithm, parameter: &'static str) -> Self {
        let with_n = |name: &str| name.trim_end_matches(|letter: char| letter.is_ascii_digit()).to_owned() + "N";
        let (name, tag) = (with_n(algorithm.name()), with_n(algorithm.bsd_tag()));
        Self { name, tag, parameter: Some(parameter), ..Self::of(algorithm) }
    }
}

fn with_parameter() -> impl Iterator<Item = Row> {
    let of_bits = |one: Option<Algorithm>, parameter| {
        let secure = Security::From { from_bits: 224 };
        one.map(|one| Row { bits: None, secure, ..Row::of_kind(one, parameter) })
    };
    let of_lengths = [
        of_bits(Algorithm::blake2b(256), "bits, a multiple of 8 from 8 to 504"),
        of_bits(Algorithm::blake3(512), "bits, a multiple of 8 from 8 to 512, other than 256"),
    ];
    let of_parts = PartMebibytes::new(8).into_iter().flat_map(|part| {
        use Algorithm::{S3Crc32, S3Crc32c, S3Etag, S3Sha1, S3Sha256};
        let kinds = [S3Etag(part), S3Crc32(part), S3Crc32c(part), S3Sha1(part), S3Sha256(part)];
        kinds.map(|kind| Row::of_kind(kind, "MiB in a part of the upload, 1 to 5120"))
    });
    of_lengths.into_iter().flatten().chain(of_parts)
}

fn table(rows: &[Row]) -> String {
    let mut text = format!("{:12} {:>4}  {:9} {:9} {:12} OTHER SPELLINGS\n", "NAME", "BITS", "SECURE", "FAMILY", "TAG");
    for row in rows {
        let bits = row.bits.map_or("N".to_owned(), |bits| bits.to_string());
        let secure = match row.secure {
            Security::Is(true) => "yes".to_owned(),
            Security::Is(false) => "no".to_owned(),
            Security::From { from_bits } => format!("from {from_bits}"),
        };
        let notes = match row.parameter {
            Some(parameter) => format!("N: {parameter}"),
            None => row.spellings.join(" "),
        };
        let line = format!("{:12} {bits:>4}  {secure:9} {:9} {:12} {notes}", row.name, row.family, row.tag);
        // Writing into a string never fails.
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}
