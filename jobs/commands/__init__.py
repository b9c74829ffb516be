"""The command line: parse, call a function, print, exit. Results go to stdout, all else to stderr (docs/rules.md §17).

A command is the module of its name; `group` says which there are, and imports one when it is called.
"""
