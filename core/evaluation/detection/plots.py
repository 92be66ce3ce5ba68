"""Draw an evaluation's curves, score histogram and worst mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.domain import Verdict
from core.evaluation.detection.figures import DetectionFigures
from core.evaluation.detection.judging import Judged, JudgedPicture, read_pixels
from core.imaging.encoding import encode_png
from core.imaging.overlay import ColourScale, render_overlay
from core.infrastructure.settings import Settings

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MAX_MISTAKES = 5
ESCAPE, FALSE_ALARM = "escape", "false-alarm"
OPACITY = 0.6
GOOD_COLOUR, DEFECTIVE_COLOUR, NEUTRAL = "#0072b2", "#d55e00", "#555555"
TRUTH_COLOUR = (0, 255, 120)


def save_evaluation(
    folder: Path, figures: DetectionFigures, judged: Judged, settings: Settings
) -> None:
    """Write figures.json, scores.html, roc.html and worst/*.png.

    roc.html needs good and defective pictures, and worst/ needs mistakes. The pages are
    self-contained and open without a network.

    Args:
        folder: created if necessary; files of an earlier run are replaced.
        figures: of the set.
        judged: the judged pictures behind the figures.
        settings: give the limits for reading the pictures again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "figures.json").write_text(figures.model_dump_json(indent=2))
    _write(scores_page(figures, judged.scores, judged.labels), folder / "scores.html")
    if figures.ranking is not None:
        _write(roc_page(figures, judged.scores, judged.labels), folder / "roc.html")
    worst = folder / "worst"
    for kind in (ESCAPE, FALSE_ALARM):
        for of_an_earlier_run in worst.glob(f"{kind}-*.png"):
            of_an_earlier_run.unlink()
    for name, picture in worst_mistakes(judged.pictures):
        worst.mkdir(exist_ok=True)
        drawn = draw_mistake(picture, judged, settings)
        (worst / f"{name}.png").write_bytes(encode_png(drawn))


def scores_page(figures: DetectionFigures, scores: np.ndarray, labels: np.ndarray) -> Figure:
    """Plot a histogram of the scores of good and defective pictures, with both thresholds."""
    from plotly import graph_objects as go

    page = go.Figure()
    edges = np.histogram_bin_edges(scores, bins=50)
    bins = {"start": float(edges[0]), "end": float(edges[-1]), "size": float(edges[1] - edges[0])}
    for kind, name, colour in ((False, "good", GOOD_COLOUR), (True, "defective", DEFECTIVE_COLOUR)):
        page.add_histogram(
            x=scores[labels == kind].tolist(),
            name=f"{name} ({int((labels == kind).sum())})",
            marker_color=colour,
            opacity=0.6,
            xbins=bins,
        )
    # The labels are on opposite sides of their lines, to stay readable at close thresholds.
    for value, name, side in ((figures.t_low, "review", "left"), (figures.t_high, "fail", "right")):
        page.add_vline(
            x=value,
            line_dash="dash",
            line_color=NEUTRAL,
            annotation_text=f"{name} from {value:.3g}",
            annotation_position=f"top {side}",
        )
    page.update_layout(
        title=f"{figures.dataset}: scores of the test pictures ({figures.detector})",
        barmode="overlay",
        xaxis_title="score",
        yaxis_title="pictures",
        template="plotly_white",
    )
    return page


def roc_page(figures: DetectionFigures, scores: np.ndarray, labels: np.ndarray) -> Figure:
    """Plot the ROC and precision-recall curves, with the calibrated thresholds marked."""
    import torch
    from plotly import graph_objects as go
    from plotly.subplots import make_subplots
    from torchmetrics.functional.classification import binary_precision_recall_curve, binary_roc

    assert figures.ranking is not None
    values, ranks = np.unique(scores, return_inverse=True)
    ranked, truth = torch.from_numpy(ranks / len(values)), torch.from_numpy(labels).long()
    false_rate, true_rate, _ = binary_roc(ranked, truth)
    precision, recall, _ = binary_precision_recall_curve(ranked, truth)
    auroc, aupr = figures.ranking.auroc, figures.ranking.aupr
    page = make_subplots(
        cols=2,
        subplot_titles=(
            f"ROC: AUROC {auroc.value:.3f} ({auroc.low:.3f} to {auroc.high:.3f})",
            f"Precision and recall: AUPR {aupr.value:.3f} ({aupr.low:.3f} to {aupr.high:.3f})",
        ),
    )
    line = {"mode": "lines", "line_color": GOOD_COLOUR, "showlegend": False}
    curves = [(false_rate, true_rate), (recall, precision)]
    for column, (x, y) in enumerate(curves, start=1):
        page.add_trace(go.Scatter(x=x.tolist(), y=y.tolist(), **line), row=1, col=column)
    for threshold, name, symbol in (
        (figures.t_low, "review threshold", "circle"),
        (figures.t_high, "fail threshold", "square"),
    ):
        stopped = scores >= threshold
        hit, false = stopped[labels].mean(), stopped[~labels].mean()
        point = {"mode": "markers", "marker": {"symbol": symbol, "size": 11}, "name": name}
        point["marker"]["color"] = DEFECTIVE_COLOUR
        page.add_trace(go.Scatter(x=[false], y=[hit], **point), row=1, col=1)
        if stopped.any():
            right = labels[stopped].mean()
            page.add_trace(go.Scatter(x=[hit], y=[right], showlegend=False, **point), row=1, col=2)
    limits = {"range": [-0.02, 1.02]}
    page.update_xaxes(limits).update_yaxes(limits)
    page.update_xaxes(title="good pictures stopped", col=1).update_xaxes(title="recall", col=2)
    page.update_yaxes(title="defective pictures stopped", col=1)
    page.update_yaxes(title="precision", col=2)
    page.update_layout(title=f"{figures.dataset} ({figures.detector})", template="plotly_white")
    return page


def worst_mistakes(pictures: list[JudgedPicture]) -> list[tuple[str, JudgedPicture]]:
    """Pick the escapes of lowest score and the false alarms of highest, and name their files."""
    escapes = [p for p in pictures if p.item.is_defective and p.verdict is Verdict.PASS]
    alarms = [p for p in pictures if not p.item.is_defective and p.verdict is not Verdict.PASS]
    escapes.sort(key=lambda picture: picture.score)
    alarms.sort(key=lambda picture: -picture.score)
    return [
        (f"{kind}-{number}-{picture.item.defect_type}-{_stem(picture)}", picture)
        for kind, mistakes in ((ESCAPE, escapes), (FALSE_ALARM, alarms))
        for number, picture in enumerate(mistakes[:MAX_MISTAKES], start=1)
    ]


def draw_mistake(picture: JudgedPicture, judged: Judged, settings: Settings) -> np.ndarray:
    """Draw the picture with the mask's outline beside its overlay: uint8 (H, W, 3), RGB."""
    calibration = judged.taught.calibration
    scale = ColourScale(calibration.map_t_low, calibration.map_t_high)
    pixels = read_pixels(picture.item, settings, judged.taught.card.reading)
    found = judged.taught.assess(pixels)
    overlay = render_overlay(pixels, found.anomaly_map, scale, found.defects(), opacity=OPACITY)
    size = (overlay.shape[1], overlay.shape[0])
    plain = cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC)
    truth = None if picture.overlap is None else picture.item.truth(*pixels.shape[:2])
    if truth is not None:
        mask = cv2.resize(truth.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        outline, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(plain, outline, -1, TRUTH_COLOUR, 2, cv2.LINE_AA)
    return np.hstack([plain, overlay])


def _stem(picture: JudgedPicture) -> str:
    return Path(picture.item.picture.filename).stem


def _write(page: Figure, path: Path) -> None:
    page.write_html(path, include_plotlyjs=True)
