"""``python -m ml``: everything the network can do without a window."""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import io
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

_LONGEST_INTERVAL = 3600.0
"""Seconds."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # an unencodable character must not end a command
            stream.reconfigure(errors="replace")
    parser = _parser()
    arguments = parser.parse_args(argv)
    try:
        status: int | None = arguments.command(arguments)
    except (ValueError, OSError) as error:  # their messages are written for users
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status or 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ml", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    predict = commands.add_parser("predict", help="predict the expressions in images and videos")
    predict.add_argument("paths", type=Path, nargs="+", metavar="PATH")
    predict.add_argument("--weights", type=Path, help="weights file (default: the bundled weights)")
    predict.add_argument("--device", default="auto", help="cpu, cuda, cuda:1, mps (default: auto)")
    predict.add_argument(
        "--interval",
        type=float,
        default=0.0,
        help="seconds between two predictions; 0 predicts on every frame (default: 0)",
    )
    predict.add_argument(
        "--views",
        type=int,
        choices=(1, 3),
        default=3,
        help="crops of each face whose predictions are averaged (default: 3)",
    )
    predict.add_argument(
        "--smoothing",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        help="time constant of the smoothing over time; 0 does not smooth (default: 0)",
    )
    predict.add_argument(
        "--explain",
        type=Path,
        metavar="DIR",
        help="write a PNG for each prediction into this new or empty folder: the face, and where "
        "in it the network saw the expression (Grad-CAM of one crop, the one of --views 1)",
    )
    form = predict.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON lines, one object per face")
    form.add_argument("--csv", action="store_true", help="print CSV, one row per face")
    predict.set_defaults(command=_predict)

    analyze = commands.add_parser(
        "analyze", help="analyse folders of pictures and videos into recordings"
    )
    _add_analyze(analyze)
    analyze.set_defaults(command=_analyze)

    convert = commands.add_parser(
        "convert", help="convert a checkpoint of another program to our format"
    )
    convert.add_argument("input", type=Path, metavar="IN", help=".pt, .pth, .ckpt, .safetensors")
    convert.add_argument("output", type=Path, metavar="OUT", help="the .safetensors file to write")
    convert.set_defaults(command=_convert)

    data = commands.add_parser("data", help="count, compare and check the pictures of a data set")
    _add_data(data)
    data.add_argument("--json", action="store_true", help="print the data check as JSON")
    data.set_defaults(command=_data)

    from ml.recording.exports.kinds import KINDS

    export = commands.add_parser("export", help="export recordings for other programs")
    export.add_argument("recordings", type=Path, nargs="+", metavar="RECORDING")
    export.add_argument(
        "--to",
        required=True,
        action="extend",
        type=_kinds,
        metavar="KIND[,KIND]",
        help=f"the forms: {', '.join(KINDS)}; can be repeated",
    )
    export.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for the files (default: the one that the recording is in)",
    )
    export.add_argument(
        "--replace", action="store_true", help="replace files that are there from before"
    )
    export.set_defaults(command=_export)

    evaluate = commands.add_parser("evaluate", help="evaluate weights on a data set")
    evaluate.add_argument("weights", type=Path, metavar="WEIGHTS")
    _add_data(evaluate)
    evaluate.add_argument(
        "--split",
        action="append",
        metavar="NAME",
        help="evaluate only this split; can be repeated (default: all but the training split)",
    )
    evaluate.add_argument("--device", default="auto", help="cpu, cuda, cuda:1, mps (default: auto)")
    evaluate.add_argument(
        "--json", type=Path, metavar="FILE", help="write the metrics to this file"
    )
    evaluate.add_argument(
        "--confusion",
        type=Path,
        metavar="FILE",
        help="write the last split's confusion matrix to this PNG",
    )
    evaluate.add_argument(
        "--predictions",
        type=Path,
        metavar="FILE",
        help="write every picture's probabilities to this .npz",
    )
    evaluate.add_argument(
        "--background", action="store_true", help="run at a lower priority than other programs"
    )
    evaluate.set_defaults(command=_evaluate)

    stress = commands.add_parser(
        "stress", help="measure accuracy on validation pictures degraded as by a webcam"
    )
    stress.add_argument("weights", type=Path, metavar="WEIGHTS")
    _add_data(stress)
    stress.set_defaults(command=_stress)

    train = commands.add_parser(
        "train", help="train a network, or resume a run that was stopped or killed"
    )
    _add_train(train)
    train.set_defaults(command=_train)

    runs = commands.add_parser("runs", help="list the training runs")
    runs.add_argument("--runs-dir", type=Path, help="folder of the runs")
    runs.add_argument("--json", action="store_true", help="print JSON lines, one object per run")
    runs.set_defaults(command=_runs)
    return parser


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise ValueError(text)
    return seconds


def _kinds(text: str) -> list[str]:
    from ml.recording.exports.kinds import KINDS

    kinds = text.split(",")
    for kind in kinds:
        if kind not in KINDS:
            raise argparse.ArgumentTypeError(f"{kind!r} is none of {', '.join(KINDS)}")
    return kinds


def _add_analyze(parser: argparse.ArgumentParser) -> None:
    from ml.batch.options import KEPT

    parser.add_argument("paths", type=Path, nargs="*", metavar="PATH")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for the recordings, and for summary.csv"
    )
    parser.add_argument(
        "--only", choices=("videos", "pictures"), help="leave the others out (default: take both)"
    )
    parser.add_argument(
        "--interval",
        type=_interval,
        default=0.0,
        metavar="SECONDS",
        help="of a video between two frames that are analysed; 0 analyses every frame (default: 0)",
    )
    parser.add_argument(
        "--views",
        type=int,
        choices=(1, 3),
        default=3,
        help="crops of each face whose predictions are averaged (default: 3)",
    )
    parser.add_argument(
        "--smoothing",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        help="time constant of the smoothing over time; 0 does not smooth (default: 0)",
    )
    parser.add_argument(
        "--min-face",
        type=_seconds,
        default=24.0,
        metavar="PIXELS",
        help="minimum height of a face (default: 24)",
    )
    parser.add_argument(
        "--keep",
        choices=KEPT,
        default="none",
        help="keep no video, one, or one with the faces covered (default: none)",
    )
    parser.add_argument("--weights", type=Path, help="weights file (default: the bundled weights)")
    parser.add_argument("--device", default="auto", help="cpu, cuda, cuda:1, mps (default: auto)")
    parser.add_argument(
        "--exact",
        action="store_true",
        help="compute in float32 where bfloat16 is faster, for the same numbers on every machine",
    )
    parser.add_argument(
        "--workers",
        type=_count,
        default=1,
        metavar="N",
        help="processes that share the files; one uses all cores already (default: 1)",
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="let a Dask cluster do it, whose machines all have the same files at the same paths",
    )
    parser.add_argument(
        "--summary",
        type=Path,
        metavar="FILE",
        help="write the summary, a row for each file and person, here (default: DIR/summary.csv)",
    )
    # For the window, and for the processes of --workers: jobs on stdin, messages on stdout.
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--background", action="store_true", help=argparse.SUPPRESS)


def _interval(text: str) -> float:
    seconds = _seconds(text)
    if seconds > _LONGEST_INTERVAL:
        raise argparse.ArgumentTypeError(f"must be at most {_LONGEST_INTERVAL:.0f} seconds")
    return seconds


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return count


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "data", type=Path, metavar="DATA", help="a folder or zip of class folders, or a csv"
    )
    parser.add_argument(
        "--skip-bad", action="store_true", help="skip files and rows that cannot be used"
    )
    # For the window: progress on stderr as "loading" events, one JSON object a line.
    parser.add_argument("--progress-events", action="store_true", help=argparse.SUPPRESS)


def _add_train(parser: argparse.ArgumentParser) -> None:
    from ml.training.config import PRESETS, add_options

    parser.add_argument(
        "data",
        type=Path,
        nargs="?",
        metavar="DATA",
        help="a folder or zip of class folders, or a csv; a resumed run remembers its own",
    )
    parser.add_argument(
        "--preset",
        choices=PRESETS,
        default="standard",
        help="named set of values (default: standard)",
    )
    parser.add_argument("--name", help="name of the run (default: preset, date and time)")
    parser.add_argument("--runs-dir", type=Path, help="folder in which the run's folder is created")
    parser.add_argument("--run-dir", type=Path, help="the run's folder itself; overrides --name")
    parser.add_argument(
        "--resume",
        type=Path,
        nargs="?",
        const=True,
        default=False,
        metavar="RUN_DIR",
        help="resume this run; without RUN_DIR, that of --run-dir or --name if it exists",
    )
    parser.add_argument(
        "--events-stdout",
        action="store_true",
        help="print events as JSON lines, read commands from stdin, stop when stdin closes",
    )
    parser.add_argument(
        "--detach-on-eof", action="store_true", help="keep training when stdin and stdout close"
    )
    parser.add_argument(
        "--background", action="store_true", help="run at a lower priority than other programs"
    )
    parser.add_argument(
        "--estimate",
        action="store_true",
        help="only estimate how long it would take on this machine",
    )
    add_options(parser.add_argument_group("training options", "each replaces the preset's value"))


def _predict(arguments: argparse.Namespace) -> None:
    from ml.vision.analyzer import FaceAnalyzer
    from ml.vision.predict import rows, write_csv, write_json, write_table

    explanations = None
    if arguments.explain:
        from ml.vision.explain import ExplanationFolder  # imports torch, which takes a second

        explanations = ExplanationFolder(arguments.explain, arguments.weights)
    # Exact: which precision is faster varies, but the same command must give the same numbers.
    analyzer = FaceAnalyzer.load(
        arguments.weights,
        device=arguments.device,
        interval=arguments.interval,
        views=arguments.views,
        smoothing=arguments.smoothing,
        exact=True,
    )
    write = write_json if arguments.json else write_csv if arguments.csv else write_table
    write(rows(analyzer, arguments.paths, explanations), sys.stdout)


def _analyze(arguments: argparse.Namespace) -> int:
    if arguments.worker:
        from ml.batch.worker import serve
        from ml.processor import yield_processor

        if arguments.background:
            yield_processor()
        return serve(arguments.threads)

    from ml.batch.command import analyze
    from ml.batch.items import Kind
    from ml.batch.options import BatchOptions

    if not arguments.paths or arguments.out is None:
        raise ValueError("Name files or folders to analyse, and with --out a folder for results.")
    options = BatchOptions(
        interval=arguments.interval,
        views=arguments.views,
        smoothing=arguments.smoothing,
        min_size=arguments.min_face,
        video=arguments.keep,
        weights=str(arguments.weights.absolute()) if arguments.weights else "",
        device=arguments.device,
        exact=arguments.exact,
    )
    only = {"videos": (Kind.VIDEO,), "pictures": (Kind.PICTURES,), None: tuple(Kind)}
    return analyze(
        arguments.paths,
        arguments.out,
        options,
        kinds=only[arguments.only],
        worker_processes=arguments.workers,
        summary=arguments.summary,
        scheduler=arguments.scheduler,
    )


def _export(arguments: argparse.Namespace) -> int:
    from ml.recording.errors import RecordingError
    from ml.recording.exports.export import export
    from ml.recording.exports.kinds import KINDS
    from ml.recording.opened import open_recording

    failed = False
    for folder in arguments.recordings:
        folder = folder.absolute()
        try:
            opened = open_recording(folder)
        except RecordingError as error:  # the others may be sound
            print(error, file=sys.stderr)
            failed = True
            continue
        for problem in opened.problems:
            print(f"{folder.name}: {problem}", file=sys.stderr)
        for kind in dict.fromkeys(arguments.to):
            path = (arguments.out or folder.parent) / f"{folder.name}{KINDS[kind].suffix}"
            try:
                if path.exists() and not arguments.replace:  # it may have been worked on since
                    raise RecordingError(f"{path} exists. Move it away, or use --replace.")
                export(opened.corrected, kind, path)
                print(path)
            except RecordingError as error:
                print(error, file=sys.stderr)
                failed = True
    return 1 if failed else 0


def _convert(arguments: argparse.Namespace) -> None:
    from ml.network.weights_files import load_weights, save_weights

    if arguments.output.suffix != ".safetensors":
        raise ValueError(f"{arguments.output} must end in .safetensors.")
    save_weights(load_weights(arguments.input), arguments.output)
    print(f"Wrote {arguments.output}")


def _data(arguments: argparse.Namespace) -> None:
    from ml.data.cache import default_cache
    from ml.data.check import check, format_check
    from ml.data.fer2013 import load

    dataset = load(
        arguments.data,
        cache_dir=default_cache(),
        skip_bad=arguments.skip_bad,
        progress=_progress("Reading", arguments.progress_events),
    )
    found = check(dataset)
    if arguments.json:
        print(json.dumps(dataclasses.asdict(found), indent=2))
    else:
        print(format_check(found))


def _evaluate(arguments: argparse.Namespace) -> None:
    from ml.data.cache import default_cache
    from ml.data.fer2013 import load
    from ml.evaluation.evaluate import predict, summarise
    from ml.evaluation.report import format_evaluation, save_confusion_png
    from ml.evaluation.results import save_predictions, to_json
    from ml.files import replacing
    from ml.network.classifier import ExpressionClassifier
    from ml.network.devices import choose_device
    from ml.network.weights_files import load_weights
    from ml.processor import yield_processor

    if arguments.background:
        yield_processor()
    weights = load_weights(arguments.weights)
    classifier = ExpressionClassifier(weights, choose_device(arguments.device), exact=True)
    dataset = load(
        arguments.data,
        cache_dir=default_cache(),
        skip_bad=arguments.skip_bad,
        progress=_progress("Reading"),
    )
    predictions = predict(
        classifier,
        dataset,
        splits=arguments.split,
        progress=_progress("Evaluating", arguments.progress_events),
    )
    evaluation = summarise(predictions, dataset.evaluated, weights.temperature)
    print(format_evaluation(evaluation), flush=True)  # first: what follows may fail
    if arguments.json:
        with replacing(arguments.json) as file:
            file.write(json.dumps(to_json(evaluation), indent=2).encode())
    if arguments.confusion:
        save_confusion_png(evaluation, arguments.confusion)
    if arguments.predictions:
        save_predictions(predictions, arguments.predictions)


def _stress(arguments: argparse.Namespace) -> None:
    from ml.data.cache import default_cache
    from ml.data.fer2013 import load
    from ml.evaluation.stress import format_stress_table, stress_table
    from ml.network.classifier import ExpressionClassifier
    from ml.network.weights_files import load_weights

    classifier = ExpressionClassifier(load_weights(arguments.weights), exact=True)
    dataset = load(
        arguments.data,
        cache_dir=default_cache(),
        skip_bad=arguments.skip_bad,
        progress=_progress("Reading", arguments.progress_events),
    )
    progress = _progress("Measuring", arguments.progress_events)
    print(format_stress_table(stress_table(classifier, dataset.validation, progress)))


def _progress(doing: str, as_events: bool = False) -> Callable[[int, int], None] | None:
    """A callback (done, total) for a terminal, or for the window; None if nobody watches."""
    if as_events:
        from ml.runs.events import Loading, to_line

        return lambda done, total: print(to_line(Loading(done, total)), file=sys.stderr, flush=True)
    if not sys.stderr.isatty():
        return None

    def show(done: int, total: int) -> None:
        print(f"\r{doing}: {done / max(total, 1):.0%}", end="", file=sys.stderr, flush=True)
        if done == total:
            print(file=sys.stderr)

    return show


def _train(arguments: argparse.Namespace) -> int:
    from ml.training.process import run

    options = vars(arguments)
    del options["command"]
    names = [name for name in inspect.signature(run).parameters if name in options]
    own = {name: options.pop(name) for name in names}
    return run(**own, overrides=options)


def _runs(arguments: argparse.Namespace) -> None:
    from ml.runs.folder import default_runs_folder
    from ml.runs.summaries import format_runs, list_runs

    runs = list_runs(arguments.runs_dir or default_runs_folder())
    if arguments.json:
        for run in runs:
            print(json.dumps({"name": run.name, **dataclasses.asdict(run)}, default=str))
    else:
        print(format_runs(runs))
