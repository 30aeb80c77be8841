"""What the exams of this folder ask for."""

from tests.exams.fixtures import room

__all__ = ["room"]
