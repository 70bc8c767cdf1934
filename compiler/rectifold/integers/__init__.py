"""Networks in integers: words, powers of two as scales, and a certified bound of what is lost."""
