"""How hard is tried: every tuning number of the product, with a sentence and a unit.

No number here decides an answer: each decides only which way is taken to it, and when to stop.
"""
