//! What is due: which of the files that are as they were are read again in a run.
//!
//! What was verified longest ago comes first. With an aim a run reads as much as keeps every file within it if the runs
//! go on as they came: the reading is spread over the whole aim, and after a time switched off it is caught up with.
//! Works with sums of bytes and a clock that may jump, and reads nothing itself.

use jiff::{SignedDuration, Timestamp};

use super::schedule::is_credible;

/// A file that is as it was, as far as `stat` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age {
    /// Its index in the inventory of the walk.
    pub index: usize,
    /// Its size.
    pub bytes: u64,
    /// When it was last verified, if it ever was.
    pub verified_at: Option<Timestamp>,
}

/// How it is decided what is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DueBy {
    /// Everything is read once in a pass, which may take several runs: what was not verified since it began is due.
    Pass {
        /// When it began.
        began: Timestamp,
    },
    /// Every file is read again within so much time.
    Aim {
        /// The time.
        aim: SignedDuration,
        /// How long ago the run before this one began, which is when the next one is expected. `None` for the first.
        since_last_run: Option<SignedDuration>,
    },
    /// So many bytes of those that were verified longest ago, as a schedule has planned. Files of which it cannot be told
    /// when they were verified are taken as if that was at any time within the aim, another one in each run: else they
    /// would come first each time, and the others never.
    Share {
        /// The bytes.
        bytes: u64,
        /// Within what time each file is read again.
        aim: SignedDuration,
    },
    /// Nothing is: the run reads what is new or changed.
    Nothing,
}

/// Sorts the files by age, what was never verified first, and says how many of them are due, from the first on.
pub fn due(files: &mut [Age], by: DueBy, now: Timestamp) -> usize {
    // A time that is still to come was told by a wrong clock, and counts as now.
    let verified_at = |file: &Age| match by {
        DueBy::Share { aim, .. } => {
            let known = file.verified_at.filter(|at| is_credible(*at, now));
            Some(known.unwrap_or_else(|| at_any_time(file.index, aim, now)).min(now))
        }
        DueBy::Pass { .. } | DueBy::Aim { .. } | DueBy::Nothing => file.verified_at.map(|at| at.min(now)),
    };
    // Nothing is to be sorted where nothing is due.
    if matches!(by, DueBy::Nothing | DueBy::Share { bytes: 0, .. }) {
        return 0;
    }
    // They come in the order of their indices, and so do those of one time. Files that were read one after the other are in
    // order already, which this sort makes use of.
    files.sort_by_key(|file| verified_at(file).map(Timestamp::as_microsecond));
    match by {
        DueBy::Nothing => 0,
        DueBy::Share { bytes, .. } => within(files.iter().map(|file| file.bytes), Some(bytes)),
        DueBy::Pass { began } => files.partition_point(|file| file.verified_at.is_none_or(|at| at.min(now) < began)),
        DueBy::Aim { aim, since_last_run } => {
            let interval = since_last_run.unwrap_or(aim).clamp(SignedDuration::ZERO, aim);
            due_within(files, (aim, interval), now)
        }
    }
}

/// A time within the aim that differs with the file and with the run.
fn at_any_time(index: usize, aim: SignedDuration, now: Timestamp) -> Timestamp {
    // The multiplier of SplitMix64: neighbouring numbers get unlike products.
    let mixed = (index as u64 ^ now.as_second().unsigned_abs()).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = mixed >> 32;
    let ago = (i128::from(aim.as_secs().max(0)) * i128::from(mixed)) >> 32;
    now.checked_sub(SignedDuration::from_secs(ago as i64)).unwrap_or(Timestamp::MIN)
}

/// Reads as many bytes before the next run as the tightest deadline asks for: with bytes that are to be read until a
/// deadline, the share of them that the interval has in the time left.
fn due_within(files: &[Age], (aim, interval): (SignedDuration, SignedDuration), now: Timestamp) -> usize {
    let (mut bytes, mut needed, mut overdue) = (0_u128, 0_u128, 0);
    let interval = interval.as_secs().unsigned_abs();
    for (index, file) in files.iter().enumerate() {
        bytes += u128::from(file.bytes);
        let since = file.verified_at.map_or(aim, |at| now.duration_since(at).max(SignedDuration::ZERO));
        let left = aim.saturating_sub(since).as_secs();
        if left <= interval as i64 {
            overdue = index + 1;
        } else {
            needed = needed.max((bytes * u128::from(interval)).div_ceil(u128::from(left.unsigned_abs())));
        }
    }
    let mut sum = 0_u128;
    let spread = files.iter().take_while(|file| {
        let is_taken = sum < needed;
        sum += u128::from(file.bytes);
        is_taken
    });
    overdue.max(spread.count())
}

