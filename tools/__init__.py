"""Programs for developers: benchmarks, long tests, pictures, seeds."""
