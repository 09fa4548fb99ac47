//! 10^10 files on 1,000 nodes, on paper: what flows, what is kept, what breaks first, and what to do then.
//!
//! Nobody has run this. It is arithmetic with constants of the code and with measured figures: rates from the README
//! ("Speed") on two cores with a warm page cache, those of the NATS server 2.15.1 on two cores. A test computes the
//! sizes of messages anew, so that this page is wrong no longer than until the next run of the tests. The files are
//! like those of the corpus SMALL: 24 in a directory, names of 13 bytes, 6.1 KB on average, one digest (BLAKE3).
//!
//! # What flows
//!
//! Of 2,048 files (a full work):
//!
//! | message | number | bytes a file |
//! | --- | ---: | ---: |
//! | plans of the walk, 256 entries each | 8 | 17; of a pool, with identities, 32 |
//! | the work into the stream, and its acknowledgement | 2 | 17 |
//! | the work to a node that has asked for one | 2 | counted above: what goes in, goes out |
//! | claim and answer | 2 | 0.1 |
//! | results of 1,024 files, and their answers; slow files: one each 20 ms | 4 | 62 |
//! | acknowledgement | 1 | 0 |
//! | together | 19 | 96; of a pool 111 |
//!
//! So 10^10 files are 4.9 million works, 93 million messages, of which the broker stores 4.9 million, and 0.96 TB into
//! it and out of it again. At 100,000 files a second, the target of a fleet, that is 49 stored messages a second, 930
//! messages and 9.6 MB each way. A server stores 6,300 messages of 4 KiB a second one after another, so it has room by
//! two orders of magnitude, as long as works are full.
//!
//! Beside it 1,000 nodes say every 3.3 seconds that they are there (a third of `--fleet-announce-seconds`, 10): 300
//! hellos and 300 stored announcements a second, 1,200 messages with their answers. That is more than the work. For
//! 1,000 nodes 60 seconds are enough: 50 hellos a second, and a lost node is found after a minute.
//!
//! # How long it takes
//!
//! | what works | files a second | 10^10 files |
//! | --- | ---: | ---: |
//! | 1,000 nodes of two cores, warm: 100,000 files in 0.45 s each | 222,000,000 | 45 s |
//! | one service with its store: 1,000,000 files in 5.45 s | 183,000 | 15 h |
//! | the target of a fleet | 100,000 | 28 h |
//!
//! The coordinator decides, not the nodes: at its target each node has 100 files a second to hash, 10 ms for each. Only
//! where a file takes a node longer than that, because it is large or the disk is slow, more nodes help.
//!
//! # What is kept
//!
//! A result of such a file takes 151 bytes in the store (measured with 100,000 files: 120 are the row with one digest,
//! 26 its places in three sort indexes, the rest is free space and the names of directories, which are stored once), so
//! 10^10 take 1.5 TB. SQLite's own bound is 4,294,967,294 pages, 17.6 TB with pages of 4 KiB. What does not fit is the
//! rest: one writer for all jobs, one log, one backup, one check of seals over 1.5 TB, and deletes of a job whose rows
//! lie beside those of all others.
//!
//! Partition: a result file for each job, named by its id, which the connection of a reader ATTACHes. Of 1,000 jobs,
//! one for each node, each has 10^7 rows and 1.5 GB; deleting a job is deleting a file; each is backed up once, after
//! its end, for it does not change any more; and each has a writer of its own. What is asked of all jobs (jobs, tokens,
//! collections) stays in one small file. SQLite attaches 10 files at a time unless it is built for more (125 at most),
//! so a comparison of two jobs fits, and duplicates or a search over all jobs visit the files in groups.
//!
//! # What breaks first
//!
//! | | bound | where | what to do |
//! | ---: | --- | --- | --- |
//! | 1 | 4 jobs run at a time, so of 1,000 roots 996 wait | `--max-running-jobs` | set it to the number of roots. A job of one node has 4 works sent, 2 that wait and one that fills: 14,336 files, 1.6 MB of rows beside their names, so 1,000 jobs take 1.6 GB |
//! | 2 | a pool keeps at most 32 nodes busy: 256 plans of 256 files are 32 works (64 works would be sent) | the reorder window | one job for each of the pool's upper directories, or a wider window: 1,000 nodes with two works each are 4.1 million files in flight, some 450 MB of rows |
//! | 3 | one node walks for a job: at least 251,000 entries a second warm (1,000,000 in 3.98 s with hashing), 11 h for 10^10 | the walk | as above: upper directories |
//! | 4 | one writer: 183,000 rows a second | the store | a result file a job; until then several services, each with a part of the roots and a `--fleet-name` of its own, on one broker |
//! | 5 | works that are not full, where the walk is the slow part: each has a plan at least, 256 files or 32 directories. With one file in each directory these are 3,100 works a second at the target | the broker: 6,300 | a longer wait for more files (20 ms) where the walk is slow. Where the nodes are the slow part, works fill while they wait |
//! | 6 | 256 MiB of works in the stream: 64 works of 35 KB for each job are 2.3 MB, 118 such jobs; with 4 for each root of one node 1,900 | the stream | nothing is lost: what finds no room is sent again, later |
//! | 7 | every 5 seconds the consumer of each root is looked after, one question each | the session | from some 30,000 roots on (6,300 questions a second) in parts |
//! | 8 | 4,096 nodes | the registry | several fleets |
//!
//! What does not break: the memory of the coordinator for one job, whatever its size (no map has a file each); the
//! broker's loss of everything (works are made again from the windows); the death of any node (its works go to others);
//! and the death of the coordinator, after which each job walks again and asks for what has no result. The price of
//! that is a walk of 10^10 names, 11 h for one job and 40 s for 1,000 nodes that walk at a time, and 1.5 TB of rows
//! that are read again, which nobody has timed.

