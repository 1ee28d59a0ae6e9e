"""The pages: server-rendered HTML, plain JavaScript, one style sheet."""
