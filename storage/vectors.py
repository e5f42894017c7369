"""Vectors as bytes: float16, half the size, and a cosine that differs in the fourth digit."""

import numpy as np

from extractors.types import Vector


def pack_vector(vector: Vector) -> bytes:
    """384 numbers to 768 bytes, little-endian on every machine."""
    return np.asarray(vector, "<f2").tobytes()


def unpack_vector(raw: bytes) -> Vector:
    """The vector again, as float32."""
    return np.frombuffer(raw, "<f2").astype(np.float32)
