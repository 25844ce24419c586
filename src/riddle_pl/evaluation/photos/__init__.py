"""End to end: photos through the whole pipeline, and what a recogniser and the quality gate say of every face."""
