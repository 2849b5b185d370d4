"""Which tests are slow, and of what kind: `pytest -m "not slow"` leaves them out and takes less than a minute.

A test stands here by its file's name and its own, with the parameters in brackets where only these are slow. What takes
a second or more is slow; so is everything that starts a browser, builds a package, starts or kills processes, or
compiles. A test checks that every name here is that of a test.
"""

from __future__ import annotations

from collections import Counter

import pytest

KINDS = ("browser", "server", "packaging", "distributed", "kill", "compile")  # each of them is slow, too

# What waits for other processes depends on how the machine shares its time among them. Such a test that fails is run
# a second time; pytest's summary counts and names what it had to repeat.
AGAIN = ("browser", "server", "distributed", "kill")

BROWSER = "tests/e2e/"  # all of this folder

FILES = {  # whole files
    "test_docs_site.py": "packaging",
    "test_packaging.py": "packaging",
    "test_recipes_of_contributing.py": "packaging",
    "test_distributed.py": "distributed",
    "test_checkpoint_layouts.py": "slow",  # a hundred checkpoints, each read in several ways
    "test_kinds_of_checkpoints.py": "slow",
    "test_faults.py": "kill",  # a server, to which much is done
    "test_fuzzing.py": "slow",
    "test_wrap.py": "slow",  # networks of up to 152 layers
    "test_server.py": "server",  # a real server, and clients that take turns
    "test_training_server.py": "server",
    "test_hostile_http.py": "server",
}

