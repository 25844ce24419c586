"""Encryptors: one file per option of the config group ``encryptor``, and their parts."""
