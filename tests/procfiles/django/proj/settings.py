"""What is set by the environment."""

import os

DEBUG = os.environ.get("DEBUG") == "1"
DATABASE = os.environ["DATABASE_URL"].rpartition("/")[2]
