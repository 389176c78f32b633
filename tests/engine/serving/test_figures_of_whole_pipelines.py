"""Batches that a whole pipeline answered in place of tables behind its first steps are among the figures."""

from __future__ import annotations

from engine.serving import figures


def test_they_are_told_by_version_and_worker_and_not_where_there_are_no_such_tables() -> None:
    nothing = figures.Figures().taken()
    page = figures.exposition({"1": {**nothing, "wholes": [["gems", "gems@3", 4]]}, "2": nothing}).decode()
    assert 'leverframe_whole_pipelines_total{project="gems",version="gems@3",worker="1"} 4.0' in page
    assert "whole_pipelines" not in figures.exposition({"2": {**nothing, "wholes": []}}).decode()
