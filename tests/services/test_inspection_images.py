"""Pictures and PDFs of what is on record, and what is said where a file is lost."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from core.domain import InspectionRequest, Product
from core.domain.errors import RecordsError
from core.imaging.picture_files import PictureFile
from core.services.inspection import inspect
from core.services.inspection_images import check_printable, normal_picture, report_pdf
from core.services.station import Station


def test_what_can_be_printed_passes_the_check_and_what_cannot_says_why(
    demo_station: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    inspection = inspect(demo_station, InspectionRequest(product=demo_product), defective_cells[0])
    check_printable(demo_station, inspection)
    assert report_pdf(demo_station, inspection).startswith(b"%PDF")

    with pytest.raises(RecordsError, match="no revision"):
        check_printable(demo_station, inspection.model_copy(update={"revisions": ()}))
    for missing in (
        {"map_sha256": "0" * 64},
        {"image": inspection.image.model_copy(update={"sha256": "0" * 64})},
    ):
        lost = inspection.model_copy(update=missing)
        with pytest.raises(RecordsError, match="is missing") as early:
            check_printable(demo_station, lost)
        with pytest.raises(RecordsError) as late:
            report_pdf(demo_station, lost)
        assert str(early.value) == str(late.value)


def test_a_normal_picture_has_the_parts_shape(demo_station: Station, demo_product: Product) -> None:
    found = normal_picture(demo_station, demo_product)

    assert found is not None
    with Image.open(io.BytesIO(found.png)) as picture:
        assert picture.width / picture.height == pytest.approx(found.aspect, rel=0.01)


def test_an_untaught_product_has_no_normal_picture(demo_station: Station) -> None:
    assert normal_picture(demo_station, Product(dataset="Plant", category="none")) is None
