"""What people look at: tables, JSON results, formulas, pictures."""
