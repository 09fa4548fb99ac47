//! `GET /algorithms`: the algorithms that can be computed.

use actix_web::Responder;
use actix_web::web::Json;
use hivesum_core::digest::Algorithm;
use serde::Serialize;
use utoipa::ToSchema;

use crate::request::NoQuery;

/// One algorithm.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Algorithm)]
struct AlgorithmJson {
    #[schema(example = "sha256")]
    name: &'static str,
    /// The tag in lines of the form `TAG (name) = hex`, as the field's tools read it.
    #[schema(example = "SHA256")]
    bsd_tag: &'static str,
    digest_bytes: usize,
    /// Whether no practical way to find collisions is known.
    secure: bool,
    default: bool,
}

#[utoipa::path(
    get, path = "/api/v1/algorithms", tag = "hashing", operation_id = "list_algorithms",
    summary = "List the algorithms",
    responses((status = 200, description = "Every algorithm, the default first; beside them blake2b_N and blake3_N of N bits (8 to 512, a multiple of 8), and s3_etag_N, s3_crc32_N, s3_crc32c_N, s3_sha1_N and s3_sha256_N, for uploads in parts of N MiB (1 to 5120).", body = Vec<AlgorithmJson>)),
)]
pub(super) async fn list(_: NoQuery) -> impl Responder {
    let json = |algorithm: Algorithm| AlgorithmJson {
        name: algorithm.name(),
        bsd_tag: algorithm.bsd_tag(),
        digest_bytes: algorithm.digest_bytes(),
        secure: algorithm.is_secure(),
        default: algorithm == Algorithm::default(),
    };
    Json(Vec::from(Algorithm::ALL.map(json)))
}
