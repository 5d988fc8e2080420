"""How pictures and videos that lie on their side or upside down are to be turned: by faces."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Final

from ml.vision.analysis import Face, Turn
from ml.vision.detector import FaceDetector
from ml.vision.sources.decoding import Image
from ml.vision.sources.spread import spread_images
from ml.vision.sources.turned import turned

# What was measured of faces and of the same ones on their sides: docs/measurements.md.
_LEAST_DROP: Final = 0.25
"""From the eyes down to the mouth, as a share of the box's height. Upright faces have 0.33 to 0.43,
nearly all that are found on their sides less than 0.22, and upside down less than 0."""
_SURE_DROP: Final = 0.3
_SURE_TILT: Final = 40.0
"""Degrees. Beyond 45, another turn would be the right one."""
_SURE_SCORE: Final = 0.65
"""What only looks upright in a picture that is turned wrongly rarely has more."""
_FRAMES: Final = 10
"""Of a video, to look at."""
_AGREEING: Final = 2
"""Frames that one odd one does not outvote."""


def turn_of_picture(detector: FaceDetector, image: Image) -> Turn:
    """What makes the faces of ``image`` upright: nothing if one is as it is, or none ever is."""
    return _upright_turn(detector, image) or Turn.NONE


def turn_of_video(path: Path, detector: FaceDetector) -> Turn:
    """What makes the faces of a video upright: a few of its frames have to agree.

    Nothing for what is no video: VideoSource tells why.
    """
    votes: Counter[Turn] = Counter()
    looked_at = 0
    for image in spread_images(path, _FRAMES):
        looked_at += 1
        turn = _upright_turn(detector, image)
        if turn is not None:
            votes[turn] += 1
        if votes[Turn.NONE] == _AGREEING:
            return Turn.NONE
    for turn, count in votes.most_common(1):
        if count > votes[Turn.NONE] and count >= min(_AGREEING, looked_at):
            return turn
    return Turn.NONE


def _upright_turn(detector: FaceDetector, image: Image) -> Turn | None:
    """None if no face is upright at any turn."""
    if any(_drops(face, _LEAST_DROP) for face in detector.detect(image)):
        return Turn.NONE
    scores = {
        turn: sum(face.score for face in detector.detect(turned(image, turn)) if _is_sure(face))
        for turn in (Turn.RIGHT, Turn.OVER, Turn.LEFT)
    }
    best = max(scores, key=scores.__getitem__)
    return best if scores[best] else None


def _is_sure(face: Face) -> bool:
    """Whether ``face`` is upright beyond doubt, so that a picture may be turned for it."""
    across, down = _eyes_to_mouth(face)
    return (
        face.score >= _SURE_SCORE
        and _drops(face, _SURE_DROP)
        and abs(math.degrees(math.atan2(across, down))) <= _SURE_TILT
    )


def _drops(face: Face, share: float) -> bool:
    """Whether the mouth is as far below the eyes as ``share`` of the box's height."""
    return _eyes_to_mouth(face)[1] >= share * face.height


def _eyes_to_mouth(face: Face) -> tuple[float, float]:
    """From the middle of the eyes to that of the mouth, in pixels to the right and down."""
    (left_x, left_y), (right_x, right_y), _, *mouth = face.landmarks
    (mouth_left_x, mouth_left_y), (mouth_right_x, mouth_right_y) = mouth
    return (
        (mouth_left_x + mouth_right_x - left_x - right_x) / 2,
        (mouth_left_y + mouth_right_y - left_y - right_y) / 2,
    )
