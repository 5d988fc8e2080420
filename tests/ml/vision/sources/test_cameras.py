from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from ml.vision.sources import Camera, SourceError, list_cameras, open_source
from ml.vision.sources import cameras as cameras_module
from ml.vision.sources.cameras import _find_camera
from tests.ml.vision.sources.files import Picture, refusal


@dataclass
class _Info:
    name: str
    index: int
    backend: int = cv2.CAP_V4L2


class _FakeCapture:
    """A camera that gives ``pictures``; closed when there are none."""

    pictures: tuple[object, ...] = ()
    opened: tuple[object, ...] = ()

    def __init__(self, *what: object) -> None:
        type(self).opened = what
        self.left = list(self.pictures)

    def isOpened(self) -> bool:
        return bool(self.pictures)

    def read(self) -> tuple[bool, object]:
        return (True, self.left.pop(0)) if self.left else (False, None)

    def set(self, *_: object) -> bool:
        return True

    def release(self) -> None:
        pass


@pytest.fixture
def cameras(monkeypatch: pytest.MonkeyPatch) -> None:
    infos = [_Info("USB Camera", 2), _Info("Built-in", 0), _Info("USB Camera", 4)]
    monkeypatch.setattr(cameras_module, "enumerate_cameras", lambda _: infos)


def test_the_first_camera_is_taken_where_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    cameras = [Camera("Built-in", 3, 200), Camera("Studio", 5, 200)]
    monkeypatch.setattr("ml.vision.sources.cameras.list_cameras", lambda: cameras)
    assert _find_camera("") is cameras[0]
    assert _find_camera("Studio") is _find_camera("5") is cameras[1]
    with pytest.raises(SourceError, match=r"Other is not connected\. Choose one that is: Built"):
        _find_camera("Other")


@pytest.mark.usefixtures("cameras")
def test_cameras_of_one_name_are_told_apart() -> None:
    assert list_cameras() == [
        Camera("Built-in", 0, cv2.CAP_V4L2),
        Camera("USB Camera", 2, cv2.CAP_V4L2),
        Camera("USB Camera #2", 4, cv2.CAP_V4L2),
    ]


@pytest.mark.usefixtures("cameras")
@pytest.mark.parametrize(
    ("address", "index", "name"),
    [
        ("camera:USB Camera #2", 4, "USB Camera #2"),
        ("camera:Built-in", 0, "Built-in"),
        ("2", 2, "USB Camera"),
        ("camera:4", 4, "USB Camera #2"),
    ],
)
def test_a_camera_is_opened_by_name_or_number(
    monkeypatch: pytest.MonkeyPatch, picture: Picture, address: str, index: int, name: str
) -> None:
    monkeypatch.setattr(_FakeCapture, "pictures", (picture, picture[:, :, 0]))
    monkeypatch.setattr(cv2, "VideoCapture", _FakeCapture)
    with open_source(address) as source:
        assert source.live
        assert source.name == name
        first, second = source.read(), source.read()
        assert _FakeCapture.opened == (index, cv2.CAP_V4L2)
        assert first is not None
        assert second is not None
        assert second.image.shape == (48, 64, 3)
        assert (first.index, second.index) == (0, 1)
        assert 0 <= first.time <= second.time
        with pytest.raises(SourceError, match=rf"{name} stopped sending frames"):
            source.read()


@pytest.mark.usefixtures("cameras")
@pytest.mark.parametrize("nothing", [None, np.empty((0, 0, 3), np.uint8)], ids=["None", "empty"])
def test_a_camera_that_gives_nothing(monkeypatch: pytest.MonkeyPatch, nothing: object) -> None:
    monkeypatch.setattr(_FakeCapture, "pictures", (nothing,))
    monkeypatch.setattr(cv2, "VideoCapture", _FakeCapture)
    assert "stopped sending frames" in refusal("camera:Built-in")


def test_no_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cameras_module, "enumerate_cameras", lambda _: [])
    assert list_cameras() == []
    assert "No camera was found" in refusal("camera:USB Camera")
    assert "No camera was found" in refusal("0")


@pytest.mark.usefixtures("cameras")
def test_an_unplugged_camera_is_named_and_so_are_the_others() -> None:
    message = refusal("camera:Old Camera")
    assert "Old Camera is not connected" in message
    assert "Built-in, USB Camera, USB Camera #2" in message


@pytest.mark.usefixtures("cameras")
@pytest.mark.parametrize(
    ("platform", "exists", "allowed", "words"),
    [
        ("linux", True, False, ["/dev/video0", "usermod -aG video"]),
        ("linux", True, True, ["Built-in is busy"]),
        ("linux", False, False, ["Built-in is busy"]),
        ("darwin", False, False, ["System Settings", "Camera"]),
        ("win32", False, False, ["Built-in is busy"]),
    ],
)
def test_why_a_camera_does_not_open(
    monkeypatch: pytest.MonkeyPatch, platform: str, exists: bool, allowed: bool, words: list[str]
) -> None:
    monkeypatch.setattr(cv2, "VideoCapture", _FakeCapture)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "exists", lambda _: exists)
    monkeypatch.setattr(os, "access", lambda *_: allowed)
    message = refusal("camera:Built-in")
    assert all(word in message for word in words)
