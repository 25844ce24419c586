"""End to end: photos through the whole pipeline, judged by a recogniser and the quality gate."""
