//! Why a receiver gave no answer, in words.
//!
//! Decides how the error of a client is told: by its deepest cause, and what TLS refuses by what is wrong with it.
//! Others rely on this: the words have no URL, no host, and nothing of what a certificate says.

use std::error::Error;
use std::io;

use tokio_rustls::rustls::{self, CertificateError};

/// What a certificate is refused for that an authority signs others with.
const AN_AUTHORITYS: &str = "CaUsedAsEndEntity";

/// The deepest cause of an error.
pub(super) fn in_words(error: &(dyn Error + 'static)) -> String {
    if let Some(error) = error.downcast_ref() {
        return of_tls(error);
    }
    // What an I/O error carries is not its source: that is the source of what it carries.
    let carried = error.downcast_ref().and_then(io::Error::get_ref);
    match carried.map(|carried| carried as &(dyn Error + 'static)).or_else(|| error.source()) {
        Some(deeper) => in_words(deeper),
        None => error.to_string(),
    }
}

fn of_tls(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(why) => of_certificate(why),
        rustls::Error::General(words) => words.clone(),
        rustls::Error::InvalidMessage(_) => "it does not speak TLS".to_owned(),
        other => other.to_string(),
    }
}

fn of_certificate(why: &CertificateError) -> String {
    use CertificateError::{Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet};
    let words = match why {
        CertificateError::UnknownIssuer => {
            "no authority that is trusted here has signed its certificate (SSL_CERT_FILE names others)"
        }
        NotValidForName | NotValidForNameContext { .. } => "its certificate is for other names",
        Expired | ExpiredContext { .. } => "its certificate has expired",
        NotValidYet | CertificateError::NotValidYetContext { .. } => "its certificate is not valid yet",
        CertificateError::Other(why) if why.0.to_string() == AN_AUTHORITYS => {
            "its certificate is an authority's (CA:TRUE), and none that such an authority has signed for a server"
        }
        other => return format!("its certificate is refused: {other}"),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use tokio_rustls::rustls::pki_types::{ServerName, UnixTime};

    use super::*;

    #[test]
    fn what_is_wrong_with_a_certificate_is_found_below_other_errors_and_told_without_names() {
        let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(9));
        let expected = ServerName::try_from("secret.example").unwrap();
        let presented = vec!["foreign".to_owned()];
        for (why, words) in [
            (CertificateError::NotValidForNameContext { expected, presented }, "its certificate is for other names"),
            (CertificateError::ExpiredContext { time, not_after: time }, "its certificate has expired"),
            (CertificateError::NotValidYetContext { time, not_before: time }, "its certificate is not valid yet"),
            (CertificateError::BadSignature, "its certificate is refused: BadSignature"),
        ] {
            let carried = io::Error::new(io::ErrorKind::InvalidData, rustls::Error::InvalidCertificate(why));
            assert_eq!(in_words(&io::Error::other(carried)), words);
        }
        assert_eq!(in_words(&io::Error::other("by itself")), "by itself");
        assert_eq!(in_words(&io::Error::from_raw_os_error(111)), "Connection refused (os error 111)");
    }
}
