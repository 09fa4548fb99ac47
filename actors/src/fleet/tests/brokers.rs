//! Brokers that cannot be used: each is refused in words, and none keeps a service from starting.

use hivesum_test_support::broker::Broker;
use hivesum_test_support::process::silent_address;

use super::super::link::connect;
use super::super::port::{FarName, FarRoots as _};
use super::super::{FleetConfig, FleetError};
use super::bed::{Bed, tree};

async fn refused(config: &FleetConfig) -> FleetError {
    connect(config, "test", "_INBOX_test").await.unwrap_err()
}

#[actix_rt::test]
async fn a_server_that_is_too_old_is_refused_in_words() {
    let Some(broker) = Broker::start_old() else { return };
    let error = refused(&FleetConfig::new(broker.url())).await;
    assert!(matches!(&error, FleetError::TooOld { found } if found.starts_with("2.9")), "{error}");
    assert!(error.to_string().contains("a fleet needs 2.10 or newer") && !error.may_pass());
}

#[actix_rt::test]
async fn a_server_without_jetstream_is_refused_in_words() {
    let Some(broker) = Broker::with_settings("") else { return };
    let error = refused(&FleetConfig::new(broker.url())).await;
    assert!(matches!(error, FleetError::NoJetStream { .. }), "{error}");
    assert!(error.to_string().contains("start it with --jetstream") && !error.may_pass());
}

#[actix_rt::test]
async fn a_wrong_password_is_refused_in_words_that_do_not_say_it() {
    let users = "authorization { users: [ { user: me, password: right } ] }";
    let Some(broker) = Broker::with_settings(&format!("jetstream {{ store_dir: DIR }}\n{users}")) else { return };
    let url = |password: &str| format!("nats://me:{password}@{}", broker.address());
    let error = refused(&FleetConfig::new(url("wrong"))).await;
    assert!(matches!(error, FleetError::Denied { .. }) && !error.to_string().contains("wrong"), "{error}");
    connect(&FleetConfig::new(url("%72ight")), "test", "_INBOX_test").await.unwrap();
}

#[actix_rt::test]
async fn a_server_that_speaks_no_tls_is_refused_where_tls_was_asked_for() {
    let Some(broker) = Broker::start() else { return };
    let error = refused(&FleetConfig::new(format!("tls://{}", broker.address()))).await;
    assert!(matches!(error, FleetError::Tls { .. }), "{error:?}");
}

#[actix_rt::test]
async fn a_service_starts_without_its_broker_and_has_its_fleet_once_the_broker_is_there() {
    let Some(mut bed) = Bed::new() else { return };
    let dir = tree(1, 1);
    bed.broker.kill();
    let fleet = bed.coordinate().await;
    assert_eq!(fleet.resolve("photos"), FarName::Unreachable, "nobody knows");
    bed.broker.start_again();
    let node = bed.node("n1", &[("photos", dir.path())]).await;
    super::bed::root(&fleet, "photos").await;
    node.stop().await;
    fleet.stop().await;
}

#[actix_rt::test]
async fn nothing_listens_there_may_pass() {
    let (_socket, address) = silent_address();
    let error = refused(&FleetConfig::new(format!("nats://{address}"))).await;
    assert!(error.may_pass() && error.to_string().contains("cannot be reached"), "{error}");
}

#[actix_rt::test]
async fn a_stream_of_somebody_else_is_left_alone_and_refused_in_words() {
    let Some(bed) = Bed::new() else { return };
    let link = connect(&bed.config, "test", "_INBOX_test").await.unwrap();
    let theirs = async_nats::jetstream::stream::Config {
        name: "HIVESUM_hivesum_WORK".to_owned(),
        subjects: vec!["orders.>".to_owned()],
        ..Default::default()
    };
    link.jetstream.create_stream(theirs).await.unwrap();
    let fleet = bed.coordinate().await;
    assert_eq!(fleet.resolve("photos"), FarName::Unreachable);
    let problem = fleet.problem().unwrap();
    assert!(problem.contains("HIVESUM_hivesum_WORK") && problem.contains("subjects"), "{problem}");
    let left = link.jetstream.get_stream("HIVESUM_hivesum_WORK").await.unwrap();
    assert_eq!(left.cached_info().config.subjects, ["orders.>"]);
    fleet.stop().await;
}
