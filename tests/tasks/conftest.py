"""The labelled set of the evaluation's tests."""

from tests.evaluation.conftest import evaluated_metal, metal_station, scratched_metal

__all__ = ["evaluated_metal", "metal_station", "scratched_metal"]
