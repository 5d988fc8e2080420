"""One photograph in every kind of image file: what is read looks as the photograph does."""

from __future__ import annotations

import re
import struct
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageCms

from ml.vision.detector import FaceDetector
from ml.vision.sources import SourceError, open_source, read_image
from ml.vision.sources.heic import heic_is_read
from tests.ml.vision.sources.files import Picture, bgr, difference, refusal, saved
from tests.ml.vision.sources.heic import write_heic

Kind = Callable[[Image.Image], bytes]


@pytest.fixture
def photograph(portrait: Picture) -> Image.Image:
    """With a face, small, and of sides that no block of a codec divides: 171 wide, 141 high."""
    small = cv2.resize(portrait[:420], (171, 141), interpolation=cv2.INTER_AREA)
    return Image.fromarray(small[:, :, ::-1])


def by_opencv(suffix: str, pixels: npt.NDArray[Any]) -> bytes:
    return bytes(cv2.imencode(suffix, pixels)[1])


def deep(image: Image.Image) -> npt.NDArray[np.uint16]:
    """As 16 bits, with a lower byte that is to be dropped."""
    return np.asarray(image).astype(np.uint16) * 256 + 99


def read(tmp_path: Path, content: bytes, name: str = "picture") -> Picture:
    path = tmp_path / name
    path.write_bytes(content)
    return read_image(path)


def without_adobe(image: Image.Image) -> bytes:
    """A JPEG whose CMYK is not inverted, as Adobe's is and all that Pillow writes."""
    content = saved(ImageChops.invert(image.convert("CMYK")), "JPEG", quality=95)
    marker = content.index(b"\xff\xee\0\x0eAdobe")
    return content[:marker] + content[marker + 16 :]


# Nothing is lost, so that only rounding may differ: by one where values are scaled.
EXACT: dict[str, Kind] = {
    "PNG": lambda i: saved(i, "PNG"),
    "PNG with alpha": lambda i: saved(i.convert("RGBA"), "PNG"),
    "PNG of 16 bits": lambda i: by_opencv(".png", deep(i)[:, :, ::-1]),
    "PNG of 16 bits with alpha": lambda i: by_opencv(
        ".png", np.dstack([deep(i)[:, :, ::-1], np.full((i.height, i.width), 65535, np.uint16)])
    ),
    "BMP": lambda i: saved(i, "BMP"),
    "PPM": lambda i: saved(i, "PPM"),
    "PPM of 16 bits": lambda i: by_opencv(".ppm", deep(i)[:, :, ::-1]),
    "WebP": lambda i: saved(i, "WEBP", lossless=True),
    "TIFF": lambda i: saved(i, "TIFF"),
    "TIFF by LZW": lambda i: saved(i, "TIFF", compression="tiff_lzw"),
    "TIFF of 16 bits": lambda i: by_opencv(".tiff", deep(i)[:, :, ::-1]),
    "TIFF of floats": lambda i: by_opencv(".tiff", bgr(i) / np.float32(255)),
    "TIFF in CMYK": lambda i: saved(i.convert("CMYK"), "TIFF"),
    "TIFF of two pages": lambda i: saved(
        i, "TIFF", save_all=True, append_images=[Image.new("RGB", (9, 9))]
    ),
    "PFM": lambda i: by_opencv(".pfm", bgr(i) / np.float32(255)),
    "Sun raster": lambda i: by_opencv(".ras", bgr(i)),
    "JPEG 2000": lambda i: saved(i, "JPEG2000"),
}


@pytest.mark.parametrize("kind", EXACT)
def test_kinds_that_lose_nothing(tmp_path: Path, photograph: Image.Image, kind: str) -> None:
    image = read(tmp_path, EXACT[kind](photograph))
    assert image.flags.c_contiguous
    assert image.flags.writeable
    assert np.abs(image.astype(int) - bgr(photograph)).max() <= 1


