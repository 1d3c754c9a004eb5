"""The documentation as a site: what mkdocs does not know, and the pages that are made from the source.

``hooks`` brings pages from outside ``docs/`` into the site, ``contracts`` writes ``docs/contracts.md``.
"""
