"""The monthly job: bills SecureVideo sessions. Starts at `jobs.cli`."""
