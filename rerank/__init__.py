"""The harness: pipeline, measures, results and the command line."""
