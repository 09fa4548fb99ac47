use super::super::testing::{Bench, connect_beside};
use super::super::tokens::{NewToken, Tokens};
use super::*;

fn token(bench: &Bench, expires_at: Option<Timestamp>) -> TokenRecord {
    let new = NewToken { name: "a name".to_owned(), scopes: "read".parse().unwrap(), expires_at };
    Tokens::open(bench.dir.path()).unwrap().create(new).unwrap().record
}

fn begin(bench: &mut Bench, token: Option<&str>, now: Timestamp) -> SecretHash {
    SecretHash::of(&insert(&mut bench.connection, token, now).unwrap().unwrap().0)
}

fn stored(bench: &Bench, hash: SecretHash) -> Option<Session> {
    find(&bench.connection, hash).unwrap()
}

/// Uses a session as the service does.
fn use_at(bench: &mut Bench, hash: SecretHash, now: Timestamp) -> Option<Session> {
    let session = stored(bench, hash).filter(|session| session.is_valid_at(now))?;
    put_off(&mut bench.connection, &session.id, session.end_if_used(now)).unwrap();
    stored(bench, hash)
}

fn count(connection: &Connection) -> i64 {
    connection.query_row("SELECT count(*) FROM sessions", [], |row| row.get(0)).unwrap()
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

#[test]
fn a_session_ends_a_day_after_its_last_use_and_after_30_days_at_most() {
    let mut bench = Bench::new();
    let opened: Timestamp = "2026-01-01T00:00:00.9Z".parse().unwrap();
    let hash = begin(&mut bench, None, opened);
    let unused = begin(&mut bench, None, opened);
    assert!(stored(&bench, unused).unwrap().is_valid_at(opened + hours(23)));
    assert!(!stored(&bench, unused).unwrap().is_valid_at(opened + hours(24)));
    for hour in (12..30 * 24).step_by(12) {
        assert!(use_at(&mut bench, hash, opened + hours(hour)).is_some(), "after {hour} hours");
    }
    let session = stored(&bench, hash).unwrap();
    assert_eq!(session.ends_at, "2026-01-31T00:00:00Z".parse().unwrap());
    assert!(use_at(&mut bench, hash, opened + hours(30 * 24)).is_none());
}

#[test]
fn a_session_ends_with_its_token() {
    let mut bench = Bench::new();
    let now = Timestamp::now();
    let expiring = token(&bench, Some(now + hours(2)));
    let hash = begin(&mut bench, Some(&expiring.id), now);
    let session = stored(&bench, hash).unwrap();
    assert!(session.ends_at <= now + hours(2) && session.ends_at > now + hours(1));
    assert!(session.end_if_used(now + hours(1)) <= now + hours(2));
    assert!(!session.is_valid_at(now + hours(2)));
    let late = insert(&mut bench.connection, Some(&expiring.id), now + hours(2)).unwrap();
    assert!(late.is_none(), "an expired token opens no session");

    let revoked = token(&bench, None);
    let hash = begin(&mut bench, Some(&revoked.id), now);
    let other = begin(&mut bench, None, now);
    assert!(Tokens::open(bench.dir.path()).unwrap().revoke(&revoked.id).unwrap());
    assert_eq!(stored(&bench, hash), None);
    assert!(stored(&bench, other).is_some());
    assert!(insert(&mut bench.connection, Some(&revoked.id), now).unwrap().is_none());
}

#[test]
fn one_session_too_many_ends_the_one_that_would_end_first() {
    let mut bench = Bench::new();
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let (first, second) = (begin(&mut bench, None, now), begin(&mut bench, None, now + hours(1)));
    use_at(&mut bench, first, now + hours(2)).unwrap();
    for number in 2..MAX_SESSIONS {
        let (_, ended_another) = insert(&mut bench.connection, None, now + hours(3)).unwrap().unwrap();
        assert!(!ended_another, "session {number}");
    }
    let (_, ended_another) = insert(&mut bench.connection, None, now + hours(3)).unwrap().unwrap();
    assert!(ended_another);
    assert_eq!(count(&bench.connection), MAX_SESSIONS as i64);
    assert_eq!(stored(&bench, second), None);
    assert!(stored(&bench, first).is_some());
    begin(&mut bench, None, now + hours(48));
    assert_eq!(count(&bench.connection), 1, "what has ended is deleted");
}

#[test]
fn whole_seconds_are_never_later_than_the_time() {
    for (time, whole) in [
        ("2026-01-01T00:00:00.9Z", "2026-01-01T00:00:00Z"),
        ("1969-12-31T23:59:58.5Z", "1969-12-31T23:59:58Z"),
        ("1969-12-31T23:59:58Z", "1969-12-31T23:59:58Z"),
    ] {
        assert_eq!(whole_seconds(time.parse().unwrap()).to_string(), whole);
    }
}

#[actix::test]
async fn sessions_and_the_id_of_the_state_outlive_the_service() {
    let dir = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let service = SessionService::open(store).await.unwrap();
    let secret = service.begin(None).await.unwrap().unwrap();
    let (hash, id) = (SecretHash::of(&secret), service.state_id().to_owned());
    let before = service.find(hash).await.unwrap().unwrap();
    drop(service);
    let service = SessionService::open(reopened(dir.path()).await).await.unwrap();
    assert_eq!(service.state_id(), id);
    assert_eq!(service.touch(hash).await.unwrap(), Some(before));
    let beside = SessionService::open(Store::open(other.path()).await.unwrap()).await.unwrap();
    assert_ne!(beside.state_id(), id);
    assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
}

/// Opens the store as soon as the last thread of an earlier one has ended.
async fn reopened(dir: &std::path::Path) -> Store {
    loop {
        match Store::open(dir).await {
            Err(StoreError::Locked) => tokio::task::yield_now().await,
            opened => return opened.unwrap(),
        }
    }
}

#[actix::test]
async fn an_ended_session_is_refused_at_once_and_its_secret_is_stored_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let service = SessionService::open(Store::open(dir.path()).await.unwrap()).await.unwrap();
    let secret = service.begin(None).await.unwrap().unwrap();
    let hash = SecretHash::of(&secret);
    for _ in 0..2 {
        assert!(service.touch(hash).await.unwrap().is_some());
    }
    for wrong in ["", &secret[1..], &secret.to_uppercase()] {
        assert_eq!(service.touch(SecretHash::of(wrong)).await.unwrap(), None);
    }
    assert!(dir.path().join("hivesum.db").exists());
    for file in std::fs::read_dir(dir.path()).unwrap() {
        // The store is open: a file that it makes and removes may be gone by now.
        let bytes = match std::fs::read(file.unwrap().path()) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            bytes => bytes.unwrap(),
        };
        assert!(!bytes.windows(secret.len() - 3).any(|window| window == &secret.as_bytes()[3..]));
    }
    assert!(service.end(hash).await.unwrap());
    assert_eq!(service.touch(hash).await.unwrap(), None);
    assert!(!service.end(hash).await.unwrap());
    assert_eq!(count(&connect_beside(dir.path())), 0);
}

