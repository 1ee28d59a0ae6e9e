#!/venv/bin/python
"""A job can be written in any language that its image holds."""

import subprocess
import sys

sys.exit(subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], check=False).returncode)
