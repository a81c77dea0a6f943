"""`python -m nnunet_ext`, for where the command is not on the path."""
# PYTHON_ARGCOMPLETE_OK

import sys

from nnunet_ext.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
