"""The simulated vendor: the API as SecureVideo documents it, on this machine, with every fault a server can have."""
