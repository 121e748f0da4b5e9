"""Re-rank one dataset with one extractor and one matcher.

    python run_rerank.py --dataset datasets/toy --extractor r2d2 --matcher ransac

The same as `rerank benchmark` with one pair; `--help` lists the options.
"""

from rerank.cli import run_one

if __name__ == "__main__":
    run_one()
