//! Times of files that a column of 64 bits does not hold: before 1677-09-21 and after 2262-04-11.
//!
//! Decides how a row keeps them: exactly, in the column `far_times`, which is NULL in all other rows, beside the nearest
//! times that `mtime_ns` and `ctime_ns` hold. The first and the last of those stand for times beyond; without
//! `far_times`, as in rows of older schemas, such a time is not known.

use hivesum_core::result::UNKNOWN_TIME;

/// SQL that sorts results by their modification time, after `mtime_ns`.
pub(crate) const SORT_BY_FAR_MTIME: &str =
    "CASE WHEN mtime_ns IN (-9223372036854775808, 9223372036854775807) THEN substr(far_times, 1, 16) END";

/// Makes bytes sort like the number.
const SIGN: u128 = 1 << 127;

/// A modification time and a change time as a row keeps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StoredTimes {
    /// `mtime_ns` and `ctime_ns`.
    pub(crate) nearest: [i64; 2],
    /// `far_times`.
    pub(crate) far: Option<[u8; 32]>,
}

impl StoredTimes {
    /// Of nanoseconds since 1970, or [`UNKNOWN_TIME`].
    pub(crate) fn of(times: [i128; 2]) -> Self {
        let nearest = times.map(|time| time.clamp(i64::MIN.into(), i64::MAX.into()) as i64);
        let is_far = |(time, nearest): (i128, i64)| time != UNKNOWN_TIME && is_beyond(nearest);
        let far = times.into_iter().zip(nearest).any(is_far).then(|| {
            let mut bytes = [0; 32];
            for (bytes, time) in bytes.chunks_exact_mut(16).zip(times) {
                bytes.copy_from_slice(&(time as u128 ^ SIGN).to_be_bytes());
            }
            bytes
        });
        Self { nearest, far }
    }

    /// The exact times; none if the bytes are damaged.
    pub(crate) fn exact(nearest: [i64; 2], far: Option<&[u8]>) -> Option<[i128; 2]> {
        let Some(far) = far else {
            return Some(nearest.map(|time| if is_beyond(time) { UNKNOWN_TIME } else { time.into() }));
        };
        let (mtime, ctime) = far.split_first_chunk()?;
        let times = [*mtime, ctime.try_into().ok()?].map(|bytes| (u128::from_be_bytes(bytes) ^ SIGN) as i128);
        (Self::of(times).nearest == nearest).then_some(times)
    }
}

const fn is_beyond(nearest: i64) -> bool {
    matches!(nearest, i64::MIN | i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: [i128; 9] = [
        i64::MIN as i128 * 1_000_000_000,
        i64::MIN as i128 - 1,
        i64::MIN as i128,
        i64::MIN as i128 + 1,
        0,
        i64::MAX as i128 - 1,
        i64::MAX as i128,
        i64::MAX as i128 + 1,
        i64::MAX as i128 * 1_000_000_000,
    ];

    #[test]
    fn every_time_is_read_as_it_was_stored_and_only_far_ones_take_more_room() {
        for times in BOUNDS.iter().flat_map(|mtime| BOUNDS.map(|ctime| [*mtime, ctime])) {
            let StoredTimes { nearest, far } = StoredTimes::of(times);
            assert_eq!(StoredTimes::exact(nearest, far.as_ref().map(|far| &far[..])), Some(times));
            let fits = |time: &i128| i64::try_from(*time).is_ok_and(|time| !is_beyond(time));
            assert_eq!(far.is_none(), times.iter().all(fits), "{times:?}");
        }
    }

    #[test]
    fn a_time_that_was_not_kept_is_not_known_and_bytes_that_contradict_are_damage() {
        let unknown = StoredTimes::of([UNKNOWN_TIME, 5]);
        assert_eq!(unknown, StoredTimes { nearest: [i64::MIN, 5], far: None });
        assert_eq!(StoredTimes::exact([i64::MAX, 5], None), Some([UNKNOWN_TIME, 5]));
        let far = StoredTimes::of([BOUNDS[0], 5]).far.unwrap();
        assert_eq!(StoredTimes::exact([i64::MIN, 6], Some(&far)), None);
        assert_eq!(StoredTimes::exact([i64::MIN, 5], Some(&far[..31])), None);
        assert_eq!(StoredTimes::exact([i64::MIN, 5], Some(&[])), None);
    }

    #[test]
    fn bytes_sort_by_time() {
        let mut sorted = BOUNDS.map(|time| StoredTimes::of([time, i128::MAX]).far.unwrap());
        sorted.sort_unstable();
        assert_eq!(sorted, BOUNDS.map(|time| StoredTimes::of([time, i128::MAX]).far.unwrap()));
    }

    #[test]
    fn a_row_keeps_far_times_and_a_change_of_them_is_damage() {
        use crate::store::testing::{Bench, connect_to_damage, hashed};
        use hivesum_core::result::Rows;
        for damage in ["NULL", "zeroblob(32)", "x''", "CAST(substr(far_times, 17) || substr(far_times, 1, 16) AS BLOB)"]
        {
            let mut bench = Bench::new();
            let job = bench.insert_job();
            let mut rows = Rows::new(job.spec.algorithms);
            let mut row = hashed("d", "f");
            (row.meta.mtime_ns, row.meta.ctime_ns) = (BOUNDS[8], 7);
            rows.push(row);
            rows.push(hashed("d", "g"));
            bench.add_rows(&job, rows);
            let query = crate::job::ResultQuery { limit: 10, ..Default::default() };
            let page = crate::store::pages::page(&mut bench.connection, job.id, &query).unwrap().unwrap();
            assert_eq!(page.items[0].meta, row.meta);
            let update = format!("UPDATE results SET far_times = {damage} WHERE position = 0");
            assert_eq!(connect_to_damage(bench.dir.path()).execute(&update, []).unwrap(), 1);
            assert!(crate::store::pages::page(&mut bench.connection, job.id, &query).is_err(), "{damage}");
        }
    }
}
