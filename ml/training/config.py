"""The options of a training run, in one table: command line and window derive from it."""

from __future__ import annotations

import argparse
import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, get_args, get_origin, get_type_hints


def _option(
    default: Any,  # noqa: ANN401 - of the field's type
    help: str,
    *,
    least: float = -math.inf,
    most: float = math.inf,
    choices: Sequence[str] = (),
) -> Any:  # noqa: ANN401
    return field(
        default=default,
        metadata={"help": help, "least": least, "most": most, "choices": tuple(choices)},
    )


@dataclass(frozen=True)
class TrainConfig:
    """The options of a run. Raises ValueError for a value of the wrong type or out of its range.

    The defaults are those of the preset ``standard``.
    """

    data: str = _option("", "data set: a folder, a zip or a csv")
    preset: str = _option("standard", "named set of values for the other options")
    skip_bad: bool = _option(False, "skip files that cannot be read, and list them")

    epochs: int = _option(30, "number of passes over the training split", least=1, most=10_000)
    batch_size: int = _option(
        128, "pictures per step, on all devices together", least=2, most=16_384
    )
    optimizer: str = _option("sgd", "SGD with momentum, or AdamW", choices=("sgd", "adamw"))
    learning_rate: float = _option(
        0.06, "peak learning rate; about 0.001 for adamw", least=1e-7, most=10
    )
    momentum: float = _option(
        0.9, "momentum of sgd: share of the last step that is kept", least=0, most=0.999
    )
    nesterov: bool = _option(True, "use Nesterov momentum with sgd")
    weight_decay: float = _option(
        5e-4, "weight decay; norms and biases are exempt", least=0, most=1
    )
    schedule: str = _option(
        "cosine",
        "learning rate schedule: cosine decay to zero, reduction when the validation loss reaches "
        "a plateau, or constant",
        choices=("cosine", "plateau", "constant"),
    )
    warmup_epochs: float = _option(2.0, "epochs of linear learning rate warm-up", least=0, most=100)
    clip_norm: float = _option(
        5.0, "maximum gradient norm (gradient clipping); 0 is off", least=0, most=1000
    )
    ema: float = _option(
        0.999,
        "decay of the exponential moving average (EMA) of the weights, which is evaluated and "
        "saved; 0 uses the weights themselves",
        least=0,
        most=0.99999,
    )
    patience: int = _option(
        0,
        "stop after this many epochs without a new best epoch (early stopping); 0 is off",
        least=0,
        most=1000,
    )

    label_smoothing: float = _option(
        0.1, "share of each label spread over all classes", least=0, most=0.9
    )
    class_weighting: str = _option(
        "none",
        "class weights in the loss: none, the square root of the inverse class frequency (sqrt), "
        "or the inverse class frequency (balanced)",
        choices=("none", "sqrt", "balanced"),
    )
    mixup: float = _option(
        0.2,
        "alpha of mixup, which blends pairs of pictures (Zhang et al. 2018); 0 is off",
        least=0,
        most=10,
    )
    flip: bool = _option(True, "mirror half of the pictures, at random")
    augmentation: float = _option(
        1.0,
        "strength of random rotation, scaling, shift, brightness and contrast; 0 is off",
        least=0,
        most=3,
    )
    erasing: float = _option(
        0.3, "share of pictures in which a random rectangle is erased", least=0, most=1
    )
    degrade: float = _option(
        0.1,
        "share of pictures degraded as by a webcam or its room: blur, noise, JPEG compression, "
        "distance, motion, low light, backlight or glasses",
        least=0,
        most=1,
    )
    untouched: float = _option(
        0.2, "share of pictures that are not augmented, except by the flip", least=0, most=1
    )

    ferplus: str = _option("", "file of FER+ votes (ferplus.csv); empty for none")
    ferplus_weight: float = _option(
        0.5, "weight of the FER+ votes in the targets, against the labels", least=0, most=1
    )
    teacher: tuple[str, ...] = _option(
        (), "weights files of teachers, whose averaged predictions are learnt too (distillation)"
    )
    teacher_weight: float = _option(
        0.5, "weight of the distillation loss, against that of the labels", least=0, most=1
    )
    teacher_temperature: float = _option(
        2.0,
        "distillation temperature; higher softens the teachers' predictions",
        least=0.1,
        most=20,
    )

    start_from: tuple[str, ...] = _option(
        (),
        "weights file to start from, with its own architecture; several are averaged, if they "
        "were trained from the same one (model soups, Wortsman et al. 2022)",
    )
    channels: tuple[int, int, int, int, int, int] = _option(
        (64, 128, 256, 384, 512, 512),
        "channels of the three conv stages and the three residual blocks",
        least=1,
        most=8192,
    )
    convolutions: tuple[int, int, int] = _option(
        (1, 1, 1), "convolutions in each conv stage; the published network has one", least=1, most=8
    )
    head: tuple[int, int, int] = _option(
        (512, 512, 256), "outputs of the first three fully connected layers", least=1, most=8192
    )
    width: float = _option(1.0, "factor for the channels and the head", least=0.01, most=8)
    in_channels: int = _option(
        1, "input channels, each a copy of the grey picture", least=1, most=3
    )
    input_size: int = _option(
        64,
        "side of the input in pixels, to which the 48×48 pictures are resized",
        least=16,
        most=256,
    )
    stem_dropout: float = _option(0.0, "dropout after the first two conv stages", least=0, most=0.9)
    head_dropout: float = _option(0.25, "dropout after the head's hidden layers", least=0, most=0.9)

    seed: int = _option(0, "random seed; the same seed gives the same run", least=0, most=2**31 - 1)
    device: str = _option("auto", "device to train on", choices=("auto", "cpu", "cuda", "mps"))
    devices: int = _option(
        1, "number of devices per machine (on a CPU, of processes)", least=1, most=64
    )
    num_nodes: int = _option(1, "number of machines", least=1, most=1024)
    precision: str = _option(
        "auto",
        "numerical precision; auto is bfloat16 where it is measured to be faster than float32",
        choices=("auto", "float32", "bfloat16", "float16"),
    )
    threads: int = _option(0, "CPU threads; 0 uses one per core", least=0, most=1024)
    log: str = _option(
        "none",
        "also log to TensorBoard or Weights & Biases, which are optional extras",
        choices=("none", "tensorboard", "wandb"),
    )

    def __post_init__(self) -> None:
        hints = get_type_hints(TrainConfig)
        for f in dataclasses.fields(self):
            object.__setattr__(self, f.name, _checked(f, hints[f.name], getattr(self, f.name)))

    @classmethod
    def of_preset(cls, preset: str, **overrides: Any) -> TrainConfig:  # noqa: ANN401
        """The preset with some values replaced. Raises ValueError if there is no such preset."""
        if preset not in PRESETS:
            raise ValueError(f"There is no preset {preset}, only {', '.join(PRESETS)}.")
        return cls(**{**PRESETS[preset], **overrides, "preset": preset})

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> TrainConfig:
        """The inverse of ``asdict``. Raises ValueError for unknown names and invalid values."""
        unknown = values.keys() - {f.name for f in dataclasses.fields(cls)}
        if unknown:
            raise ValueError(f"There is no option {', '.join(sorted(unknown))}.")
        start = values.get("start_from")
        if isinstance(start, str):  # of a run from before several files could be averaged
            values = {**values, "start_from": (start,) if start else ()}
        return cls(**values)


