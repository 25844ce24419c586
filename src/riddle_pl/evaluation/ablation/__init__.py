"""``riddle-ablation``: trains experiments with several seeds, evaluates them, and sets them side by side."""
