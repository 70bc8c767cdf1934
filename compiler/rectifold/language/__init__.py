"""The text language: grammar, tree with places, parser, elaboration into a network, printer."""
