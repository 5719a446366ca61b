"""The end-to-end suites. Each module holds unittest cases; run.py finds all of them."""
