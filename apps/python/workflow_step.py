"""Hands the workflow step of the request that is being served on with the requests that are made because of it.

Copy this file into a service that has a Stepgate gate in front of it. It needs Python 3.9 or later and nothing else.

    application = workflow_step.Wsgi(application)             # WSGI: Flask, Django
    application = workflow_step.Asgi(application)             # ASGI: FastAPI, Starlette, Django

    session = requests.Session(); session.auth = workflow_step.carry
    client = httpx.AsyncClient(auth=workflow_step.carry)      # and httpx.Client
    urllib.request.install_opener(urllib.request.build_opener(workflow_step.Urllib))

A request that has the header already keeps its own. Only these clients hand the step on, to every host that they call.

Limits. The step ends with its request: a task that goes on after the answer has none. A thread that the application
starts has none, unless it runs in `contextvars.copy_context()`, as with `asyncio.to_thread`. Nor has work from a queue. At a
join, with a receipt or with a start token, the application sets the header itself.
"""

import contextvars
import urllib.request

# The gate's `header`.
HEADER = "x-workflow-step"


class _Served:
    """A request that is being served. It is emptied at its end, since a context outlives it in tasks."""

    def __init__(self, step):
        self.step = step


_served = contextvars.ContextVar("served", default=_Served(None))


def carry(request):
    """Adds the step to a request of `requests`, `httpx` or `urllib.request`."""
    names = {name.lower() for part in ("headers", "unredirected_hdrs") for name in getattr(request, part, ())}
    step = _served.get().step
    if step is not None and HEADER not in names:
        request.headers[HEADER] = step
    return request


class Urllib(urllib.request.BaseHandler):
    """Adds the step to the requests of `urllib.request`."""

    http_request = https_request = staticmethod(carry)


class Asgi:
    """An ASGI application that keeps the step of the request that it serves."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        lines = [value for name, value in scope.get("headers", ()) if name == HEADER.encode()]
        served = _Served(b", ".join(lines).decode("latin-1") if lines else None)
        token = _served.set(served)
        try:
            await self.app(scope, receive, send)
        finally:
            served.step = None
            _served.reset(token)


class Wsgi:
    """A WSGI application that keeps the step of the request that it serves."""

    def __init__(self, app):
        self.app = app

    def __call__(self, environ, start_response):
        served = _Served(environ.get("HTTP_" + HEADER.upper().replace("-", "_")))
        # The server's threads serve other requests later, in contexts of their own.
        context = contextvars.copy_context()
        context.run(_served.set, served)
        try:
            body = context.run(self.app, environ, start_response)
        except BaseException:
            served.step = None
            raise
        if isinstance(body, (list, tuple)):
            served.step = None
            return body
        return _Body(body, context, served)


class _Body:
    """A body that the server asks the application for, part by part."""

    def __init__(self, body, context, served):
        self.body, self.context, self.served = body, context, served
        self.parts = context.run(iter, body)

    def __iter__(self):
        return self

    def __next__(self):
        return self.context.run(next, self.parts)

    def close(self):
        try:
            if hasattr(self.body, "close"):
                self.context.run(self.body.close)
        finally:
            self.served.step = None
