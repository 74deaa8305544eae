"""The rules that come with the product, one file for each kind of device."""
