"""Laurel against the bare pipeline, on one machine and in one run: `python -m bench --sizes 1000,10000`.

Not part of what is served; nothing imports it. What is measured and why is in docs/performance.md.
"""
