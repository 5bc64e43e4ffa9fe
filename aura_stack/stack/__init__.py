"""The definition: a stack file read with the places of its words, validated and resolved."""
