"""Self-contained HTML pages about results: one model of a page, one template."""