TESTS = {
    "test_structure.py::test_the_lower_bounds_resolve": "packaging",
    # Kills
    "test_checkpoint.py::test_200_kills_leave_no_torn_checkpoint_and_no_litter": "kill",
    "test_cli_process.py::test_ctrl_c_ends_a_training_with_its_checkpoint_kept": "kill",
    "test_resuming.py::test_a_killed_training_goes_on_to_the_same_end": "kill",
    "test_weights.py::test_a_writer_killed_at_any_moment_leaves_the_old_file": "kill",
    # Starts servers and nginx, and ends programs
    "test_hosting.py::test_behind_nginx_with_a_path_and_two_replicas": "server",
    "test_hosting.py::test_visits_behind_nginx": "server",
    "test_hosting.py::test_ctrl_c_as_soon_as_the_app_answers": "kill",
    "test_hosting.py::test_a_signal_at_any_moment_of_the_start": "kill",
    "test_mcp.py::test_a_client_calls_every_tool": "slow",
    "test_hub.py::test_what_is_saved_to_the_hub_is_loaded_bit_for_bit": "slow",
    "test_hub.py::test_others_files_go_the_way_of_all_files": "slow",
    # Compiles
    "test_trainer.py::test_a_compiled_training_takes_the_same_way": "compile",
    "test_trainer.py::test_without_a_compiler_there_is_a_sentence": "compile",
    # Evaluates on all of CIFAR-10, or holds much in memory
    "test_cli_answers.py::test_evaluate_finds_the_peers_accuracy": "slow",
    "test_data.py::test_the_real_cifar10": "slow",
    "test_trainer.py::test_training_on_as_much_as_cifar10_stays_within_its_memory": "slow",
    "test_weights.py::test_akamasters_checkpoints_classify_as_published": "slow",
    "test_zoo.py::test_bundled_weights_are_as_accurate_as_they_say": "slow",
    "test_zoo.py::test_a_snapshot_is_as_accurate_as_the_history_says": "slow",
    # Trains until something was learned, or by the clock
    "test_bench.py::test_so_many_pictures_are_seen": "slow",
    "test_bench.py::test_the_benchmark_of_training_beside_busy_processes": "slow",
    "test_bench.py::test_the_benchmark_of_many_visitors": "slow",
    "test_bench.py::test_the_benchmark_of_pages": "slow",
    "test_job.py::test_whoever_looks_on_hears_of_a_race_several_times_a_second_and_it_of_a_stop": "slow",
    "test_stopping.py::test_an_end_is_heard_in_the_middle_of_things": "slow",
    "test_cli_train.py::test_a_resumed_training_ends_at_the_same_weights": "slow",
    "test_cli_train.py::test_replay": "slow",
    "test_cli_train.py::test_replay_of_trainings_that_were_stopped": "slow",
    "test_cli_train.py::test_train_writes_what_evaluate_confirms": "slow",
    "test_trainer.py::test_a_budget_of_minutes_is_kept": "slow",
    "test_resuming.py::test_a_resumed_training_by_the_clock_can_be_repeated_as_a_whole": "slow",
    "test_resuming.py::test_a_schedule_repeats_a_training_by_the_clock": "slow",
    "test_race.py::test_a_race_trains_both_on_the_same_pictures_from_the_same_seed": "slow",
    "test_race.py::test_a_replay_repeats_every_test": "slow",
    "test_race.py::test_a_stopped_race_by_the_clock_ends_again_as_it_did": "slow",
    "test_race.py::test_the_files_hold_what_was_trained": "slow",
    "test_session.py::test_cuts_go_along_to_networks_that_have_such_blocks": "slow",
    "test_session.py::test_nothing_to_see_yet": "slow",
    "test_address.py::test_the_address_leads_back_to_the_view": "slow",
    "test_session.py::test_the_class_follows_the_answer_until_one_is_chosen": "slow",
    "test_session.py::test_the_twin_keeps_weights_and_seed_where_it_can": "slow",
    # Starts processes that import torch
    "test_cores.py::test_torch_meets_threads_that_wait_passively": "slow",
    "test_cores.py::test_torch_meets_what_somebody_set": "slow",
    "test_cli_process.py::test_process_prints_json_and_nothing_else": "slow",
    "test_cli_process.py::test_process_refuses_in_one_sentence": "slow",
    "test_cli_process.py::test_streams_that_the_shell_closed": "slow",
    "test_cli_process.py::test_nobody_waits_for_a_heavy_library_until_a_word_is_completed": "slow",
    "test_docs.py::test_the_snippets_run": "slow",
    "test_notebooks.py::test_a_notebook_runs": "slow",
    "test_examples.py::test_it_learns": "slow",
    "test_docs.py::test_cheap_commands_run": "slow",
    "test_figures_curves.py::test_figures_never_touch_pyplot": "slow",
    "test_figures_training.py::test_figures_of_training_never_touch_pyplot": "slow",
    "test_structure.py::test_every_module_can_be_imported_on_its_own": "slow",
    # Measures
    "test_bench.py::test_a_benchmark_reports_the_figures_of_the_interface[figures]": "slow",
    "test_bench.py::test_a_benchmark_reports_the_figures_of_the_interface[inspect]": "slow",
    "test_bench.py::test_slices_alternate_and_count_what_was_done_in_them": "slow",
    "test_bench.py::test_the_benchmark_of_a_click": "slow",
    "test_bench.py::test_the_benchmark_of_accuracy": "slow",
    "test_bench.py::test_the_benchmark_of_training": "slow",
    # Computes for about a second
    "test_attribution.py::test_captums_methods_leave_the_model_alone_and_work_side_by_side[Occlusion]": "slow",
    "test_attribution.py::test_grad_cam_of_every_block_and_branch_equals_captums[resnet18-cifar]": "slow",
    "test_attribution.py::test_grad_cam_of_every_block_and_branch_equals_captums[resnet56]": "slow",
    "test_cut.py::test_a_plain_block_has_one_wire": "slow",
    "test_cut.py::test_a_shortcut_is_cut": "slow",
    "test_cut.py::test_answers_are_those_of_the_library": "slow",
    "test_cut.py::test_the_curve_is_the_lens": "slow",
    "test_data.py::test_what_is_no_name_is_a_path": "slow",
    "test_experiments.py::test_a_click_on_a_bar_cuts_that_block": "slow",
    "test_experiments.py::test_the_twin_is_measured_beside_it": "slow",
    "test_experiments.py::test_which_pictures_a_run_takes": "slow",
    "test_faithful.py::test_curves_run_from_the_picture_to_the_baseline_and_back": "slow",
    "test_figures_training.py::test_histories_bear_what_is_missing": "slow",
    "test_figures_training.py::test_history_as_files": "slow",
    "test_figures_training.py::test_race_labels_never_overlap_and_stand_on_no_curve": "slow",
    "test_folders.py::test_a_zip_that_says_it_unpacks_to_too_much_is_refused": "slow",
    "test_folders.py::test_ten_thousand_small_pictures_take_seconds": "slow",
    "test_landscape.py::test_the_model_is_left_as_it_was_and_the_report_checks_itself": "slow",
    "test_landscape.py::test_without_shortcuts_the_ground_of_56_layers_is_steeper": "slow",
    "test_learn.py::test_paths_are_counted": "slow",
    "test_learn.py::test_the_first_draw_tells_the_networks_apart": "slow",
    "test_learn.py::test_the_network_without_a_shortcut_is_downloaded_and_opened": "slow",
    "test_learn.py::test_the_prose_is_that_of_the_network_in_sight": "slow",
    "test_learn.py::test_where_there_is_no_such_network_that_of_the_record_is_offered": "slow",
    "test_microbatches.py::test_the_same_threads_compute_the_same_bits[3]": "slow",
    "test_second.py::test_every_page_draws_both": "slow",
    "test_pages.py::test_examples_exist_for_both_kinds_of_network": "slow",
    "test_sanity.py::test_another_seed_is_another_randomisation": "slow",
    "test_sanity.py::test_guided_backprop_hardly_notices_what_saliency_does": "slow",
    "test_shapes.py::test_the_number_of_threads_changes_not_a_bit": "slow",
    "test_shapes.py::test_the_two_halves_are_of_their_size_and_strangers": "slow",
    "test_trace.py::test_identities_hold_in_every_network[preresnet56]": "slow",
    "test_trace.py::test_identities_hold_in_every_network[resnet101]": "slow",
    "test_trace.py::test_identities_hold_in_every_network[resnet152]": "slow",
    "test_trace.py::test_identities_hold_in_every_network[resnet18]": "slow",
    "test_trace.py::test_sixteen_threads_on_one_network": "slow",
    "test_resuming.py::test_a_stopped_training_by_the_clock_is_repeated_to_its_end": "slow",
    "test_trainer.py::test_a_training_by_the_clock_is_tested_at_every_twentieth": "slow",
    "test_trainer.py::test_the_time_in_which_the_reader_is_busy_does_not_count": "slow",
    "test_weights.py::test_a_zip_bomb_is_not_unpacked": "slow",
    "test_weights.py::test_logits_equal_torchvisions[101]": "slow",
    "test_weights.py::test_logits_equal_torchvisions[152]": "slow",
    "test_zoo.py::test_the_table_holds_the_published_numbers": "slow",
    "test_cli_experiment.py::test_probes_are_fitted_on_the_training_half": "slow",
    "test_cli_experiment.py::test_an_experiment_is_told_beside_the_twins": "slow",
    "test_cli_train.py::test_resuming_a_finished_training_only_writes_its_outputs": "slow",
    "test_lab.py::test_every_experiment_reports_plain_numbers": "slow",
    "test_lab.py::test_every_experiment_runs_on_preactivation_networks_or_says_why_not": "slow",
    "test_learn.py::test_networks_without_a_twin_stand_alone": "slow",
    "test_learn.py::test_every_step_is_shown_and_told": "slow",
    "test_learn.py::test_every_control_changes_the_picture_and_the_sentence": "slow",
    "test_similarity.py::test_a_bundled_result_is_that_of_the_bundled_seeds": "slow",
    "test_similarity.py::test_seeds_are_found_for_bundled_networks_alone": "slow",
    "test_pseudo_language.py::test_no_experiment_says_plain_english": "slow",
    "test_pseudo_language.py::test_no_step_of_the_lesson_says_plain_english": "slow",
    "test_dial.py::test_at_one_both_dials_are_the_network_bit_for_bit": "slow",
    "test_dial.py::test_the_errors_anew_are_those_of_the_network_that_measured_its_statistics": "slow",
    "test_docs.py::test_json_holds_what_the_shell_promises": "slow",
    "test_trace.py::test_traces_leave_no_networks_in_memory": "slow",
    "test_paths.py::test_one_picture_through_27_blocks_is_split_at_once": "slow",
    "test_signal.py::test_a_wide_network_does_as_theory_expects": "slow",
    "test_signal.py::test_narrow_networks_and_edges_let_the_signal_grow_less": "slow",
    "test_microbatches.py::test_microbatches_by_hand": "slow",
    "test_film.py::test_every_page_sees_the_network_at_that_moment": "slow",
    "test_film.py::test_what_is_trained_here_is_filmed": "slow",
    "test_film.py::test_a_stopped_training_shows_how_far_it_came": "slow",
    "test_cli_answers.py::test_a_network_after_an_epoch_of_its_training": "slow",
    "test_zoo.py::test_the_seeds_of_a_network_are_trainings_of_their_own": "slow",
    "test_cli_answers.py::test_models": "slow",
    "test_trace.py::test_in_pre_activation_networks_the_branches_add_up": "slow",
    "test_trace.py::test_identities_hold_in_every_network": "slow",
}


