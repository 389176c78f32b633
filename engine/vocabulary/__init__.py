"""The words of the domain, one frozen table each; manifest, judge, reports, screens and docs are made from them."""
