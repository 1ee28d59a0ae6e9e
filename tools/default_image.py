"""Makes the archive of the default job image, without any registry: tools/default_image.py ARCHIVE."""

import sys
from pathlib import Path

from tisktask_runner.image.default_archive import PartMissingError, write_default_archive


def main() -> int:
    """Write the archive; print its place and SHA-256."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    archive = Path(sys.argv[1])
    try:
        digest = write_default_archive(archive)
    except (PartMissingError, OSError) as error:
        print(f"default job image: {error}", file=sys.stderr)
        return 1
    print(f"default job image: {archive} sha256:{digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
