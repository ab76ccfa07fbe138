"""Signed bundles between levels of government.

Empty of code until bundles are exchanged; nothing else may live here.
"""
