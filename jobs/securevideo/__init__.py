"""The vendor's API: the only place that knows its names."""
