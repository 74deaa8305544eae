"""Evidence at rest: pictures in a folder or an object store, and the chain of hashes over them."""
