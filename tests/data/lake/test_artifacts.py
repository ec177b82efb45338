from acecoder_dagster.data.lake import ArtifactStore


def test_an_interrupted_training_finds_its_own_folder_and_no_other(tmp_path):
    store = ArtifactStore(tmp_path)
    (store.working_folder("model", "key1") / "checkpoint").write_text("half")

    assert (store.working_folder("model", "key1") / "checkpoint").read_text() == "half"
    assert list(store.working_folder("model", "key2").iterdir()) == []
    assert store.current("model") is None


def test_a_finished_training_becomes_the_current_artifact(tmp_path):
    store = ArtifactStore(tmp_path)
    store.working_folder("model", "key1")
    finished = store.finish("model", "key1", {"loss": 0.5})

    assert store.current("model") == finished
    assert finished.folder == tmp_path / "model" / "key1"
    store.working_folder("model", "key2")
    store.finish("model", "key2", {"loss": 0.4})
    assert store.current("model").content_key == "key2"
