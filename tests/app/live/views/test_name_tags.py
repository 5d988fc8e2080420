from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRectF, QSizeF

from app.live.views.name_tags import place_tags

PICTURE = QRectF(10, 20, 800, 600)
SIZE = QSizeF(90, 20)

boxes = st.builds(
    QRectF,
    st.floats(-50, 820),
    st.floats(-50, 640),
    st.floats(5, 400),
    st.floats(5, 400),
)


def test_a_single_tag_stands_above_its_box() -> None:
    (tag,) = place_tags([QRectF(100, 200, 60, 60)], [SIZE], PICTURE)
    assert (tag.left(), tag.bottom()) == (100, 196)


def test_neighbours_do_not_cover_one_another() -> None:
    row = [QRectF(100 + 50 * n, 200, 45, 60) for n in range(6)]
    tags = place_tags(row, [SIZE] * 6, PICTURE)
    for n, tag in enumerate(tags):
        assert not any(tag.intersects(other) for other in tags[n + 1 :])


def test_the_first_keeps_its_place() -> None:
    near = [QRectF(100, 200, 45, 60), QRectF(130, 200, 45, 60)]
    first, second = place_tags(near, [SIZE, SIZE], PICTURE)
    assert (first.left(), first.bottom()) == (100, 196)
    assert not second.intersects(first)


@given(st.lists(boxes, max_size=12))
def test_every_tag_is_inside_the_picture(faces: list[QRectF]) -> None:
    tags = place_tags(faces, [SIZE] * len(faces), PICTURE)
    assert len(tags) == len(faces)
    assert all(PICTURE.contains(tag) for tag in tags)