# What a codec loses of this photograph at its quality is below 4 on average. Colours exchanged,
# inverted or too bright by a tenth would make 9 and more.
LOSSY: dict[str, Kind] = {
    "JPEG": lambda i: saved(i, "JPEG", quality=95),
    "progressive JPEG": lambda i: saved(i, "JPEG", quality=95, progressive=True),
    "JPEG without subsampling": lambda i: saved(i, "JPEG", quality=95, subsampling=0),
    "CMYK as Adobe's": lambda i: saved(i.convert("CMYK"), "JPEG", quality=95),
    "CMYK": without_adobe,
    "JPEG of two pictures": lambda i: saved(
        i, "MPO", save_all=True, append_images=[Image.new("RGB", i.size)], quality=95
    ),
    "WebP": lambda i: saved(i, "WEBP", quality=95),
    "AVIF": lambda i: saved(i, "AVIF", quality=95),
    "TIFF by JPEG": lambda i: saved(i, "TIFF", compression="jpeg", quality=95),
    "HDR": lambda i: by_opencv(".hdr", bgr(i) / np.float32(255)),
}


@pytest.mark.parametrize("kind", LOSSY)
def test_kinds_that_lose_something(tmp_path: Path, photograph: Image.Image, kind: str) -> None:
    assert difference(read(tmp_path, LOSSY[kind](photograph)), bgr(photograph)) < 4


@pytest.mark.parametrize("brand", [b"heic", b"mif1"])
def test_heic(tmp_path: Path, photograph: Image.Image, brand: bytes) -> None:
    pytest.importorskip("pi_heif")
    whole = photograph.crop((0, 0, 170, 140))  # 4:2:0 wants even sides of the encoder here
    path = write_heic(tmp_path / "picture.heic", bgr(whole), brand=brand)
    assert difference(read_image(path), bgr(whole)) < 4
    with open_source(str(path)) as source:
        assert source.still


GREY: dict[str, Kind] = {
    "JPEG": lambda i: saved(i, "JPEG", quality=100),
    "PNG": lambda i: saved(i, "PNG"),
    "PNG with alpha": lambda i: saved(i.convert("LA"), "PNG"),
    "PNG of 16 bits": lambda i: saved(Image.fromarray(deep(i)), "PNG"),
    "TIFF of 16 bits": lambda i: saved(Image.fromarray(deep(i)), "TIFF"),
    "big-endian TIFF of 16 bits": lambda i: saved(
        Image.frombytes("I;16B", i.size, deep(i).astype(">u2").tobytes()), "TIFF"
    ),
    "PGM of 16 bits": lambda i: saved(Image.fromarray(deep(i)), "PPM"),
    "TIFF of floats": lambda i: saved(Image.fromarray(np.asarray(i) / np.float32(255)), "TIFF"),
    "PFM": lambda i: by_opencv(".pfm", np.asarray(i) / np.float32(255)),
}


@pytest.mark.parametrize("kind", GREY)
def test_grey(tmp_path: Path, photograph: Image.Image, kind: str) -> None:
    """The finest JPEG may be off by two in a pixel."""
    grey = photograph.convert("L")
    image = read(tmp_path, GREY[kind](grey))
    assert np.abs(image.astype(int) - bgr(grey)).max() <= 2


@pytest.mark.parametrize(
    ("mode", "kind", "options"),
    [
        ("1", "PNG", {}),
        ("1", "BMP", {}),
        ("1", "PPM", {}),
        ("1", "TIFF", {}),
        ("1", "TIFF", {"compression": "group4"}),
        ("P", "PNG", {}),
        ("P", "GIF", {}),
        ("P", "BMP", {}),
        ("P", "TIFF", {}),
    ],
)
def test_few_colours(
    tmp_path: Path, photograph: Image.Image, mode: str, kind: str, options: dict[str, str]
) -> None:
    image = photograph.convert(mode, palette=Image.Palette.ADAPTIVE)
    np.testing.assert_array_equal(read(tmp_path, saved(image, kind, **options)), bgr(image))


def test_colours_that_pillow_does_not_convert(tmp_path: Path, photograph: Image.Image) -> None:
    """OpenCV does; the primaries it takes for granted make a difference of 7."""
    profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    lab = ImageCms.profileToProfile(photograph, *profiles, outputMode="LAB")
    assert lab is not None
    assert difference(read(tmp_path, saved(lab, "TIFF")), bgr(photograph)) < 12


# Transparency


def _hidden(image: Image.Image) -> Image.Image:
    """Transparent in its left half, with the photograph still below."""
    image = image.copy()
    image.putalpha(Image.fromarray(_mask(image)))
    return image


