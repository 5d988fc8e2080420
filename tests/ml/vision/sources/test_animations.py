from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from ml.vision.sources import SourceError, is_animated, open_source, read_image
from ml.vision.sources.frame_durations import frame_durations
from tests.ml.vision.sources.files import Picture, bgr, difference, frames_of, refusal, saved

KINDS = ["GIF", "WEBP", "PNG", "AVIF"]
DURATIONS = [100, 0, 250, 40, 10]
"""In ms. What claims to be shown for 10 ms or less is shown for 100, as by browsers."""
TIMES = [0, 0.1, 0.2, 0.45, 0.49]
LENGTH = 0.59


@pytest.fixture
def faces(portrait: Picture) -> list[Image.Image]:
    """Five turns of a photograph."""
    small = cv2.resize(portrait[:400, 50:450], (96, 96), interpolation=cv2.INTER_AREA)
    return [Image.fromarray(np.rot90(small, n)[:, :, ::-1]) for n in (0, 1, 2, 3, 0)]


def animated(images: list[Image.Image], kind: str, **options: object) -> bytes:
    """Each image for its duration; nearly without loss, but for the colours of a GIF."""
    options = {"duration": DURATIONS[: len(images)], **options}
    if kind == "WEBP":
        options["lossless"] = True
    if kind == "AVIF":
        options["quality"] = 95
    return saved(images[0], kind, save_all=True, append_images=images[1:], **options)


def length(path: Path) -> float | None:
    with open_source(str(path)) as source:
        return source.length


