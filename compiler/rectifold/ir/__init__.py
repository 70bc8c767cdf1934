"""The network: layers with exact matrices on edges, its domain, meaning and canonical form."""
