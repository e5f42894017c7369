"""The demo newsroom: nine invented outlets that a loopback server publishes, for `vigie demo` and the tests."""
