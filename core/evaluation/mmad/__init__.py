"""MMAD: multiple-choice questions about inspection pictures, put to report writers.

Source: Jiang et al., "MMAD: A Comprehensive Benchmark for Multimodal Large Language Models in
Industrial Anomaly Detection", ICLR 2025.
"""
