"""What holds for the tests of learning."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
