"""Which files of a training another machine could go on from, while it goes on here."""

from acecoder_dagster.learning.training.checkpoints import (
    checkpoint_folder,
    mark_complete,
    open_work_folder,
    settled_files,
)


def test_of_checkpoints_only_complete_ones_are_settled(tmp_path):
    work = open_work_folder(tmp_path, "fingerprint")
    (tmp_path / "curve.jsonl").write_text("{}\n")
    (work / "rollouts.parquet.1234.tmp").write_text("half")
    for step in (10, 20):
        checkpoint_folder(work, step).mkdir()
        (checkpoint_folder(work, step) / "optimizer").mkdir()
        (checkpoint_folder(work, step) / "optimizer" / "state").write_text("state")
    mark_complete(checkpoint_folder(work, 10))

    assert {path.relative_to(tmp_path).as_posix() for path in settled_files(tmp_path)} == {
        "curve.jsonl",
        "in_progress/fingerprint",
        "in_progress/checkpoint-10/COMPLETE",
        "in_progress/checkpoint-10/optimizer/state",
    }
