"""`python -m tisktask_runner.engine`: Podman's API, configured for this host."""

from tisktask_runner.engine.service import main

if __name__ == "__main__":
    main()
