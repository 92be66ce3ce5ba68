"""Bytes to checked pixels, pixels to rendered pictures, likeness of two pictures."""
