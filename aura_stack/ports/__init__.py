"""Port numbers: declared in the manifest, checked by policy, looked up on the machine."""
