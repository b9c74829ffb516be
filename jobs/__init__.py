"""The monthly job: bills SecureVideo sessions. Starts at `jobs.commands`."""
