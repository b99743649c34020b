"""The API's documentation at /docs, and a list of addresses at /. The scripts come from a package, not from the
internet.
"""

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

_ADDRESS = "/docs"
_FILES = "/static-offline-docs"
_ADDRESSES = {
    "docs": _ADDRESS,
    "openapi": "/openapi.json",
    "catalog": "/catalog",
    "checkpoint": "/ledger/checkpoint",
    "trust": "/.well-known/data-exchange",
}


def install(app: FastAPI) -> None:
    """Serve the pages and their files."""
    app.mount(_FILES, StaticFiles(packages=[("fastapi_offline", "static")]), name="static-offline-docs")

    @app.get(_ADDRESS, include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url=app.openapi_url or "",
            title=app.title,
            swagger_js_url=f"{_FILES}/swagger-ui-bundle.js",
            swagger_css_url=f"{_FILES}/swagger-ui.css",
            swagger_favicon_url=f"{_FILES}/favicon.png",
        )

    @app.get("/", include_in_schema=False)
    async def addresses() -> dict[str, str]:
        return {"title": app.title, "version": app.version, **_ADDRESSES}
