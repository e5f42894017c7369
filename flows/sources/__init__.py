"""The catalogue at work: addresses tried out, found, written to the operator's sources.toml, exchanged with feed readers."""
