"""Start the program: ``face-expression-detector`` or ``python -m app``."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from app import worker


def main(argv: Sequence[str] | None = None) -> int:
    """Open the window and run until it is closed; returns the exit status."""
    multiprocessing.freeze_support()  # libraries start child processes that run this program
    worker.open_missing_streams()
    command = worker.worker_arguments(sys.argv[1:] if argv is None else argv)
    if command is not None:
        return worker.run(command)
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.epochs is not None and arguments.train is None:
        parser.error("--epochs needs a data set to train on: add --train DATA")
    if arguments.record_video is not None and arguments.record is None:
        parser.error("--record-video needs a folder to record into: add --record DIR")
    if sys.platform == "win32":
        # Before Qt, which loads copies of some libraries that are too old for torch.
        import torch  # noqa: F401

    from app.application import Application, start_log
    from app.main_window import MainWindow
    from app.settings import DEVICE, INTERVAL, WEIGHTS, Settings

    start_log()
    application = Application(sys.argv[:1])
    sys.excepthook = application.report
    settings = Settings()
    if arguments.weights is not None:
        settings.set(WEIGHTS, os.path.abspath(arguments.weights))  # noqa: PTH100
    if arguments.interval is not None:
        settings.set(INTERVAL, arguments.interval)
    if arguments.device is not None:
        settings.set(DEVICE, arguments.device)
    window = MainWindow(application, settings)
    if arguments.source is not None:
        window.live.choose_source(arguments.source)
    if arguments.record is not None:
        from app.live.recording.plan import RecordingPlan, VideoKind

        folder = Path(arguments.record).absolute()
        kind = arguments.record_video or "none"
        video = VideoKind(kind) if kind != "none" else None
        window.live.record_next(RecordingPlan(folder, video=video))
    application.quit_on_interrupt()
    report = None
    if arguments.report is not None:
        from app.report import Report

        trains = arguments.train is not None
        report = Report(application, window, capture=arguments.start, training=trains)
    window.show()
    if arguments.train is not None:
        window.tabs.setCurrentWidget(window.training)
        window.training.train_on(arguments.train, arguments.epochs)
    if arguments.start:
        window.live.start(once=report is not None)
    status = application.exec()
    if report is not None:
        try:
            report.write(arguments.report)
        except OSError as error:
            print(f"The report could not be written: {error}", file=sys.stderr)
            status = 1
        status = status or bool(report.problems)
    if not window.ended_in_time:
        os._exit(1)  # a thread hangs in a driver and would keep the process alive for ever
    return int(status)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="face-expression-detector",
        description="Recognise facial expressions live from a camera, video, image or stream.",
    )
    parser.add_argument(
        "--source",
        help="camera (camera:NAME or its number), video or image file, or address of a stream",
    )
    parser.add_argument(
        "--weights", help="weights file (default: the last one used, or the bundled one)"
    )
    parser.add_argument("--device", help="device the network runs on: auto, cpu, cuda:0, mps")
    parser.add_argument(
        "--interval",
        type=_seconds,
        help="seconds between two predictions; 0 predicts on every frame",
    )
    parser.add_argument(
        "--record",
        type=Path,
        metavar="DIR",
        help="record what is seen from the first frame on into the new folder DIR",
    )
    parser.add_argument(
        "--record-video",
        choices=("none", "plain", "annotated", "blurred"),
        help="what of the pictures --record keeps: nothing (default), all, all with boxes and "
        "expressions, or all with the faces covered",
    )
    parser.add_argument("--start", action="store_true", help="start capturing at once")
    parser.add_argument(
        "--train", type=Path, metavar="DATA", help="start training on this data set at once"
    )
    parser.add_argument(
        "--epochs", type=int, help="number of epochs for --train (default: the preset's)"
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="close the window when the video and the training have ended, and write a summary "
        "to FILE, as JSON; the exit status is 1 if anything went wrong",
    )
    return parser


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 60:
        raise argparse.ArgumentTypeError("must be between 0 and 60 seconds")
    return value


if __name__ == "__main__":
    raise SystemExit(main())
