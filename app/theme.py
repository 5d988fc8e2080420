"""Light and dark, the seven expression colours, plot colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QFormLayout

from ml.expressions import COLOURS
from resources import icon

EXPRESSION_COLOURS: Final = {expression: QColor(code) for expression, code in COLOURS.items()}

# Tol's "muted" scheme (2021): unlike the colours above, and told apart with any colour vision.
# A person's number stands beside the colour.
PERSON_COLOURS: Final = tuple(
    QColor(colour)
    for colour in (
        "#88CCEE",
        "#CC6677",
        "#44AA99",
        "#DDCC77",
        "#AA4499",
        "#117733",
        "#999933",
        "#882255",
        "#332288",
    )
)


def person_colour(track: int) -> QColor:
    """Of the person with that track id, from 1."""
    return PERSON_COLOURS[(track - 1) % len(PERSON_COLOURS)]


@dataclass(frozen=True)
class Theme:
    """The colours of one colour scheme, as #RRGGBB."""

    background: str
    surface: str
    raised: str
    border: str
    text: str
    muted: str
    accent: str
    on_accent: str
    danger: str
    check: str
    """Icon of the tick in a checked box, on ``accent``."""


LIGHT: Final = Theme(
    background="#F3F4F7",
    surface="#FFFFFF",
    raised="#ECEEF2",
    border="#D5DAE2",
    text="#1A1E26",
    muted="#596273",
    accent="#1D66B3",
    on_accent="#FFFFFF",
    danger="#B3261E",
    check="check-light",
)
DARK: Final = Theme(
    background="#14161B",
    surface="#1C1F26",
    raised="#262A33",
    border="#333945",
    text="#E9EBF0",
    muted="#A0A8B7",
    accent="#66AEF2",
    on_accent="#0D1B2A",
    danger="#FF8A80",
    check="check-dark",
)


def current_theme() -> Theme:
    """The theme of the system's colour scheme."""
    dark = QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark
    return DARK if dark else LIGHT


def readable_on(colour: QColor) -> QColor:
    """Black or white, whichever stands out more from ``colour``."""
    luminance = 0.299 * colour.red() + 0.587 * colour.green() + 0.114 * colour.blue()
    return QColor("#10131A") if luminance > 120 else QColor("#FFFFFF")


def palette(theme: Theme) -> QPalette:
    colours = QPalette()
    roles = {
        QPalette.ColorRole.Window: theme.background,
        QPalette.ColorRole.WindowText: theme.text,
        QPalette.ColorRole.Base: theme.surface,
        QPalette.ColorRole.AlternateBase: theme.raised,
        QPalette.ColorRole.Text: theme.text,
        QPalette.ColorRole.Button: theme.raised,
        QPalette.ColorRole.ButtonText: theme.text,
        QPalette.ColorRole.BrightText: theme.danger,
        QPalette.ColorRole.Highlight: theme.accent,
        QPalette.ColorRole.HighlightedText: theme.on_accent,
        QPalette.ColorRole.Link: theme.accent,
        QPalette.ColorRole.ToolTipBase: theme.raised,
        QPalette.ColorRole.ToolTipText: theme.text,
        QPalette.ColorRole.PlaceholderText: theme.muted,
        QPalette.ColorRole.Accent: theme.accent,
    }
    for role, colour in roles.items():
        colours.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        colours.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.muted))
    return colours


def centre_labels(form: QFormLayout) -> None:
    """Align each label of a form with the middle of its field, not its top edge."""
    for row in range(form.rowCount()):
        label = form.itemAt(row, QFormLayout.ItemRole.LabelRole)
        field = form.itemAt(row, QFormLayout.ItemRole.FieldRole)
        name = label.widget() if label is not None else None
        if name is not None and field is not None:
            name.setMinimumHeight(field.sizeHint().height())


def table_style(theme: Theme) -> str:
    """Of a table that fills a card, with rows that can be selected."""
    return f"""
        QTableView {{ background: {theme.surface}; border: 0; outline: 0; }}
        QTableView::item {{
            padding: 0 5px; border: 0; border-bottom: 1px solid {theme.raised};
        }}
        QTableView::item:selected {{ background: {theme.accent}; color: {theme.on_accent}; }}
        QHeaderView, QHeaderView::section {{
            background: {theme.surface}; color: {theme.muted}; border: 0;
        }}
        QHeaderView::section {{ padding: 6px 8px; border-bottom: 1px solid {theme.border}; }}
        QHeaderView::section:hover {{ color: {theme.text}; }}
        QTableView QLineEdit {{ min-height: 0; padding: 0 4px; }}
    """