PRESETS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "quick": {"epochs": 15, "warmup_epochs": 1.0, "ema": 0.998, "mixup": 0.0, "degrade": 0.05},
        "standard": {},
        # The architecture that learns most per second: see resources/weights/TRAINING.md.
        "best": {
            "epochs": 60,
            "input_size": 48,
            "channels": (32, 64, 128, 256, 512, 512),
            "convolutions": (1, 2, 3),
            "degrade": 0.15,
        },
        # The original program's recipe and the published network.
        "original": {
            "epochs": 80,
            "batch_size": 16,
            "learning_rate": 1e-3,
            "nesterov": False,
            "weight_decay": 1e-4,
            "schedule": "constant",
            "warmup_epochs": 0.0,
            "clip_norm": 0.0,
            "ema": 0.0,
            "patience": 15,
            "label_smoothing": 0.0,
            "mixup": 0.0,
            "augmentation": 0.0,
            "erasing": 0.0,
            "degrade": 0.0,
            "channels": (64, 128, 256, 512, 1024, 2048),
            "head": (1024, 512, 256),
            "in_channels": 3,
            "stem_dropout": 0.2,
            "head_dropout": 0.5,
        },
    }
)


def add_options(parser: argparse._ActionsContainer) -> None:
    """Add an option per field; the parsed result has only those that were given."""
    hints = get_type_hints(TrainConfig)
    for f in dataclasses.fields(TrainConfig):
        if f.name in ("data", "preset"):
            continue
        wanted, default = hints[f.name], f.default
        item = get_args(wanted)[0] if get_origin(wanted) is tuple else wanted
        shown = " ".join(map(str, default)) if isinstance(default, tuple) else default
        text = f.metadata["help"] + (f" (standard: {shown})" if shown != "" else "")
        options: dict[str, Any] = {"default": argparse.SUPPRESS, "help": text.replace("%", "%%")}
        if wanted is bool:
            options["action"] = argparse.BooleanOptionalAction
        else:
            options["type"] = item
            options["metavar"] = f.name.upper() if item is not str else None
            if f.metadata["choices"]:
                options |= {"choices": f.metadata["choices"], "metavar": None}
            if item is not wanted:
                options["nargs"] = "*" if ... in get_args(wanted) else len(get_args(wanted))
        parser.add_argument(f"--{f.name.replace('_', '-')}", **options)


def _checked(f: dataclasses.Field[Any], wanted: Any, value: Any) -> Any:  # noqa: ANN401
    if get_origin(wanted) is tuple:
        items = get_args(wanted)
        if not isinstance(value, list | tuple) or (... not in items and len(value) != len(items)):
            raise ValueError(f"{f.name} takes {len(items)} values, not {value!r}.")
        return tuple(_checked(f, items[0], item) for item in value)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not wanted:
        raise ValueError(f"{f.name} must be of type {wanted.__name__}, not {value!r}.")
    if f.metadata["choices"] and value not in f.metadata["choices"]:
        raise ValueError(f"{f.name} must be one of {', '.join(f.metadata['choices'])}.")
    least, most = f.metadata["least"], f.metadata["most"]
    if wanted is not str and not least <= value <= most:
        raise ValueError(f"{f.name} must be between {least:g} and {most:g}, not {value:g}.")
    return value
