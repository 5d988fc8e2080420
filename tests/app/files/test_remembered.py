from __future__ import annotations

import json
from pathlib import Path, PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.files.remembered import read_queue, write_queue
from ml.batch.items import Item, Kind
from tests.app.files.made_items import pictures, video


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    items = [video("Größe %20 #1 – 面.mp4"), pictures("a.jpg", "b.jpg")]
    write_queue(tmp_path / "queue.json", items)
    assert read_queue(tmp_path / "queue.json") == items
    write_queue(tmp_path / "queue.json", [])
    assert read_queue(tmp_path / "queue.json") == []
    assert not list(tmp_path.iterdir())


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
entries = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(["video", "pictures", "x"]) | json_values,
        "files": st.lists(st.sampled_from(["/a", "a", ""]) | json_values, max_size=3) | json_values,
        "place": st.sampled_from(["a", "a/b", "/a", "../a", "a/../b", ""]) | json_values,
    },
)


@given(json_values | st.lists(entries, max_size=4))
def test_what_is_not_right_is_left_out(
    tmp_path_factory: pytest.TempPathFactory, values: object
) -> None:
    path = tmp_path_factory.getbasetemp() / "queue.json"
    path.write_text(json.dumps(values))
    for item in read_queue(path):
        assert isinstance(item.kind, Kind)
        assert item.files
        assert all(file.is_absolute() for file in item.files)
        root = PurePath("/results")
        assert (root / item.place).is_relative_to(root)
        assert ".." not in item.place.parts


@given(st.binary(max_size=60))
def test_any_file_can_be_read(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "queue.json"
    path.write_bytes(content)
    assert all(isinstance(item, Item) for item in read_queue(path))


@pytest.mark.parametrize("place", ["/etc", "../a", "a/../../b", ""])
def test_a_result_is_never_put_outside_the_folder_for_results(tmp_path: Path, place: str) -> None:
    path = tmp_path / "queue.json"
    good = {"kind": "video", "files": [str(tmp_path / "a.mp4")], "place": "a"}
    path.write_text(json.dumps([{**good, "place": place}, good]))
    assert [item.place for item in read_queue(path)] == [PurePath("a")]
