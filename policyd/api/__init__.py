"""The agent's API on a Unix socket or localhost: metrics, health, JSON, the event stream; and the client of it.

`port.py` says what the API may ask of the agent; the agent fills it (`policyd.daemon`), the tests too.
"""
