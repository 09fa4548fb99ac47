use jiff::Timestamp;

use super::*;

#[test]
fn what_is_sent_is_what_is_read() {
    let token = Token {
        id: "1".to_owned(),
        name: "a \"b\"\n".to_owned(),
        scopes: "read".to_owned(),
        created_at: Timestamp::UNIX_EPOCH,
        expires_at: None,
    };
    for command in [
        Command::TokenCreate { token: token.clone(), secret_sha256: "00".repeat(32) },
        Command::TokenList { after: None },
        Command::TokenRevoke { id: "1".to_owned() },
        Command::TokenLink {},
        Command::JobDelete { id: "0197a2b4-6d3c-7000-8000-000000000001".parse().unwrap() },
        Command::RootAccept { name: "photos".to_owned() },
        Command::CollectionForget { id: "1".to_owned() },
        Command::ScrubShow { key: Uuid::nil(), after: 7 },
        Command::ScrubCancel { key: Uuid::nil() },
    ] {
        let line = line_of(&command).unwrap();
        assert_eq!(line.iter().position(|&byte| byte == b'\n'), Some(line.len() - 1));
        assert_eq!(parse::<Command>(&line).unwrap(), command);
        assert_eq!(serde_json::from_slice::<Value>(&line).unwrap()["command"], command.name());
    }
    let answer = Answer::Tokens { tokens: vec![token], more: false };
    assert_eq!(parse::<Answer>(&line_of(&answer).unwrap()).unwrap(), answer);
    assert_eq!(line_of(&Command::TokenLink {}).unwrap(), b"{\"v\":1,\"command\":\"token_link\"}\n");
}

#[test]
fn whatever_is_not_known_is_refused_in_words() {
    for (line, words) in [
        ("", "not a JSON object"),
        ("[1]", "not a JSON object"),
        ("\"token_link\"", "not a JSON object"),
        ("{\"command\":\"token_link\"}", "version null of the control protocol is not known"),
        ("{\"v\":2,\"command\":\"token_link\"}", "this hivesum speaks version 1"),
        ("{\"v\":\"1\",\"command\":\"token_link\"}", "version \"1\" of the control protocol"),
        ("{\"v\":1}", "missing field `command`"),
        ("{\"v\":1,\"command\":\"format_disk\"}", "unknown variant `format_disk`, expected one of `token_create`"),
        ("{\"v\":1,\"command\":\"token_link\",\"for\":\"me\"}", "unknown field `for`"),
        ("{\"v\":1,\"command\":\"token_revoke\"}", "missing field `id`"),
        ("{\"v\":1,\"command\":\"token_revoke\",\"id\":1}", "invalid type"),
        ("{\"v\":1,\"command\":\"job_delete\",\"id\":\"x\"}", ""),
    ] {
        let refused = parse::<Command>(line.as_bytes()).unwrap_err().to_string();
        assert!(refused.contains(words), "{line}: {refused}");
    }
}
