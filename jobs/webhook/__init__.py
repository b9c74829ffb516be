"""The receiver for SecureVideo's webhooks: each event durable in the ledger before it is acknowledged, and only a hint.

event    a body to what is stored of it         app     what is answered, over ASGI
store    many waiting events, one transaction   server  sockets, deadlines, start and stop
"""
