"""What is known about units: claims, verdicts, the ordered record of proofs, trees of cases."""
