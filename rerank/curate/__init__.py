"""The review page: a local web server and the page it serves, by which curators place and judge photos.

`desk` knows what a curator may see and do and writes it into the journal, `app` puts it behind addresses,
`guard` lets nobody else in, `serving` starts it. The page in `site/` is made of hand-written modules.
"""
