"""Pictures of regions, sheets, errors and phases, as PNG or SVG; they need matplotlib (`plot`)."""
