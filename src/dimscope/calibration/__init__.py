"""What an estimator says of data whose dimension is known, and how far a value can be believed."""
