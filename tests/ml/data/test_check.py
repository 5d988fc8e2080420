from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from ml.data.check import check, contained_in, format_check
from ml.data.fer2013 import load
from ml.expressions import LABELS
from tests.ml.data.small_data_sets import encoded, noise, official_files, write_folder


def test_check(tmp_path: Path) -> None:
    files = official_files()
    happy = files["train/happy/Training_0.png"]
    files["train/happy/Training_9.png"] = happy
    files["test/sad/PublicTest_9.png"] = happy
    files["test/happy/PrivateTest_9.png"] = happy
    files["contempt/a.png"] = noise(500)
    content = {name: encoded(pixels) for name, pixels in files.items()}
    dataset = load(write_folder(tmp_path, content | {"train/sad/bad.png": b"x"}), skip_bad=True)
    found = check(dataset)

    assert found.counts["Training"] == dict.fromkeys(LABELS, 2) | {"happy": 3}
    assert found.repeats == {"Training": 1, "PublicTest": 0, "PrivateTest": 0}
    assert found.shared == {
        "PublicTest in Training": 1,
        "PrivateTest in Training": 1,
        "PrivateTest in PublicTest": 1,
    }
    assert found.conflicts == 1
    assert "test/sad/PublicTest_9.png (sad)" in found.conflict_examples[0]
    assert (found.left_out, found.bad) == ({"contempt": 1}, list(dataset.bad))
    assert json.loads(json.dumps(dataclasses.asdict(found))) == dataclasses.asdict(found)
    text = format_check(found)
    for shown in ("PublicTest in Training: 1", "train/sad/bad.png is not", "contempt", "official"):
        assert shown in text

    assert dataset.test is not None
    marked = contained_in(dataset.test, dataset.train)
    assert [n for n, m in zip(dataset.test.names, marked, strict=True) if m] == [
        "test/happy/PrivateTest_9.png"
    ]
