"""The core: rules of counting and money. No I/O, no clock, no environment, no floats."""