def _mask(image: Image.Image) -> Picture:
    mask = np.full((image.height, image.width), 255, np.uint8)
    mask[:, : image.width // 2] = 0
    return mask


def _of_palette(image: Image.Image, kind: str) -> bytes:
    """With one transparent colour: that of the left half, which is red below."""
    few = image.quantize(200)
    pixels = np.asarray(few).copy()
    pixels[_mask(image) == 0] = 255
    few.putdata(pixels.ravel().tolist())
    palette = few.getpalette() or []
    few.putpalette(palette[:600] + [0] * (768 - 600 - 3) + [255, 0, 0])
    return saved(few, kind, transparency=255)


TRANSPARENT: dict[str, Kind] = {
    "PNG": lambda i: saved(_hidden(i), "PNG"),
    "grey PNG": lambda i: saved(_hidden(i.convert("L")), "PNG"),
    "PNG with a palette": lambda i: _of_palette(i, "PNG"),
    "GIF": lambda i: _of_palette(i, "GIF"),
    "WebP": lambda i: saved(_hidden(i), "WEBP", lossless=True),
    "TIFF": lambda i: saved(_hidden(i), "TIFF"),
    "AVIF": lambda i: saved(_hidden(i), "AVIF", quality=95),
}


@pytest.mark.parametrize("kind", TRANSPARENT)
def test_transparent_is_white(tmp_path: Path, photograph: Image.Image, kind: str) -> None:
    """What lies below is not seen; nothing happens to what is not transparent."""
    image = read(tmp_path, TRANSPARENT[kind](photograph))
    half = photograph.width // 2
    plain = bgr(photograph.convert("L") if "grey" in kind else photograph)
    assert image[:, : half - 1].min() > 250
    # 200 colours are off by less than 6 on average.
    assert difference(image[:, half + 1 :], plain[:, half + 1 :]) < 6


def test_half_transparent_is_half_white(tmp_path: Path) -> None:
    image = read(tmp_path, saved(Image.new("RGBA", (9, 9), (200, 100, 0, 128)), "PNG"))
    expected = np.array([0, 100, 200]) * 128 / 255 + 127
    assert np.abs(image - expected).max() <= 1


# Upright

SHOWN: dict[int, Callable[[Picture], Picture]] = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: np.rot90(p, -1),
    7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
    8: lambda p: np.rot90(p),
}
"""By the orientation in EXIF: what is to be made of the stored pixels to show them."""


@pytest.mark.parametrize("orientation", SHOWN)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "TIFF by LZW", "AVIF"])
def test_upright_by_exif(
    tmp_path: Path, photograph: Image.Image, kind: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"compression": "tiff_lzw"} if "LZW" in kind else {"quality": 95}
    content = saved(photograph, kind.split()[0], exif=exif, **options)
    image = read(tmp_path, content)
    assert image.flags.c_contiguous
    assert difference(image, SHOWN[orientation](bgr(photograph))) < 4


@pytest.mark.parametrize("turns", range(4))
def test_upright_heic(tmp_path: Path, photograph: Image.Image, turns: int) -> None:
    pytest.importorskip("pi_heif")
    whole = bgr(photograph.crop((0, 0, 170, 140)))
    path = write_heic(tmp_path / "picture.heic", whole, turns=turns)
    assert difference(read_image(path), np.rot90(whole, turns)) < 4


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")  # not said, but pytest makes it an error
@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff",
        b"Exif\0\0" + bytes(range(256)),
        b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, 77, 0, 0),
        b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">HHHIII", 1, 0x0112, 2, 9, 8, 0),
    ],
)
def test_damaged_exif_does_no_harm(tmp_path: Path, photograph: Image.Image, exif: bytes) -> None:
    plain = saved(photograph, "JPEG")
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    image = read(tmp_path, plain[:2] + segment + plain[2:])
    np.testing.assert_array_equal(image, read(tmp_path, plain))


# The same as before, and in any thread


