"""Step 1, harvest: photos of an area from Flickr, Mapillary, or a local folder or table."""
