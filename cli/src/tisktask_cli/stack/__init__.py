"""The embedded stack behind `tisktask up`: servers, services, their supervision, and where their data lie."""
