"""The page /docs: Swagger UI from files on this machine; it works without the internet.

The files come with the package ``fastapi-offline`` (MIT); only its static folder is used. Where it
is not installed, /docs is a plain list of all calls.
"""

import html
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse, Response

ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
}
PATHS = ("/", "/docs", "/openapi.json", "/docs/start.js", *(f"/docs/{name}" for name in ASSETS))
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="docs/swagger-ui.css"></head>
<body><div id="page"></div><script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script></body></html>
"""
_START = """SwaggerUIBundle({url: "openapi.json", dom_id: "#page", deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis], persistAuthorization: false});
"""


def assets_folder() -> Path | None:
    """Where the Swagger UI files are, if they are all there."""
    found = find_spec("fastapi_offline")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent / "static"
    return folder if all((folder / name).is_file() for name in ASSETS) else None


def plain_page(app: FastAPI) -> str:
    """Every call in one table."""
    rows = []
    for path, item in sorted(app.openapi()["paths"].items()):
        for method, call in item.items():
            summary = html.escape(call.get("description", call.get("summary", "")))
            rows.append(
                f"<tr><td>{method.upper()}</td><td><code>{html.escape(path)}</code></td>"
                f"<td>{summary}</td></tr>"
            )
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{app.title}</title>"
        f"<h1>{app.title}</h1><p>As OpenAPI: <a href='openapi.json'>openapi.json</a></p>"
        f"<table>{''.join(rows)}</table></html>"
    )


def install(app: FastAPI) -> None:
    """Serve /docs and what it needs."""
    folder = assets_folder()

    async def page() -> Response:
        text = plain_page(app) if folder is None else _PAGE.format(title=app.title)
        return HTMLResponse(text, headers={"Content-Security-Policy": _POLICY})

    async def start() -> Response:
        return Response(_START, media_type="text/javascript")

    for path in ("/", "/docs"):
        app.add_api_route(path, page, methods=["GET"], include_in_schema=False)
    app.add_api_route("/docs/start.js", start, methods=["GET"], include_in_schema=False)
    if folder is None:
        return
    for name, media_type in ASSETS.items():
        app.add_api_route(
            f"/docs/{name}",
            _file(folder / name, media_type),
            methods=["GET"],
            include_in_schema=False,
        )


def _file(path: Path, media_type: str) -> Callable[[], Awaitable[Response]]:
    async def serve() -> Response:
        headers = {"Cache-Control": "max-age=86400"}
        return FileResponse(path, media_type=media_type, headers=headers)

    return serve
