//! What is due: which of the files that are as they were are read again in a run.
//!
//! What was verified longest ago comes first. With an aim a run reads as much as keeps every file within it if the runs
//! go on as they came: the reading is spread over the whole aim, and after a time switched off it is caught up with.
//! Works with sums of bytes and a clock that may jump, and reads nothing itself.

use jiff::{SignedDuration, Timestamp};

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
}

/// Sorts the files by age, what was never verified first, and says how many of them are due, from the first on.
pub fn due(files: &mut [Age], by: DueBy, now: Timestamp) -> usize {
    // A time that is still to come was told by a wrong clock, and counts as now.
    files.sort_by_key(|file| (file.verified_at.map(|at| at.min(now)), file.index));
    match by {
        DueBy::Pass { began } => files.partition_point(|file| file.verified_at.is_none_or(|at| at.min(now) < began)),
        DueBy::Aim { aim, since_last_run } => {
            let interval = since_last_run.unwrap_or(aim).clamp(SignedDuration::ZERO, aim);
            due_within(files, (aim, interval), now)
        }
    }
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
    fn a_limit_lets_at_least_one_file_through() {
        assert_eq!(within([5, 5, 5], None), 3);
        assert_eq!(within([5, 5, 5], Some(10)), 2);
        assert_eq!(within([5, 5], Some(0)), 1);
        assert_eq!(within([5, 6, 1], Some(10)), 1, "what comes later does not overtake");
        assert_eq!(within([], Some(10)), 0);
    }
}
