"""From an address to bytes: canonical URLs, feeds, guarded and polite fetching."""
