"""What a user asks for in one call: compile a network (prove, then rewrite to the end)."""
