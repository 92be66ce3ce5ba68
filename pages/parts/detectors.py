"""Detectors to choose from, each with what it lacks on this machine."""

from __future__ import annotations

import streamlit as st

from core.detection.registry import detector_class
from core.infrastructure.settings import Settings
from pages.texts import t


def detector_name(settings: Settings, algorithm: str) -> str:
    """Name a detector in a list of them: one whose weights are absent says so."""
    return f"{algorithm} · {t('detectors.absent')}" if _absent(settings, algorithm) else algorithm


def show_lack(settings: Settings, algorithm: str) -> None:
    """Say which weights a chosen detector lacks, and how it gets them."""
    if weights := _absent(settings, algorithm):
        st.warning(
            t("detectors.lacks", detector=algorithm, weights=weights), icon=":material/cloud_off:"
        )


def _absent(settings: Settings, algorithm: str) -> str:
    kind = detector_class(algorithm)
    return kind.absent_weights(kind.options_type(), settings)
