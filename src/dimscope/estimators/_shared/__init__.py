"""What several estimators share: bases, ratios, likelihoods, neighbourhoods, errors and bias."""
