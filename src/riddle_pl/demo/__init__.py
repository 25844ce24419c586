"""What ``riddle demo`` does: a short training run, then faces encrypted and recovered with the shipped networks."""