@pytest.mark.parametrize("name", ["a", "a.jpg", "a.mp4"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_frame_has_its_picture_and_its_time(
    tmp_path: Path, faces: list[Image.Image], kind: str, name: str
) -> None:
    """The kind is told by the content; a GIF of 256 colours is off by less than 6 on average."""
    path = tmp_path / name
    path.write_bytes(animated(faces, kind))

    frames = frames_of(path)

    assert is_animated(path)
    assert [frame.index for frame in frames] == list(range(5))
    assert [frame.time for frame in frames] == pytest.approx(TIMES, abs=1.5e-3)
    for frame, face in zip(frames, faces, strict=True):
        assert frame.image.flags.c_contiguous
        assert difference(frame.image, bgr(face)) < 6
    assert length(path) == pytest.approx(LENGTH, abs=1.5e-3)


def test_a_source_of_frames(tmp_path: Path, faces: list[Image.Image]) -> None:
    path = tmp_path / "a.gif"
    path.write_bytes(animated(faces, "GIF"))
    with open_source(str(path)) as source:
        assert source.name == "a.gif"
        assert not source.still
        assert not source.live
        for _ in source:
            pass
        assert source.read() is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_single_frame_is_a_still_picture(
    tmp_path: Path, faces: list[Image.Image], kind: str
) -> None:
    for content in (saved(faces[0], kind), animated(faces[:1], kind)):
        path = tmp_path / "a.gif"
        path.write_bytes(content)
        assert not is_animated(path)
        with open_source(str(path)) as source:
            assert source.still
            assert source.length is None
            frame = source.read()
        assert frame is not None
        assert difference(frame.image, bgr(faces[0])) < 6


@pytest.mark.parametrize("kind", KINDS)
def test_as_a_picture_the_first_frame_is_read(
    tmp_path: Path, faces: list[Image.Image], kind: str
) -> None:
    (tmp_path / "a").write_bytes(animated(faces, kind))
    assert difference(read_image(tmp_path / "a"), bgr(faces[0])) < 6


@pytest.mark.parametrize("kind", KINDS)
def test_transparent_is_white(tmp_path: Path, kind: str) -> None:
    """A black disc that moves over nothing, which was saved as red."""
    images = []
    for n in range(3):
        image = Image.new("RGBA", (60, 40), (255, 0, 0, 0))
        ImageDraw.Draw(image).ellipse((20 * n, 10, 20 * n + 18, 28), fill="black")
        images.append(image)
    (tmp_path / "a").write_bytes(animated(images, kind, disposal=1 if kind == "PNG" else 2))

    frames = frames_of(tmp_path / "a")

    assert len(frames) == 3
    for n, frame in enumerate(frames):
        expected = np.full((40, 60, 3), 255, np.uint8)
        cv2.circle(expected, (20 * n + 9, 19), 9, (0, 0, 0), -1)
        assert difference(frame.image, expected) < 6


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_what_is_left_of_earlier_frames_is_shown(tmp_path: Path, kind: str) -> None:
    """Each frame holds only what it adds: a white square on grey, to the right of the last one."""
    images = [Image.new("RGB", (80, 20), (90, 90, 90))]
    for n in range(3):
        image = images[-1].copy()
        image.paste((250, 250, 250), (20 * n, 0, 20 * n + 20, 20))
        images.append(image)
    (tmp_path / "a").write_bytes(animated(images, kind))
    for frame, image in zip(frames_of(tmp_path / "a"), images, strict=True):
        assert difference(frame.image, bgr(image)) < 2


def test_a_png_may_begin_with_a_picture_for_others(
    tmp_path: Path, faces: list[Image.Image]
) -> None:
    """It is not part of the animation, but is what programs show that know no animations."""
    path = tmp_path / "a.png"
    path.write_bytes(animated(faces[:3], "PNG", duration=[100, 200], default_image=True))
    frames = frames_of(path)
    assert [frame.time for frame in frames] == pytest.approx([0, 0.1])
    for frame, face in zip(frames, faces[1:], strict=False):
        assert difference(frame.image, bgr(face)) == 0
    assert length(path) == pytest.approx(0.3)
    assert difference(read_image(path), bgr(faces[0])) == 0


def test_upright_by_exif(tmp_path: Path, faces: list[Image.Image]) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "a").write_bytes(animated(faces, "WEBP", exif=exif))
    frames = frames_of(tmp_path / "a")
    assert len(frames) == 5
    for frame, face in zip(frames, faces, strict=True):
        assert difference(frame.image, np.rot90(bgr(face), -1)) == 0


# What bad input gets


@pytest.mark.parametrize("share", [0.5, 0.7, 0.95])
@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_cut_short(tmp_path: Path, faces: list[Image.Image], kind: str, share: float) -> None:
    """What is whole is shown."""
    path = tmp_path / "a"
    content = animated(faces, kind)
    path.write_bytes(content[: int(len(content) * share)])
    frames = frames_of(path)
    assert len(frames) == int(5 * share), "all frames of the file have about the same size"
    for frame, face in zip(frames, faces, strict=False):
        assert difference(frame.image, bgr(face)) < 6


@pytest.mark.parametrize("kind", KINDS)
def test_cut_in_its_first_frame(tmp_path: Path, faces: list[Image.Image], kind: str) -> None:
    content = animated(faces, kind)
    path = tmp_path / "a.gif"
    path.write_bytes(content[: len(content) // 10])
    assert "a.gif is " in refusal(path)


@pytest.mark.parametrize("kind", KINDS)
def test_no_cut_is_too_much(tmp_path: Path, kind: str) -> None:
    content = animated([Image.new("RGB", (9, 9), (n, 9, 9)) for n in range(0, 99, 33)], kind)
    path = tmp_path / "a"
    for end in range(len(content)):
        path.write_bytes(content[:end])
        is_animated(path)
        with suppress(SourceError):
            assert len(frames_of(path)) <= 3


_MAGICS = [b"GIF89a", b"\x89PNG\r\n\x1a\n", b"RIFF\x99\0\0\0WEBPVP8X", b"\0\0\0\x1cftypavis", b""]


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # as outside of tests
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(_MAGICS), st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path: Path, magic: bytes, noise: bytes) -> None:
    path = tmp_path / "a.gif"
    path.write_bytes(magic + noise)
    is_animated(path)
    with suppress(SourceError):
        frames_of(path)
    with suppress(SourceError):
        read_image(path)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(KINDS), st.binary(min_size=1, max_size=20), st.integers(0, 2000))
def test_spoilt_ones_are_read_or_refused(
    tmp_path: Path, faces: list[Image.Image], kind: str, noise: bytes, place: int
) -> None:
    pristine = tmp_path / f"pristine{kind}"
    if not pristine.exists():
        pristine.write_bytes(animated([face.resize((16, 16)) for face in faces], kind))
    content = bytearray(pristine.read_bytes())
    content[place : place + len(noise)] = noise
    path = tmp_path / "a.gif"
    path.write_bytes(content)
    is_animated(path)
    with suppress(SourceError):
        times = [frame.time for frame in frames_of(path)]
        assert times == sorted(set(times))


@pytest.mark.parametrize(
    "make",
    [
        lambda _: None,
        lambda path: path.mkdir(),
        lambda path: path.symlink_to(path.with_name("gone")),
        lambda path: path.symlink_to(path),
        lambda path: path.touch(),
        lambda path: path.write_bytes(b"GIF89a"),
        lambda path: path.write_bytes(bytes(range(256)) * 99),
    ],
    ids=["nothing", "a folder", "a dangling link", "a loop", "empty", "only its name", "noise"],
)
def test_whatever_is_not_animated(tmp_path: Path, make: Callable[[Path], object]) -> None:
    path = tmp_path / "a.gif"
    make(path)
    assert not is_animated(path)


def test_names_that_no_file_can_have() -> None:
    assert not is_animated(Path("a\0b.gif"))
    assert not is_animated(Path("a" * 5000))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_little_is_read_to_tell(faces: list[Image.Image], kind: str) -> None:
    """A folder of thousands is gone through before anything is decoded."""
    content = animated([face.resize((400, 400)) for face in faces], kind)
    file = _Counting(content)
    assert len(list(frame_durations(file))) == 5
    assert file.count < len(content) / 20


class _Counting(io.BytesIO):
    count = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.count += len(data)
        return data
