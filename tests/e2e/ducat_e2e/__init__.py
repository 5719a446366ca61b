"""What the end-to-end suites share: a server process, an HTTP client, a PostgreSQL of their own, assertions, loads."""
