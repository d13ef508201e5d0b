# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module container_files, on a real file system."""

from __future__ import annotations

import base64
import os
import typing as t
from pathlib import Path

import pytest

from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule

SECRET = "Kq8secretKey"

Files = dict[str, Path]


def options(directory: Path, version: str = "v1", **contents: str) -> dict[str, t.Any]:
    """Return options for files /etc/NAME with these contents; one called key is secret."""
    return {
        "directory": str(directory),
        "version": version,
        "files": [
            {
                "path": f"/etc/{name}",
                "mode": "0400" if name == "key" else "0444",
                "owner": os.getuid(),
                "group": os.getgid(),
                "secret": name == "key",
            }
            for name in contents
        ],
        "contents": {f"/etc/{name}": base64.b64encode(text.encode()).decode() for name, text in contents.items()},
    }


def mounted(declared: dict[str, t.Any], directory: Path, version: str) -> dict[str, t.Any]:
    """Return options in which the container has another version now."""
    for file in declared["files"]:
        file["mounted"] = f"{directory}/{version}{file['path']}"
    return declared


def tree(directory: Path) -> dict[str, tuple[str, str]]:
    """Return all files beneath a directory: permissions and content."""
    return {
        str(path.relative_to(directory)): (f"{path.stat().st_mode & 0o7777:04o}", path.read_text(encoding="utf-8"))
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Give a directory that does not exist, in one that does not exist."""
    return tmp_path / "prefect" / "server"


def test_files_are_written_for_their_owner_and_nobody_else_sees_what_there_is(
    run_module: RunModule, directory: Path
) -> None:
    # Whatever a user's mask would make of it.
    mask = os.umask(0o077)
    try:
        answer = run_module("container_files", **options(directory, conf="one\n", key=SECRET))
    finally:
        os.umask(mask)
    assert (answer["changed"], answer["created"], answer["others"]) == (True, True, [])
    assert tree(directory) == {"v1/etc/conf": ("0444", "one\n"), "v1/etc/key": ("0400", SECRET)}
    modes = [path.stat().st_mode & 0o777 for path in (directory.parent, directory, directory / "v1/etc")]
    assert modes == [0o711, 0o700, 0o700]


def test_a_second_time_nothing_is_written(run_module: RunModule, directory: Path) -> None:
    run_module("container_files", **options(directory, conf="one\n", key=SECRET))
    before = {path: path.stat().st_ino for path in directory.rglob("*")}
    answer = run_module("container_files", **options(directory, conf="one\n", key=SECRET))
    assert (answer["changed"], answer["created"]) == (False, False)
    assert {path: path.stat().st_ino for path in directory.rglob("*")} == before


def test_check_mode_writes_nothing(run_module: RunModule, directory: Path) -> None:
    answer = run_module("container_files", **options(directory, conf="one\n"), check_mode=True)
    assert answer["changed"]
    assert not directory.parent.exists()


def test_a_directory_that_is_there_keeps_its_permissions(run_module: RunModule, directory: Path) -> None:
    directory.parent.mkdir(mode=0o755)
    directory.parent.chmod(0o755)
    run_module("container_files", **options(directory, conf="one\n"))
    assert directory.parent.stat().st_mode & 0o777 == 0o755


def test_another_version_is_written_beside_the_one_in_use(run_module: RunModule, directory: Path) -> None:
    run_module("container_files", **options(directory, conf="one\n"))
    answer = run_module("container_files", **options(directory, "v2", conf="two\n"))
    assert (answer["created"], answer["others"]) == (True, ["v1"])
    assert tree(directory) == {"v1/etc/conf": ("0444", "one\n"), "v2/etc/conf": ("0444", "two\n")}


def test_what_the_container_has_now_is_told_for_a_diff(run_module: RunModule, directory: Path) -> None:
    run_module("container_files", **options(directory, conf="one\n", same="same\n", key=SECRET))
    declared = options(directory, "v2", conf="two\n", same="same\n", key="another", new="new\n")
    answer = run_module("container_files", **mounted(declared, directory, "v1"), check_mode=True)["mounted"]
    assert bytes.fromhex(answer["/etc/conf"]["content"]) == b"one\n"
    assert answer["/etc/conf"]["attributes"] == f"0444 {os.getuid()}:{os.getgid()}"
    assert [answer[f"/etc/{name}"]["same"] for name in ("conf", "same", "key", "new")] == [False, True, False, False]
    assert [answer[f"/etc/{name}"]["exists"] for name in ("conf", "same", "key", "new")] == [True, True, True, False]


@pytest.mark.parametrize("now_secret", [True, False], ids=["still secret", "no longer secret"])
def test_a_secret_file_is_never_returned(run_module: RunModule, directory: Path, now_secret: bool) -> None:
    run_module("container_files", **options(directory, key=SECRET))
    declared = mounted(options(directory, "v2", key="another"), directory, "v1")
    declared["files"][0]["secret"] = now_secret
    answer = run_module("container_files", **declared)
    assert answer["mounted"]["/etc/key"]["content"] == ""
    for text in (SECRET, "another"):
        for form in (text, base64.b64encode(text.encode()).decode(), text.encode().hex()):
            assert form not in str(answer)


@pytest.mark.parametrize("stored", ["one\ntwo\nthree\n", "onetwo", "o", ""])
def test_a_content_that_is_a_part_of_the_stored_one_hides_nothing_of_it(
    run_module: RunModule, directory: Path, stored: str
) -> None:
    run_module("container_files", **options(directory, conf=stored))
    declared = mounted(options(directory, "v2", conf="one"), directory, "v1")
    answer = run_module("container_files", **declared)["mounted"]["/etc/conf"]
    assert bytes.fromhex(answer["content"]) == stored.encode()


def break_content(path: Path) -> None:
    path.chmod(0o644)
    path.write_text("other", encoding="utf-8")


def break_mode(path: Path) -> None:
    path.chmod(0o666)


def break_into_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def break_into_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


@pytest.mark.parametrize("break_it", [break_content, break_mode, break_into_directory, break_into_link, Path.unlink])
def test_a_version_that_is_not_whole_is_made_whole(
    run_module: RunModule, directory: Path, break_it: t.Callable[[Path], None]
) -> None:
    run_module("container_files", **options(directory, conf="one\n"))
    break_it(directory / "v1/etc/conf")
    answer = run_module("container_files", **options(directory, conf="one\n"))
    assert (answer["changed"], answer["created"]) == (True, False)
    assert tree(directory) == {"v1/etc/conf": ("0444", "one\n")}
    assert not (directory / "v1/etc/conf").is_symlink()


def test_versions_that_are_not_current_go(run_module: RunModule, directory: Path) -> None:
    for version in ("v1", "v2", "v3"):
        run_module("container_files", **options(directory, version, conf=version))
    keep = {"directory": str(directory), "state": "current", "version": "v2"}
    assert run_module("container_files", **keep, check_mode=True)["changed"]
    assert len(tree(directory)) == 3
    assert run_module("container_files", **keep)["changed"]
    assert tree(directory) == {"v2/etc/conf": ("0444", "v2")}
    assert not run_module("container_files", **keep)["changed"]


@pytest.mark.parametrize("neighbour", [True, False])
def test_what_is_removed_is_gone_and_what_others_have_stays(
    run_module: RunModule, directory: Path, neighbour: bool
) -> None:
    run_module("container_files", **options(directory, conf="one\n"))
    if neighbour:
        run_module("container_files", **options(directory.parent / "proxy", conf="two\n"))
    gone = {"directory": str(directory), "state": "absent"}
    assert run_module("container_files", **gone)["changed"]
    assert not directory.exists()
    assert directory.parent.exists() is neighbour
    assert not run_module("container_files", **gone)["changed"]


def test_nothing_is_looked_at_where_there_is_nothing_to_remove(run_module: RunModule, directory: Path) -> None:
    directory.parent.mkdir()
    assert not run_module("container_files", directory=str(directory), state="absent")["changed"]
    assert directory.parent.exists()


def test_a_place_that_cannot_be_written_is_named(run_module: RunModule, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    answer = run_module("container_files", **options(tmp_path / "file" / "server", conf="one\n"))
    assert answer["failed"]
    assert str(tmp_path / "file") in answer["msg"]
    assert "Not a directory" in answer["msg"] or "File exists" in answer["msg"]
