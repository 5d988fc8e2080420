"""Which weights are used on which device, and the fallback when the chosen ones fail."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from app.live.analysis_worker import NetworkFailure, NetworkInUse, NetworkRequest
from app.live.controls.options import Options, device_name
from app.live.controls.pickers import WeightsPicker
from app.live.session import LiveSession
from app.settings import DEVICE, WEIGHTS, Settings
from resources import bundled_weights


class NetworkChoice(QObject):
    """Keeps the session's network, the lists of weights and devices and the settings in sync."""

    changed = Signal(str)
    """The network in use, in words."""
    message = Signal(str, bool)
    """For the user, and whether it is serious; an empty one clears the previous message."""

    def __init__(
        self, session: LiveSession, weights: WeightsPicker, options: Options, settings: Settings
    ) -> None:
        super().__init__(session)
        self._session, self._weights, self._options = session, weights, options
        self._settings = settings
        weights.chosen.connect(self._change)
        options.device_chosen.connect(self._change)
        session.network_ready.connect(self._on_ready)
        session.network_failed.connect(self._on_failed)

    def load(self) -> None:
        path = self._weights.value
        self._session.use_network(
            Path(path) if path else bundled_weights(), self._settings.get(DEVICE)
        )

    @Slot()
    def _change(self) -> None:
        self.message.emit("", False)
        self.load()

    @Slot(object)
    def _on_ready(self, network: NetworkInUse) -> None:
        for device in network.devices:
            self._options.offer_device(device, network.device_names.get(device))
        self._options.show_device(network.request.device)
        text = self.tr("{} on {}, trained on {}").format(
            self._weights.title(_as_setting(network.request.weights)),
            network.device_names.get(network.device) or device_name(network.device),
            network.trained_on.partition(" (")[0],  # its protocol is for the model card
        )
        slow = {network.detection_engine}
        if network.device == "cpu":
            slow.add(network.engine)
        if slow := slow - {"OpenVINO"}:
            text += self.tr(" – slower, with {}: OpenVINO cannot run here").format(
                self.tr(" and ").join(sorted(slow))
            )
        self.changed.emit(text)

    @Slot(object)
    def _on_failed(self, failure: NetworkFailure) -> None:
        """Go back to the network in use or, if there is none yet, try one more likely to work."""
        asked, network = failure.request, self._session.network
        if network is not None:
            instead = network.request
            consequence = self.tr("The current weights stay in use.")
        elif failure.unusable_weights and asked.weights != bundled_weights():
            instead = NetworkRequest(bundled_weights(), asked.device)
            consequence = self.tr("The bundled weights are used instead.")
        elif not failure.unusable_weights and asked.device != "cpu":
            device = "cpu" if asked.device == DEVICE.default else DEVICE.default
            instead = NetworkRequest(asked.weights, device)
            consequence = self.tr("{} is used instead.").format(device_name(device))
        else:
            self._session.stop()
            self.message.emit(failure.why, True)
            return
        self._settings.set(WEIGHTS, _as_setting(instead.weights))
        self._settings.set(DEVICE, instead.device)
        self._weights.fill()
        self._options.show_device(instead.device)
        if network is None:
            self.load()
        self.message.emit(f"{failure.why} {consequence}", True)


def _as_setting(weights: Path) -> str:
    """``weights`` as kept in the settings: empty for the bundled file, wherever it is."""
    return "" if weights == bundled_weights() else str(weights)