#[actix::test]
async fn a_use_is_written_at_most_once_an_hour() {
    let dir = tempfile::tempdir().unwrap();
    let service = SessionService::open(Store::open(dir.path()).await.unwrap()).await.unwrap();
    let secret = service.begin(None).await.unwrap().unwrap();
    let (hash, beside) = (SecretHash::of(&secret), connect_beside(dir.path()));
    let ends_at = || beside.query_row("SELECT ends_at FROM sessions", [], |row| row.get::<_, String>(0)).unwrap();
    let first = ends_at();
    service.touch(hash).await.unwrap().unwrap();
    // Writes take turns, so an earlier one is done after this one.
    service.end(SecretHash::of("")).await.unwrap();
    assert_eq!(ends_at(), first);
    // As if it had been opened two hours ago.
    let earlier = (Timestamp::now() + hours(22)).round(jiff::Unit::Second).unwrap().to_string();
    beside.execute("UPDATE sessions SET ends_at = ?", [&earlier]).unwrap();
    service.end(SecretHash::of("")).await.unwrap();
    let session = service.touch(hash).await.unwrap().unwrap();
    while ends_at() == earlier {
        tokio::task::yield_now().await;
    }
    assert_eq!(ends_at(), session.ends_at.to_string());
    assert!(session.ends_at > earlier.parse().unwrap());
}
