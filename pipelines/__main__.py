"""`python -m pipelines` is `blotter`."""

from pipelines.cli import main

if __name__ == "__main__":
    main()
