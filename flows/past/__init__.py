"""The past of a source, read for `vigie backfill`: from its own sitemaps, or from files."""
