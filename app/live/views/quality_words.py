"""What makes a prediction worth less, in words."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from ml.vision.analysis import Fault


def in_words(fault: Fault) -> str:
    def tr(text: str) -> str:
        return QCoreApplication.translate("Quality", text)

    return {
        Fault.SMALL: tr("small"),
        Fault.DARK: tr("dark"),
        Fault.BRIGHT: tr("too bright"),
        Fault.FLAT: tr("little contrast"),
        Fault.BLURRED: tr("blurred"),
        Fault.NOISY: tr("noisy"),
        Fault.TURNED: tr("turned away"),
        Fault.CUT_OFF: tr("cut off"),
    }[fault]
