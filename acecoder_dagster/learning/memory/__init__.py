"""Whether a training fits: how much memory it needs on each device, known before anything is loaded.

A training is rehearsed on fake tensors, which have a shape and no contents: its model is built from the configuration
alone, and one step of the training's own code runs on it. What is alive is counted. Nothing is computed, so a model of
any size is rehearsed on any machine.

`trainings` says what of a training decides about its memory, `rehearsal` runs it, `estimate` adds what is not torch's,
`changes` looks for settings with which it would fit, `check` puts it into words and refuses.
"""
