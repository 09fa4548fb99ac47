//! `bag-info.txt` (RFC 8493 section 2.2.2): metadata elements, of which `Payload-Oxum` is checked.

use super::declaration::Version;
use super::field::OXUM;
use super::manifest::Reading;
use super::payload::Oxum;
use super::report::Report;
use super::text::{TextError, TextLines};

/// The elements of one file while it is read.
#[derive(Debug)]
struct Elements {
    version: Version,
    /// The values of `Payload-Oxum`.
    oxums: Vec<String>,
    /// Whether there is an element that a line can continue, and whether it is an oxum.
    last: Option<bool>,
    blank_lines: u64,
}

impl Elements {
    fn new(version: Version) -> Self {
        Self { version, oxums: Vec::new(), last: None, blank_lines: 0 }
    }

    /// The error says what is wrong with the line.
    fn add_line(&mut self, line: &str) -> Result<(), &'static str> {
        const BLANKS: [char; 2] = [' ', '\t'];
        if line.trim_matches(BLANKS).is_empty() {
            self.blank_lines += 1;
            return Ok(());
        }
        if line.starts_with(BLANKS) {
            return self.continue_value(line.trim_start_matches(BLANKS));
        }
        // Lines that continue one with a fault are not faults of their own.
        self.last = Some(false);
        let (label, value) = line.split_once(':').ok_or("has no colon")?;
        if label.is_empty() {
            return Err("has no label before its colon");
        }
        if self.version == Version::V1 && label.ends_with(BLANKS) {
            return Err("has a blank before its colon");
        }
        if self.version == Version::V1 && !value.starts_with(BLANKS) {
            return Err("has no blank after its colon");
        }
        if label.trim_end_matches(BLANKS).eq_ignore_ascii_case(OXUM) {
            self.oxums.push(value.to_owned());
            self.last = Some(true);
        }
        Ok(())
    }

    fn continue_value(&mut self, more: &str) -> Result<(), &'static str> {
        let is_oxum = self.last.ok_or("continues no element: it begins with a blank")?;
        if let Some(oxum) = self.oxums.last_mut().filter(|_| is_oxum) {
            oxum.push_str(more);
        }
        Ok(())
    }
}

impl Reading<'_> {
    /// Checks the file, if there is one, against the payload as it is; `None` if that cannot be told.
    pub(super) fn info(self, found: Option<Oxum>, report: &mut Report) {
        let file = self.version.info_file();
        let mut elements = Elements::new(self.version);
        let read = match self.bag.open_tag_file(file) {
            Ok(None) => return,
            Ok(Some(reader)) => TextLines::new(reader, self.encoding).and_then(|mut lines| {
                read_lines(file, &mut lines, &mut elements, report)?;
                lines.tell_oddities(|text| report.warning(file.as_bytes(), text));
                Ok(())
            }),
            Err(why) => return report.fault(file.as_bytes(), why),
        };
        if let Err(error) = read {
            report.fault(file.as_bytes(), error.to_string());
        }
        if elements.blank_lines > 0 {
            report.warning(file.as_bytes(), "has blank lines: it will fail strict validation");
        }
        self.oxums(&elements.oxums, found, report);
    }

    fn oxums(self, written: &[String], found: Option<Oxum>, report: &mut Report) {
        let file = self.version.info_file().as_bytes();
        match (written.len(), self.version) {
            (0 | 1, _) => {}
            (_, Version::V1) => report.fault(file, "has more than one Payload-Oxum"),
            (_, Version::Draft(_)) => report.warning(file, "has more than one Payload-Oxum"),
        }
        for written in written {
            match Oxum::of(written.trim_matches([' ', '\t'])) {
                None => report.fault(file, "has an invalid Payload-Oxum"),
                Some(stated) => {
                    let Some(found) = found else {
                        report.unsupported(file, "Payload-Oxum: not all of the payload could be read");
                        continue;
                    };
                    if stated == found {
                        continue;
                    }
                    let what = format!(
                        "says that the payload is {}.{}, but it is {}.{}",
                        stated.octets, stated.files, found.octets, found.files
                    );
                    report.fault(file, what);
                }
            }
        }
    }
}

fn read_lines(
    file: &str,
    lines: &mut TextLines<impl std::io::BufRead>,
    elements: &mut Elements,
    report: &mut Report,
) -> Result<(), TextError> {
    while let Some(line) = lines.next_line()? {
        let read = match line.text.as_deref() {
            None => Err("is not in the encoding that bagit.txt names"),
            Some(text) => elements.add_line(text),
        };
        if let Err(what) = read {
            report.fault(file.as_bytes(), format!("line {} {what}", line.number));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bag::info_file::InfoFile;

    fn read(text: &str, version: Version) -> (Vec<String>, Vec<(usize, &'static str)>) {
        let mut elements = Elements::new(version);
        let faults = text.lines().enumerate();
        let faults = faults.filter_map(|(at, line)| Some((at + 1, elements.add_line(line).err()?))).collect();
        (elements.oxums, faults)
    }

    #[test]
    fn an_oxum_that_was_written_is_read_back() {
        let oxum = Oxum { octets: 12, files: 3 };
        let mut written = InfoFile::default();
        written.set_computed(oxum, "2024-01-02");
        let (oxums, faults) = read(&written.text(), Version::V1);
        assert_eq!((oxums, faults), (vec![" 12.3".to_owned()], vec![]));
        assert_eq!(Oxum::of("12.3"), Some(oxum));
    }

    #[test]
    fn every_line_is_an_element_or_continues_one() {
        let text = "A: b\n\tc: d\n  e\nPAYLOAD-oxum: 1\n .2\n: x\nno colon\n  more\nB : c\nC:d\nD: \nE\tF: g\n";
        let faults = [
            (6, "has no label before its colon"),
            (7, "has no colon"),
            (9, "has a blank before its colon"),
            (10, "has no blank after its colon"),
        ];
        assert_eq!(read(text, Version::V1), (vec![" 1.2".to_owned()], faults.to_vec()));
        assert_eq!(read(text, Version::Draft(97)).1, faults[..2]);
        assert_eq!(read("\n x\n", Version::V1).1, [(2, "continues no element: it begins with a blank")]);
    }
}
