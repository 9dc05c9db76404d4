"""Where events and metrics go: text for people, JSON lines, Prometheus, plots in the terminal."""
