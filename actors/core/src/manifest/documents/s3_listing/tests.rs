use super::*;

/// aws-cli 1.45.11, `aws s3api list-objects-v2`, of a bucket of moto 5.2.5: `aws s3 cp` of a file with `hello` and
/// LF, and of 20 MiB of zeros in parts of 8 MiB. Without classes and checksum algorithms.
const LISTING: &str = r#"{
    "Contents": [
        {
            "Key": "big",
            "LastModified": "2026-11-28T21:52:20.000Z",
            "ETag": "\"5452e5568d20a60209babc69a7b95911-3\"",
            "Size": 20971520
        },
        {
            "Key": "dir/a & \"b\" é.txt",
            "LastModified": "2026-11-28T21:52:18.000Z",
            "ETag": "\"b1946ac92492d2347c6235b4d2611184\"",
            "Size": 6
        },
        {
            "Key": "marker/",
            "LastModified": "2026-11-28T21:52:20.000Z",
            "ETag": "\"d41d8cd98f00b204e9800998ecf8427e\"",
            "Size": 0
        }
    ],
    "RequestCharged": null,
    "Prefix": ""
}
"#;

fn of(etag: &str) -> (usize, Option<Multipart>) {
    let text = LISTING.replace("b1946ac92492d2347c6235b4d2611184", etag);
    let (record, parts) = read_with_parts(text.as_bytes()).unwrap().remove(1);
    (record.digests.len(), parts)
}

#[test]
fn an_object_of_one_part_has_its_md5_and_one_of_more_its_parts() {
    let objects = read_with_parts(LISTING.as_bytes()).unwrap();
    let [(big, Some(parts)), (small, None)] = &objects[..] else { panic!("{objects:?}") };
    assert_eq!((&big.name[..], &big.digests[..]), (&b"big"[..], &[][..]));
    assert_eq!((parts.parts, parts.size), (3, 20 << 20));
    assert_eq!(hex::encode(parts.digest), "5452e5568d20a60209babc69a7b95911");
    assert_eq!((&small.name[..], small.size), ("dir/a & \"b\" é.txt".as_bytes(), Some(6)));
    assert_eq!(small.modified_at, None, "the time of the upload is not that of the file");
    // printf 'hello\n' | md5sum
    let md5 = small.digest_of(Algorithm::Md5).unwrap();
    assert_eq!(hex::encode(md5.as_bytes()), "b1946ac92492d2347c6235b4d2611184");
    assert_eq!(read(LISTING.as_bytes()).unwrap().len(), 2);
}

/// A listing of the object in parts and others like it.
fn records(others: &[(u64, u32)]) -> Vec<Record> {
    let other = |(size, parts): &(u64, u32)| {
        format!("{{\"Key\":\"x\",\"ETag\":\"5452e5568d20a60209babc69a7b95911-{parts}\",\"Size\":{size}}},\n")
    };
    let others: String = others.iter().map(other).collect();
    read(LISTING.replace("\"Contents\": [", &format!("\"Contents\": [{others}")).as_bytes()).unwrap()
}

#[test]
fn the_size_of_parts_is_known_if_only_one_gives_all_objects_their_number_of_parts() {
    // 20 MiB in 3 parts are parts of 8 or of 7 MiB.
    let objects = read_with_parts(LISTING.as_bytes()).unwrap();
    let sizes: Vec<_> = part_sizes(&objects).into_iter().map(PartMebibytes::get).collect();
    assert_eq!(sizes, [8, 7]);
    assert_eq!(records(&[])[0].digests, []);
    let known = records(&[(36 << 20, 5)]);
    for record in &known[..2] {
        let tag = record.digests[0].tag().unwrap();
        assert_eq!(tag.name(), "s3_etag_8");
        assert_eq!(hex::encode(record.digests[0].as_bytes()), "5452e5568d20a60209babc69a7b95911");
    }
    assert_eq!(records(&[(1 << 30, 3)])[0].digests, [], "different sizes of parts");
    let asked = with_part_size(objects, PartMebibytes::new(8).unwrap());
    assert_eq!((asked[0].digests.len(), asked[1].digests.len()), (1, 1));
}

#[test]
fn an_etag_of_another_kind_is_no_digest() {
    let md5 = "b1946ac92492d2347c6235b4d2611184";
    let lengths = ["", "abc", &md5[1..], &format!("{md5}00"), "-3", &format!("{md5}-"), &format!("{md5}-x")];
    let counts = [&format!("{md5}-0"), &format!("{md5}-10001"), &format!("{md5}-1-2"), &format!("{md5}-99999999999")];
    for etag in lengths.into_iter().chain(counts.map(String::as_str)) {
        assert_eq!(of(etag), (0, None), "{etag}");
    }
    assert_eq!(of(md5), (1, None));
    assert_eq!(of(&format!("{md5}-10000")).1.unwrap().parts, MAX_PARTS);
}

#[test]
fn a_truncated_listing_is_refused() {
    let refused = "the listing is truncated: it does not name all objects";
    for more in ["\"NextToken\": \"abc\"", "\"IsTruncated\": true"] {
        let text = LISTING.replace("\"Prefix\": \"\"", more);
        assert_eq!(read(text.as_bytes()).unwrap_err().to_string(), refused);
    }
    let whole = LISTING.replace("\"Prefix\": \"\"", "\"IsTruncated\": false, \"NextToken\": null");
    assert_eq!(read(whole.as_bytes()).unwrap().len(), 2);
}

#[test]
fn keys_are_decoded_if_the_listing_says_that_they_are_encoded() {
    let key = "\"dir/a & \\\"b\\\" é.txt\"";
    let text = LISTING.replace(key, "\"dir/a%20%26+%FF\"");
    assert_eq!(read(text.as_bytes()).unwrap()[1].name, b"dir/a%20%26+%FF");
    let text = text.replace("\"Prefix\": \"\"", "\"EncodingType\": \"url\"");
    assert_eq!(read(text.as_bytes()).unwrap()[1].name, b"dir/a & \xff");
    for wrong in ["a%", "a%2", "a%zz", "a%00"] {
        assert!(read(text.replace("dir/a%20%26+%FF", wrong).as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn it_is_recognised_by_its_keys() {
    assert!(recognises(b"", LISTING.as_bytes()));
    assert!(!recognises(b"", br#"{"Contents":[]}"#) && !recognises(b"", br#"[{"Key":1,"ETag":2,"Contents":3}]"#));
}
