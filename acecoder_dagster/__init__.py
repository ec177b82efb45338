"""AceCoder-on-Dagster: code in, verified tests, judged programs, reward models and policies out."""
