"""`python -m whether` is `whether`."""

import sys

from whether.cli import main

sys.exit(main())
