"""Step 2, sort: outdoor and night, from independent signs that each show their value.

A sign names the answers that it leaves possible. Where at least two speak and leave one answer, they have
decided; where they leave none, they contradict one another, and a person decides. Nothing is deleted.
"""
