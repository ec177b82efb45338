import os

import pytest

from acecoder_dagster.files import ImportFileError
from acecoder_dagster.questions.importing import ImportManifest
from acecoder_dagster.questions.inbox import inbox_entries, read_entry, source_entries

NOW = 1_000_000.0


def put(folder, name, text="{}", age=60.0):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (NOW - age, NOW - age))
    return path


def places(folder):
    return [entry.place for entry in inbox_entries(folder, 5, NOW)]


def test_files_and_folders_with_a_manifest_are_entries_and_nothing_else_is(tmp_path):
    for name in (
        "b.jsonl",
        "a.parquet",
        "notes.txt",
        ".hidden.jsonl",
        "several/import.toml",
        "several/q.json",
        "x/q.json",
    ):
        put(tmp_path, name)

    assert places(tmp_path) == ["a.parquet", "b.jsonl", "several"]


def test_a_file_that_may_still_be_copied_is_left_alone(tmp_path):
    put(tmp_path, "done.jsonl")
    put(tmp_path, "copying.jsonl", age=1)
    put(tmp_path, "several/import.toml")
    put(tmp_path, "several/copying.parquet", age=1)

    assert places(tmp_path) == ["done.jsonl"]


def test_a_changed_file_is_another_version_of_its_entry(tmp_path):
    put(tmp_path, "a.jsonl")
    (before,) = inbox_entries(tmp_path, 5, NOW)
    put(tmp_path, "a.jsonl", "{}{}")
    (after,) = inbox_entries(tmp_path, 5, NOW)

    assert (before.place, before.version == after.version) == (after.place, False)


def test_without_the_folder_there_is_nothing(tmp_path):
    assert inbox_entries(tmp_path / "inbox", 5, NOW) == []


def test_a_file_is_an_import_called_as_the_file(tmp_path):
    put(tmp_path, "My problems (2).jsonl.gz")

    manifest = read_entry(tmp_path, (), "My problems (2).jsonl.gz")

    assert (manifest.name, manifest.questions) == ("my-problems-2", (str(tmp_path / "My problems (2).jsonl.gz"),))


def test_a_folder_says_in_its_manifest_what_is_what(tmp_path):
    put(tmp_path, "set/import.toml", 'questions = ["q.jsonl", "hf://a/b"]\nprograms = ["p.jsonl"]\nsplit = "hash"')

    manifest = read_entry(tmp_path, (), "set")

    assert (manifest.name, manifest.split) == ("set", "hash")
    assert manifest.questions == (str(tmp_path / "set/q.jsonl"), "hf://a/b")
    assert manifest.programs == (str(tmp_path / "set/p.jsonl"),)


def test_a_manifest_may_leave_out_the_programs_of_its_files(tmp_path):
    put(tmp_path, "set/import.toml", 'questions = ["q.jsonl"]\nwith_programs = false')

    assert read_entry(tmp_path, (), "set").with_programs is False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("questions = [", "set/import.toml: not valid TOML"),
        ("", "set/import.toml, questions: Field required"),
        ('questions = ["q.jsonl"]\nquestion = 1', "set/import.toml, question: Extra inputs"),
        ("questions = [1]", "set/import.toml, questions.0: Input should be a valid string"),
        ("# " + "x" * 2_000_000, "set/import.toml: it has more than 1,048,576 bytes, the limit"),
    ],
)
def test_a_wrong_manifest_is_named_with_what_is_wrong(tmp_path, text, said):
    put(tmp_path, "set/import.toml", text)

    with pytest.raises(ImportFileError, match=said):
        read_entry(tmp_path, (), "set")


@pytest.mark.parametrize("field", ["questions", "generated_tests", "programs"])
@pytest.mark.parametrize("named", ["/etc/passwd", "../other.jsonl", "in/../../other.jsonl", "file:///../../../x.jsonl"])
def test_a_manifest_names_no_file_outside_its_folder(tmp_path, field, named):
    put(tmp_path, "set/import.toml", f'{field} = ["q.jsonl", "{named}"]')

    with pytest.raises(ImportFileError) as error:
        read_entry(tmp_path, (), "set")

    (found,) = error.value.problems
    assert found.startswith(f"set/import.toml, {field}: {named!r} leads out of the folder; copy the file there")


@pytest.mark.parametrize("link", ["set/q.jsonl", "set/folder", "set/import.toml", "q.jsonl", "set"])
def test_a_link_that_leaves_the_inbox_is_not_followed(tmp_path, link):
    outside, inbox = tmp_path / "outside", tmp_path / "inbox"
    put(outside, "q.jsonl")
    put(outside, "import.toml", 'questions = ["q.jsonl"]')
    if link != "set":
        put(
            inbox,
            "set/import.toml",
            'questions = ["folder/q.jsonl"]' if "folder" in link else 'questions = ["q.jsonl"]',
        )
    path = inbox / link
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(outside if link.endswith(("set", "folder")) else outside / path.name)

    with pytest.raises(ImportFileError, match="leads out of"):
        read_entry(inbox, (), link.partition("/")[0])


def test_a_link_inside_the_folder_and_an_inbox_that_is_a_link_are_followed(tmp_path):
    put(tmp_path, "disk/set/import.toml", 'questions = ["now.jsonl"]')
    put(tmp_path, "disk/set/2026/q.jsonl")
    (tmp_path / "disk/set/now.jsonl").symlink_to("2026/q.jsonl")
    (tmp_path / "inbox").symlink_to(tmp_path / "disk")

    assert read_entry(tmp_path / "inbox", (), "set").questions == (str(tmp_path / "inbox/set/now.jsonl"),)


def test_what_is_no_file_is_no_entry(tmp_path):
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "zeros.jsonl").symlink_to("/dev/zero")

    assert places(tmp_path) == []


def test_two_entries_of_one_name_are_refused(tmp_path):
    put(tmp_path, "a.jsonl")
    put(tmp_path, "A.parquet")

    with pytest.raises(ImportFileError, match=r"its import is called a, as is that of A.parquet; rename"):
        read_entry(tmp_path, (), "a.jsonl")


def test_a_file_that_is_gone_is_said_so(tmp_path):
    with pytest.raises(ImportFileError, match="no longer in the inbox"):
        read_entry(tmp_path, (), "a.jsonl")


def test_a_source_that_cannot_be_reached_does_not_hide_the_others(tmp_path):
    there = ImportManifest(name="there", questions=(str(put(tmp_path, "q.jsonl")),))
    gone = ImportManifest(name="gone", questions=(str(tmp_path / "gone.jsonl"),))

    entries, problems = source_entries([gone, there])

    assert [entry.place for entry in entries] == ["source there"]
    assert "gone.jsonl: cannot be read" in problems[0]
    assert read_entry(tmp_path, [gone, there], "source there") == there


def test_a_source_changes_with_its_content_and_not_with_its_date(tmp_path):
    file = put(tmp_path, "q.jsonl")
    source = ImportManifest(name="s", questions=(str(file),))
    versions = [source_entries([source])[0][0].version]
    put(tmp_path, "q.jsonl", age=10)
    versions.append(source_entries([source])[0][0].version)
    put(tmp_path, "q.jsonl", "{}{}")
    versions.append(source_entries([source])[0][0].version)

    assert versions[0] == versions[1] != versions[2]
