"""The end of a run: its best weights are calibrated and evaluated, and the results saved."""

from __future__ import annotations

import dataclasses

import torch

from ml.data.dataset import Dataset
from ml.evaluation.evaluate import predict, summarise
from ml.evaluation.metrics import fit_temperature
from ml.evaluation.report import save_confusion_png
from ml.evaluation.results import Evaluation, save_predictions, to_json
from ml.network.classifier import ExpressionClassifier
from ml.network.weights_files import load_weights, save_weights
from ml.runs.folder import RunFolder


def measure_best(folder: RunFolder, dataset: Dataset, device: torch.device) -> Evaluation:
    """Calibrate and evaluate the best weights as saved, in float32, and write the result files.

    The temperature is fitted on the validation split.
    """
    validation = dataset.validation
    weights = load_weights(folder.weights_file)
    classifier = ExpressionClassifier(weights, str(device), exact=True)
    temperature = classifier.temperature = fit_temperature(
        torch.from_numpy(classifier.logits(validation.pictures)),
        torch.from_numpy(validation.labels),
    )
    predictions = predict(classifier, dataset)
    evaluation = summarise(predictions, dataset.protocol, temperature)
    results = {
        name: {
            "accuracy": split.full.single.accuracy.value,
            "macro_f1": split.full.single.macro_f1.value,
            "accuracy_flip_averaged": split.full.flip_averaged.accuracy.value,
        }
        for name, split in evaluation.splits.items()
    }
    calibrated = dataclasses.replace(weights, temperature=temperature, results=results)
    save_weights(calibrated, folder.weights_file)
    save_predictions(predictions, folder.predictions_file)
    folder.write_json(folder.evaluation_file, to_json(evaluation))
    save_confusion_png(evaluation, folder.confusion_file)
    return evaluation