@pytest.mark.parametrize("side", [1, 2, 63, 64, 65, 200])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}], ids=str)
def test_jpegs_are_as_opencv_reads_them(
    tmp_path: Path, portrait: Picture, side: int, options: dict[str, Any]
) -> None:
    """But for rounding: both use libjpeg-turbo, of versions that may differ."""
    content = saved(Image.fromarray(portrait[:side, 100 : 103 + side]), "JPEG", **options)
    expected = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(read(tmp_path, content).astype(int) - expected).max() <= 2


def test_many_threads_read_at_once(tmp_path: Path, photograph: Image.Image) -> None:
    paths = []
    for n, (kind, make) in enumerate([*EXACT.items(), *LOSSY.items(), *TRANSPARENT.items()]):
        paths.append(tmp_path / f"{n} {kind}")
        paths[-1].write_bytes(make(photograph))
    alone = [read_image(path) for path in paths]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(read_image, paths * 4))
    for n, image in enumerate(together):
        np.testing.assert_array_equal(image, alone[n % len(paths)])


def test_faces_are_found_in_them(tmp_path: Path, portrait: Picture) -> None:
    """Where they are in the photograph, whatever was done to its colours and its orientation."""
    detector = FaceDetector()
    (plain,) = detector.detect(portrait)
    whole = Image.fromarray(portrait[:, :, ::-1])
    exif = Image.Exif()
    exif[0x0112] = 6
    contents = {
        "CMYK": saved(whole.convert("CMYK"), "JPEG"),
        "16 bits": saved(Image.fromarray(deep(whole.convert("L"))), "PNG"),
        "palette": saved(whole.quantize(64), "GIF"),
        "transparent": saved(_hidden_corner(whole), "WEBP"),
        "turned": saved(whole.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif),
    }
    for kind, content in contents.items():
        (face,) = detector.detect(read(tmp_path, content))
        assert abs(face.x - plain.x) + abs(face.y - plain.y) < 0.2 * plain.width, kind
        assert face.width == pytest.approx(plain.width, rel=0.15), kind


def _hidden_corner(image: Image.Image) -> Image.Image:
    image = image.copy()
    mask = np.full((image.height, image.width), 255, np.uint8)
    mask[300:, :150] = 0
    image.putalpha(Image.fromarray(mask))
    return image


# What bad input gets


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("kind", [*EXACT, *LOSSY])
def test_cut_short(tmp_path: Path, photograph: Image.Image, kind: str, share: float) -> None:
    """None passes for a picture, as a JPEG did that was grey from where it was cut."""
    content = (EXACT | LOSSY)[kind](photograph)
    (tmp_path / "a.jpg").write_bytes(content[: int(len(content) * share)])
    assert re.match(r"a\.jpg is .*truncated", refusal(tmp_path / "a.jpg"))


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9])
def test_heic_cut_short(tmp_path: Path, photograph: Image.Image, share: float) -> None:
    pytest.importorskip("pi_heif")
    path = write_heic(tmp_path / "a.heic", bgr(photograph.crop((0, 0, 170, 140))))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert "truncated" in refusal(path)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # not said, but pytest makes it an error
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([*EXACT, *LOSSY]),
    st.binary(min_size=1, max_size=30),
    st.integers(0, 3000) | st.integers(0, 200),
)
def test_spoilt_ones_are_read_or_refused(
    tmp_path: Path, photograph: Image.Image, kind: str, noise: bytes, place: int
) -> None:
    pristine = tmp_path / kind
    if not pristine.exists():
        pristine.write_bytes((EXACT | LOSSY)[kind](photograph.resize((40, 30))))
    content = bytearray(pristine.read_bytes())
    content[place : place + len(noise)] = noise
    with suppress(SourceError):
        assert read(tmp_path, bytes(content)).ndim == 3


def test_heic_without_its_package(
    tmp_path: Path, photograph: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = bgr(photograph.crop((0, 0, 170, 140)))
    path = write_heic(tmp_path / "a.heic", whole)
    heic_is_read.cache_clear()
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    try:
        with pytest.raises(SourceError, match=r"a\.heic is a HEIC picture.*pi-heif.*not installed"):
            read_image(path)
        with pytest.raises(SourceError, match=r"pi-heif"):
            open_source(str(path))
        assert difference(read(tmp_path, saved(photograph, "AVIF")), bgr(photograph)) < 6
    finally:
        heic_is_read.cache_clear()
