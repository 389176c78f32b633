"""The unit for systemd: the one we ship is one that doctor understands, and another workspace's is told apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.schedule.unit import installed

SHIPPED = Path(__file__).resolve().parents[3] / "docs" / "leverframe.service"


def of(tmp_path: Path, text: str) -> list[Path]:
    (tmp_path / "it.service").write_text(text)
    return [unit.home for unit in installed([tmp_path], Path("/home/ada"))]


def test_the_unit_that_we_ship_names_the_default_workspace(tmp_path: Path) -> None:
    text = SHIPPED.read_text()
    assert of(tmp_path, text) == [Path("/home/ada/.leverframe")]
    # Runs outlive the engine, so systemd must not end them with it.
    assert "KillMode=process" in text.splitlines()


@pytest.mark.parametrize(
    ("lines", "homes"),
    [
        ("ExecStart=/opt/bin/leverframe engine --home /srv/models", ["/srv/models"]),
        ("ExecStart=/opt/bin/leverframe --home=/srv/models engine", ["/srv/models"]),
        ("Environment=LEVERFRAME_HOME=/srv/models\nExecStart=/opt/bin/leverframe engine", ["/srv/models"]),
        ("ExecStart=/opt/bin/leverframe engine", ["/home/ada/.leverframe"]),
        ("ExecStart=/opt/bin/leverframe pages", []),
        ("ExecStart=/usr/bin/gas engine", []),
        ("ExecStart='/opt/bin/leverframe engine", []),
        ("", []),
    ],
)
def test_units_are_read_for_the_workspace_they_name(tmp_path: Path, lines: str, homes: list[str]) -> None:
    assert of(tmp_path, f"[Service]\n{lines}\n") == [Path(home) for home in homes]


def test_a_folder_that_is_not_there_holds_no_units(tmp_path: Path) -> None:
    assert installed([tmp_path / "none"]) == ()
