//! The table of faults, F01 to F23: what may happen to files before and during a read.
//!
//! F11 (a file that kills the process every time) is tested with jobs, in the job service and the API's kill tests.
//! Names (F21) are also tested on the page and the terminal, in `tests/browser` and `tests/cli`.

mod changing;
mod contents;
mod devices;
mod opening;
mod retries;
mod set_aside;
mod side_by_side;
mod stamps;

use std::path::Path;

use hivesum_core::guards::Guard;
use hivesum_test_support::faultfs::{self, FaultyFile, Mounted};

use crate::play::{Ending, holds};

/// The files of the fault file system, by the name of their set.
fn files_of(set: &str) -> Vec<FaultyFile> {
    match set {
        "dead directory" => devices::dead_directory(),
        "dead files" => devices::dead_files(),
        "endless" => contents::endless_file(),
        "no size" => contents::files_without_a_size(),
        "opens later" => retries::files_that_open_later(),
        "short reads" => retries::files_of_short_reads(),
        "slow files" => devices::slow_files(),
        "sound" => retries::sound_files(),
        other => panic!("there is no set {other:?}"),
    }
}

/// Mounts a set of files of the fault file system.
fn mount(set: &str, at: &Path) -> Mounted {
    faultfs::mount("rows::the_fault_file_system_is_served_by_a_child", set, at)
}

#[test]
fn the_fault_file_system_is_served_by_a_child() {
    faultfs::serve(files_of);
}

/// One fault.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) run: fn(),
    pub(crate) ending: Ending,
    /// The guards that the row needs to pass.
    pub(crate) guards: &'static [Guard],
}

macro_rules! rows {
    ($($name:ident: $run:path, $ending:ident, [$($guard:ident),*];)*) => {
        pub(crate) const ROWS: &[Row] = &[$(Row {
            name: stringify!($name),
            run: $run,
            ending: Ending::$ending,
            guards: &[$(Guard::$guard),*],
        }),*];
        $(#[test] fn $name() { holds(stringify!($name)); })*
    };
}

rows! {
    f01_a_file_cut_to_nothing_while_it_is_mapped: changing::cut_to_nothing_while_mapped, Well, [SigbusHandler];
    f01_a_file_cut_and_filled_up_again_and_again_is_refused: changing::cut_and_filled_again, Well, [];
    f02_a_file_cut_inside_its_last_page: changing::cut_inside_its_last_page, Well, [SecondStat];
    f03_a_file_written_to_during_every_read: changing::written_to_during_every_read, Well, [SecondStat];
    f03_a_large_file_written_to_once_is_read_again: changing::large_and_written_to_once, Well, [];
    f04_a_file_that_somebody_may_write_to: changing::open_for_writing, Well, [LeaseProbe];
    f04_only_stable_digests_are_asked_for: changing::only_stable_ones, Well, [RequireStable];
    f04_a_writer_that_opens_during_the_probe: changing::opened_during_the_probe, Well, [LeaseSignal];
    f04_a_writer_below_a_stacked_file_system: stamps::a_writer_below_an_overlay, Well, [StackedLeases];
    f03_one_of_several_files_written_to_once: side_by_side::written_to_once, Well, [SecondStat];
    f03_one_of_several_files_cut_short: side_by_side::cut_short, Well, [SecondStat];
    f03_one_of_several_files_written_to_during_every_read: side_by_side::written_to_during_every_read, Well, [SecondStat];
    f04_one_of_several_files_with_a_writer: side_by_side::one_with_a_writer, Well, [LeaseProbe, RequireStable];
    f02_a_file_cut_short_while_it_is_set_aside: set_aside::cut_short, Well, [];
    f03_a_file_written_to_while_it_is_set_aside: set_aside::written_to_once, Well, [];
    f03_a_file_set_aside_and_written_to_during_every_read: set_aside::written_to_during_every_read, Well, [SecondStat];
    f04_a_writer_that_opens_while_a_file_is_set_aside: set_aside::a_writer_that_opens_meanwhile, Well, [LeaseProbe, RequireStable];
    f03_two_writes_within_one_whole_second: stamps::whole_seconds, Well, [CoarseStamps];
    f03_two_writes_within_two_seconds_on_fat: stamps::every_other_second, Well, [CoarseStamps];
    f05_a_modification_time_set_back: changing::time_set_back, Well, [ChangeTime];
    f06_a_file_replaced_during_the_read: changing::replaced, Well, [];
    f07_a_file_deleted_before_and_during_the_read: changing::deleted, Well, [];
    f07_a_file_deleted_while_it_is_set_aside: set_aside::deleted, Well, [];
    f08_a_device_that_fails_under_a_map: devices::fails_under_a_map, Well, [LostPages];
    f09_a_sigbus_that_is_not_ours: devices::sigbus_of_others, BySigbus, [PreviousHandler];
    f10_a_thousand_panics: devices::a_thousand_panics, Well, [PanicEdge];
    f10_panics_among_several_files: side_by_side::panics, Well, [PanicEdge];
    f10_a_panic_among_files_that_were_set_aside: set_aside::panics, Well, [];
    f11_files_that_were_set_aside_are_noted_when_they_are_read: set_aside::noted_when_they_are_read, Well, [];
    f12_a_read_that_never_returns: devices::never_reads, Well, [Watchdog];
    f12_a_file_that_trickles_in: devices::trickles, Well, [FileDeadline];
    f12_a_directory_that_never_answers: devices::never_lists, Well, [WalkDeadline];
    f13_what_is_no_regular_file: opening::no_regular_file, Well, [RegularFilesOnly, NonBlockingOpen];
    f14_symlinks_of_every_kind: opening::symlinks, Well, [Confinement];
    f15_a_directory_swapped_for_a_symlink: opening::swapped_directory, Well, [Confinement];
    f16_mounts_below_the_root: opening::mounts, Well, [OneFilesystem];
    f16_a_mount_over_the_root: opening::mounted_over, Well, [];
    f17_a_pseudo_file_system_in_the_root: opening::pseudo_file_systems, Well, [PseudoFilesystems];
    f18_size_0_with_content: contents::unsized_content, Well, [UnsizedRead];
    f18_a_file_without_an_end: contents::endless, Well, [UnsizedBound];
    f19_a_sparse_file_over_the_bound: contents::over_the_bound, Well, [FileBound];
    f19_a_hole_costs_no_page_of_the_cache: contents::hole, Well, [Holes];
    f19_a_hole_takes_the_time_of_zeros: crate::holes::a_hole_is_digested_like_zeros, Well, [];
    f20_ten_thousand_directories_deep: contents::deep, Well, [DepthBound];
    f20_a_directory_of_very_many_entries: contents::wide, Well, [];
    f21_names_of_any_bytes: contents::names, Well, [];
    f22_opens_that_work_at_the_next_try: retries::opens_later, Well, [OpenRetry, DescriptorRetry];
    f22_reads_that_are_short_or_broken_off: retries::short_reads, Well, [WholeRead];
    f22_few_descriptors: retries::few_descriptors, Well, [];
    f22_few_descriptors_for_several_files: side_by_side::few_descriptors, Well, [];
    f22_no_descriptor_to_spare_for_files_to_be_set_aside: set_aside::no_descriptor_to_spare, Well, [];
    f22_more_files_than_are_asked_for_ahead: set_aside::more_than_is_asked_for_ahead, Well, [];
    f22_a_file_system_that_lies_and_is_never_trusted: retries::never_trusted, Well, [CarefulFilesystems];
    f23_our_own_files_under_other_names: opening::own_files, Well, [OwnFiles];
}
