"""Questions and their tests: collected or imported, written, tested, kept out of benchmarks."""
