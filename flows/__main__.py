"""`python -m flows` is `vigie`."""

from flows.cli import main

if __name__ == "__main__":
    main()
