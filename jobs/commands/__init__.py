"""The command line: parse, call one function, print, exit. Results go to stdout, all else to stderr (contract §2).

A command is the module of its name; `group` says which there are, and imports one when it is called.
"""
