"""``python -m dltlab``."""

from dltlab.cli import main

if __name__ == "__main__":
    main()
