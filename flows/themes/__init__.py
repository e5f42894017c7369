"""Themes of the operator's own: read from TOML, listed beside the built-in ones, checked and tried on what is stored."""
