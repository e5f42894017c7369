"""Vectors as bytes: float16, half the size, and a cosine that differs in the fourth digit."""

import numpy as np

from extractors.types import Vector


def pack_vector(vector: Vector) -> bytes:
    """Two bytes a number (768 for the shipped encoder's 384), little-endian on every machine."""
    return np.asarray(vector, "<f2").tobytes()


def unpack_vector(raw: bytes) -> Vector:
    """The vector again, as float32."""
    return np.frombuffer(raw, "<f2").astype(np.float32)