/// How many of the first files have at most so many bytes in all; at least one, so that every run gets on.
#[must_use]
pub fn within(sizes: impl IntoIterator<Item = u64>, limit: Option<u64>) -> usize {
    let mut left = limit.unwrap_or(u64::MAX);
    let fit = sizes.into_iter().enumerate().map_while(|(index, bytes)| {
        let fits = index == 0 || bytes <= left;
        left = left.saturating_sub(bytes);
        fits.then_some(())
    });
    fit.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn day(day: i64) -> Timestamp {
        Timestamp::from_second(day * DAY).unwrap()
    }

    fn days(days: i64) -> SignedDuration {
        SignedDuration::from_hours(24 * days)
    }

    fn files(verified: &[Option<i64>]) -> Vec<Age> {
        let file = |(index, at): (usize, &Option<i64>)| Age { index, bytes: 100, verified_at: at.map(day) };
        verified.iter().enumerate().map(file).collect()
    }

    #[test]
    fn a_pass_reads_what_was_not_verified_since_it_began_and_the_oldest_first() {
        let mut all = files(&[Some(9), None, Some(3), Some(8), Some(7)]);
        assert_eq!(due(&mut all, DueBy::Pass { began: day(8) }, day(10)), 3);
        assert_eq!(all.iter().map(|file| file.index).collect::<Vec<_>>(), [1, 2, 4, 3, 0]);
        let mut from_tomorrow = files(&[Some(99), Some(1)]);
        assert_eq!(due(&mut from_tomorrow, DueBy::Pass { began: day(11) }, day(10)), 2, "a clock was wrong");
    }

    /// Runs once a day over files that were all verified on day 0. The files of each run, and the greatest age.
    fn a_year(aim: i64, runs_on: impl Fn(i64) -> bool) -> (Vec<usize>, i64) {
        let (mut verified, mut read, mut oldest, mut last) = (vec![0_i64; 300], Vec::new(), 0, 0);
        for today in (1..365).filter(|today| runs_on(*today)) {
            oldest = oldest.max(today - verified.iter().min().unwrap());
            let mut ages = files(&verified.iter().map(|&at| Some(at)).collect::<Vec<_>>());
            let by = DueBy::Aim { aim: days(aim), since_last_run: Some(days(today - last)) };
            let count = due(&mut ages, by, day(today));
            ages[..count].iter().for_each(|file| verified[file.index] = today);
            read.push(count);
            last = today;
        }
        (read, oldest)
    }

    #[test]
    fn an_aim_is_kept_and_the_reading_is_spread_over_it() {
        let (read, oldest) = a_year(30, |_| true);
        assert!(oldest <= 30, "a file was {oldest} days old");
        assert!(read.iter().all(|count| (10..=12).contains(count)), "{read:?}");
        assert_eq!(a_year(1, |_| true).0, vec![300; 364], "an aim of one run");
        let (weekly, oldest) = a_year(30, |day| day % 7 == 0);
        assert!(oldest <= 30, "a file was {oldest} days old");
        assert!(weekly.iter().all(|count| *count <= 120), "{weekly:?}");
    }

    #[test]
    fn after_two_weeks_switched_off_the_aim_is_met_again() {
        let (_, oldest) = a_year(30, |day| !(100..114).contains(&day));
        assert!(oldest <= 44, "a file was {oldest} days old");
    }

    #[test]
    fn without_an_earlier_run_everything_is_due_and_a_clock_that_jumped_back_makes_nothing_due() {
        let aim = |since| DueBy::Aim { aim: days(30), since_last_run: since };
        assert_eq!(due(&mut files(&[Some(1), Some(2)]), aim(None), day(3)), 2);
        assert_eq!(due(&mut files(&[Some(1), Some(2)]), aim(Some(days(-1))), day(3)), 0);
        assert_eq!(due(&mut files(&[None, Some(2)]), aim(Some(days(0))), day(3)), 1, "it was never verified");
        assert_eq!(due(&mut files(&[Some(1), Some(40)]), aim(Some(days(1))), day(39)), 1);
    }

    #[test]
    fn a_share_is_of_the_oldest_and_files_of_unknown_age_come_in_turn_among_the_others() {
        let share = |bytes| DueBy::Share { bytes, aim: days(30) };
        let mut all = files(&[Some(3), Some(1), Some(2)]);
        assert_eq!(due(&mut all, share(200), day(3)), 2);
        assert_eq!(all[..2].iter().map(|file| file.index).collect::<Vec<_>>(), [1, 2]);
        assert_eq!((due(&mut all, share(1), day(3)), due(&mut all, share(0), day(3))), (1, 0));
        assert_eq!(due(&mut all, DueBy::Nothing, day(300)), 0);
        // A tenth is read each day; half of the files can never be verified.
        let (mut verified, mut reads) = (vec![Some(0); 100], vec![0; 200]);
        verified.extend([None; 100]);
        for today in 1..=300 {
            let mut ages = files(&verified);
            let count = due(&mut ages, share(2000), day(today));
            for file in &ages[..count] {
                reads[file.index] += 1;
                verified[file.index] = verified[file.index].map(|_| today);
            }
            assert_eq!(count, 20);
        }
        assert!(reads.iter().all(|&count| count >= 5), "{reads:?}");
    }

    #[test]
    fn a_limit_lets_at_least_one_file_through() {
        assert_eq!(within([5, 5, 5], None), 3);
        assert_eq!(within([5, 5, 5], Some(10)), 2);
        assert_eq!(within([5, 5], Some(0)), 1);
        assert_eq!(within([5, 6, 1], Some(10)), 1, "what comes later does not overtake");
        assert_eq!(within([], Some(10)), 0);
    }
}
