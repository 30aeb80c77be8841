"""What the exams of this folder ask for."""

from tests.exams.fixtures import engine, room

__all__ = ["engine", "room"]
