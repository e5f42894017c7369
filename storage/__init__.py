"""The queue and the memory: rows in SQLite or PostgreSQL, page snapshots on disk. Alone knows sqlmodel and sqlalchemy."""
