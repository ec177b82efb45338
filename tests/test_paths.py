from acecoder_dagster.paths import project_folder


def test_the_folders_of_the_project_are_found():
    assert (project_folder("sql") / "models").is_dir()
    assert project_folder("containers").is_dir()
