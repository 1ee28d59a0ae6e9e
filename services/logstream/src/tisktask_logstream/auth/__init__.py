"""Who may use the API and the pages: the holder of the admin token, by header or by a signed cookie."""