#[cfg(test)]
mod tests {
    use hivesum_core::digest::Algorithms;
    use hivesum_core::file::{Reach, RelPath};
    use hivesum_core::result::{FileMeta, Origin, RowRef, Stability, Status};
    use hivesum_core::walk::Fate;

    use super::super::protocol::{
        Done, Entries, EntryRef, Identity, MAX_WORK_ENTRIES, PlanMessage, ResultRows, ScanKey, WalkNotice, WalkTag,
        Work, WorkRules, WorkTag, encode, root_id,
    };

    const PAGE: &str = include_str!("on_paper.rs");
    const IN_A_DIRECTORY: usize = 24;
    const SCAN: ScanKey = ScanKey { job: [7; 16], attempt: u64::MAX / 3 };

    /// As `fstat` says of a file of the corpus on ext4.
    const META: FileMeta = FileMeta {
        size: 6100,
        mtime_ns: 1_764_500_000_123_456_789,
        ctime_ns: 1_764_500_000_123_456_789,
        inode: 5_000_000,
        device: 65_024,
    };

    fn entries(files: usize, identity: Option<Identity>) -> Entries {
        let mut entries = Entries::default();
        for number in 0..files {
            let directory = format!("{:02x}/{:02x}", number / IN_A_DIRECTORY / 64, number / IN_A_DIRECTORY % 64);
            let name = format!("file-{number:04}.dat");
            let (directory, name) = (directory.as_bytes(), name.as_bytes());
            entries.push(EntryRef { directory, name, fate: Fate::Hash, identity });
        }
        entries
    }

    fn work() -> usize {
        let rules = WorkRules::new(&Algorithms::default(), Reach::Everywhere, false);
        let tag = WorkTag { scan: SCAN, number: 4_000_000 };
        let mut work = Work::new(tag, root_id("photos", None), &RelPath::default(), rules);
        work.entries = entries(MAX_WORK_ENTRIES, None);
        encode(&work).unwrap().len()
    }

    fn plans(identity: Option<Identity>) -> usize {
        let tag = WalkTag { scan: SCAN, number: 0 };
        let plan = PlanMessage { tag, number: 30_000_000, entries: entries(256, identity) };
        encode(&WalkNotice::Plan(plan)).unwrap().len() * MAX_WORK_ENTRIES / 256
    }

    fn results() -> usize {
        let mut rows = ResultRows::default();
        for _ in 0..1024 {
            rows.push(RowRef {
                directory: b"",
                name: b"",
                meta: META,
                status: Status::Hashed(Stability::Stable),
                digests: &[7; 32],
                origin: Origin::Read,
            });
        }
        let tag = WorkTag { scan: SCAN, number: 4_000_000 };
        encode(&Done { tag, session: u64::MAX / 3, first: 1024, rows }).unwrap().len() * MAX_WORK_ENTRIES / 1024
    }

    #[test]
    fn the_bytes_of_a_file_in_messages_are_those_of_the_page() {
        let a_file = |bytes: usize| (bytes as f64 / MAX_WORK_ENTRIES as f64).round() as usize;
        let (work, results) = (a_file(work()), a_file(results()));
        let (own, pool) = (a_file(plans(None)), a_file(plans(Some(Identity::of(&META)))));
        assert!(PAGE.contains(&format!("| {own}; of a pool, with identities, {pool} |")), "plans: {own}, {pool}");
        assert!(PAGE.contains(&format!("its acknowledgement | 2 | {work} |")), "work: {work}");
        assert!(PAGE.contains(&format!("one each 20 ms | 4 | {results} |")), "results: {results}");
        let together = |plan: usize| plan + work + results;
        let (own, pool) = (together(own), together(pool));
        assert!(PAGE.contains(&format!("| together | 19 | {own}; of a pool {pool} |")), "together: {own}, {pool}");
    }
}
