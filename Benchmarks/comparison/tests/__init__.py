"""Tests of the arithmetic and the words of the report, and of the watchdog: `Benchmarks/compare --self-test`."""
