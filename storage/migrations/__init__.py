"""Alembic migrations, applied by `storage/database.py`."""