def short(nodeid: str) -> str:
    """ "tests/lab/test_lab.py::test_x[a/b]" -> "test_lab.py::test_x[a/b]"."""
    test, bracket, parameters = nodeid.partition("[")
    return test.rpartition("/")[2] + bracket + parameters


def kinds_of(nodeid: str) -> set[str]:
    """The tiers that a test belongs to, by its node's id; none for a fast one."""
    if nodeid.startswith(BROWSER):
        return {"slow", "browser"}
    name = short(nodeid)
    found = {FILES.get(name.split("::")[0]), TESTS.get(name), TESTS.get(name.split("[")[0])} - {None}
    return {kind for kind in found if kind} | ({"slow"} if found else set())


def scope(nodeid: str) -> str:
    """What of several processes one has to itself: a file, or all tests in a browser, which share an app."""
    return "browser" if nodeid.startswith(BROWSER) else nodeid.split("::")[0]


def order(items: list[pytest.Item]) -> None:
    """Scopes with many slow tests first, and that of the browser before all: no process is left with one at the end."""
    slow = Counter(scope(item.nodeid) for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: (scope(item.nodeid) != "browser", -slow[scope(item.nodeid)]))


def mark(items: list[pytest.Item]) -> None:
    """Give every test its marks. One that its own file marks as of a kind is slow, too."""
    for item in items:
        for kind in kinds_of(item.nodeid):
            item.add_marker(getattr(pytest.mark, kind))
        if any(item.get_closest_marker(kind) for kind in KINDS) and not item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.slow)
        if any(item.get_closest_marker(kind) for kind in AGAIN):
            item.add_marker(pytest.mark.flaky(reruns=1))
