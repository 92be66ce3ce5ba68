"""Keep products on record."""

from __future__ import annotations

from core.domain import Product
from core.domain.errors import ProductError
from core.records.store.database import Database


def save_product(database: Database, product: Product) -> None:
    """Add a product, or change its scale."""
    with database.transaction() as cursor:
        cursor.execute(
            "INSERT OR REPLACE INTO products VALUES (?, ?, ?, ?)",
            [product.key, product.dataset, product.category, product.mm_per_px],
        )


def list_products(database: Database) -> tuple[Product, ...]:
    """List every product on record, by key."""
    found = database.rows("SELECT dataset, category, mm_per_px FROM products ORDER BY key")
    return tuple(Product(**row) for row in found)


def load_product(database: Database, key: str) -> Product:
    """Load the product of a key.

    Raises:
        ProductError: if there is none.
    """
    known = {product.key: product for product in list_products(database)}
    if key not in known:
        raise ProductError(
            f"There is no product {key}. Known: {', '.join(known) or 'none yet'}. "
            "Teach it first, or correct the name."
        )
    return known[key]
