"""What the API answers, as pydantic models; the OpenAPI document comes from them."""
