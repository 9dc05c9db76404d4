"""The kernel behind one port: `port.py` is what the engine may ask, `real.py` asks the running kernel."""
