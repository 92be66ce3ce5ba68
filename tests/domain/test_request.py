from __future__ import annotations

import pytest

from core.domain import MOST_VIEWS, Context, InspectionRequest, Product
from core.domain.errors import RequestError


def request(serial: str) -> InspectionRequest:
    return InspectionRequest(
        product=Product.from_key("Plant-2/bracket"), context=Context(serial=serial)
    )


def test_a_serial_is_of_one_part_which_has_a_few_views() -> None:
    for pictures in (1, MOST_VIEWS):
        request("0007").check_serial(pictures)
    request("").check_serial(500)
    request("  ").check_serial(500)

    with pytest.raises(RequestError, match="6 pictures were given under the serial 0007"):
        request("0007").check_serial(MOST_VIEWS + 1)
