"""The methods that can be evaluated, one a file: encryptors, folders of other methods' outputs, and baselines."""
