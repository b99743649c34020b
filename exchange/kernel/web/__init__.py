"""HTTP for all rooms: reading requests, rendering problems, the OpenAPI document, health."""