def style_sheet(theme: Theme) -> str:
    return f"""
    QMainWindow, QTabWidget > QWidget {{ background: {theme.background}; }}
    QTabWidget::pane {{ border: 0; }}
    QTabBar::tab {{
        background: transparent; color: {theme.muted};
        padding: 8px 4px; margin: 0 12px; border: 0; border-bottom: 2px solid transparent;
    }}
    QTabBar::tab:selected {{ color: {theme.text}; border-bottom: 2px solid {theme.accent}; }}
    QTabBar::tab:hover {{ color: {theme.text}; }}
    QStatusBar QLabel {{ color: {theme.muted}; padding: 0 10px 4px 10px; }}
    QStatusBar::item {{ border: 0; }}

    #card {{
        background: {theme.surface}; border: 1px solid {theme.border}; border-radius: 10px;
    }}
    #drop {{
        background: {theme.surface}; border: 2px dashed {theme.border}; border-radius: 12px;
    }}
    #drop[dragged="true"] {{ border-color: {theme.accent}; }}
    #headline {{ font-size: 26px; font-weight: 600; }}
    #headline[dimmed="true"] {{ color: {theme.muted}; }}
    #caption, #unit {{ color: {theme.muted}; }}
    #figure {{ font-size: 16px; font-weight: 600; }}

    QComboBox, QDoubleSpinBox, QSpinBox, QLineEdit {{ min-height: 26px; }}
    QPushButton {{
        background: {theme.raised}; border: 1px solid {theme.border}; border-radius: 6px;
        padding: 5px 14px; min-height: 22px;
    }}
    QPushButton:hover, QPushButton:focus {{ border-color: {theme.accent}; }}
    QPushButton:disabled {{ color: {theme.muted}; }}
    QComboBox#compact {{ min-height: 18px; }}
    QPushButton#compact {{ min-height: 16px; padding: 2px 12px; }}
    QPushButton#key {{ min-height: 16px; padding: 2px 7px; }}
    QPushButton#key[running="true"] {{
        background: {theme.accent}; color: {theme.on_accent}; border-color: {theme.accent};
    }}
    QLineEdit#compact {{ min-height: 20px; }}
    QPushButton#primary {{
        background: {theme.accent}; color: {theme.on_accent}; border-color: {theme.accent};
        border-radius: 8px; font-size: 15px; font-weight: 600; min-height: 30px; min-width: 120px;
    }}
    QPushButton#primary:focus {{ border: 2px solid {theme.text}; }}
    QPushButton#primary[running="true"] {{
        background: transparent; color: {theme.danger}; border: 2px solid {theme.danger};
    }}
    QPushButton#primary:disabled {{
        background: {theme.raised}; color: {theme.muted}; border-color: {theme.border};
    }}

    QPushButton#snapshot {{ min-height: 30px; }}
    QPushButton#record {{ color: {theme.danger}; min-height: 30px; min-width: 72px; }}
    QPushButton#record:disabled {{ color: {theme.muted}; }}
    QPushButton#record[recording="true"] {{
        background: {theme.danger}; color: {theme.surface}; border-color: {theme.danger};
        font-weight: 600;
    }}

    QCheckBox::indicator {{
        width: 15px; height: 15px; border: 1px solid {theme.muted}; border-radius: 4px;
        background: {theme.surface};
    }}
    QCheckBox::indicator:checked {{
        background: {theme.accent}; border-color: {theme.accent};
        image: url("{icon(theme.check).as_posix()}");
    }}
    QCheckBox::indicator:focus {{ border-color: {theme.accent}; }}
    QCheckBox::indicator:disabled {{ border-color: {theme.border}; }}
    QRadioButton::indicator {{
        width: 14px; height: 14px; border: 1px solid {theme.muted}; border-radius: 8px;
        background: {theme.surface};
    }}
    QRadioButton::indicator:checked {{
        background: qradialgradient(cx: 0.5, cy: 0.5, radius: 0.5, fx: 0.5, fy: 0.5,
            stop: 0.45 {theme.accent}, stop: 0.55 {theme.surface});
        border-color: {theme.accent};
    }}
    QRadioButton::indicator:focus {{ border-color: {theme.accent}; }}

    QScrollBar {{ background: transparent; border: 0; margin: 0; }}
    QScrollBar:vertical {{ width: 10px; }}
    QScrollBar:horizontal {{ height: 10px; }}
    QScrollBar::handle {{ background: {theme.border}; border-radius: 4px; margin: 1px; }}
    QScrollBar::handle:hover {{ background: {theme.muted}; }}
    QScrollBar::handle:vertical {{ min-height: 28px; }}
    QScrollBar::handle:horizontal {{ min-width: 28px; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    QProgressBar {{
        background: {theme.raised}; border: 0; border-radius: 4px;
    }}
    QProgressBar::chunk {{ background: {theme.accent}; border-radius: 4px; }}

    #message {{
        background: {theme.raised}; border: 1px solid {theme.border};
        border-left: 4px solid {theme.accent}; border-radius: 6px; padding: 8px 12px;
    }}
    #message[serious="true"] {{ border-left-color: {theme.danger}; }}
    """
