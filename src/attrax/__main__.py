"""``python -m attrax``: the command line."""

from attrax.cli import main

if __name__ == "__main__":
    main()
