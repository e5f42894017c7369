"""The pure core: from bytes to labels and signals. Knows its arguments and nothing of ours outside this folder."""
