"""Both papers, claim by claim: every recipe run, and the page of what came out."""
