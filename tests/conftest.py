from effort import examples
from hypothesis import settings

# on a loaded machine an example takes as long as it takes
settings.register_profile("here", max_examples=examples(100), deadline=None)
settings.load_profile("here")
