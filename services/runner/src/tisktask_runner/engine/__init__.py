"""The container engine: everything that Tisktask asks of Podman."""
