"""A separate JupyterLab for the tests: a server on 127.0.0.1 with a token, and its page in a browser."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SETTINGS = {  # all cells are on the page, and nothing is asked of other hosts
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension/notification": {"checkForUpdates": False, "doNotDisturbMode": True, "fetchNews": "false"},
}


@contextmanager
def server(folder, home, theme="JupyterLab Light"):
    """Run JupyterLab on the notebooks of a folder; gives its address and token. ``home`` is the folder of its own files."""
    settings = {**SETTINGS, "@jupyterlab/apputils-extension/themes": {"theme": theme}}
    for name, content in settings.items():
        path = home / "settings" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token, places = secrets.token_hex(16), ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
    environment = {**os.environ, **{f"JUPYTER_{place}": str(home / place.lower()) for place in places},
                   "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"), "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
                   "IPYTHONDIR": str(home / "ipython"), "PYTHONPATH": str(ROOT), "JUPYTER_TOKEN": token,
                   "OPENBLAS_NUM_THREADS": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    options = ["--no-browser", "--allow-root", "--expose-app-in-browser", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}",
               "--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}",
               "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    with (home / "log").open("w") as log:
        running = subprocess.Popen([sys.executable, "-m", "jupyterlab", *options], env=environment, stdout=log, stderr=log,
                                   stdin=subprocess.DEVNULL)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(f"{address}/api/status?token={token}", running, home / "log")
            yield address, token
        finally:
            running.terminate()  # it ends its kernels
            running.wait(30)


def _wait(address, running, log):
    """Wait until the server answers, at most a minute."""
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(address).close()
            return
        except (urllib.error.URLError, ConnectionError) as error:
            if running.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"JupyterLab does not answer ({error}):\n{log.read_text()}") from None
            time.sleep(0.1)


class Lab:
    """The page of a JupyterLab: notebooks are opened and run in it; ``said`` collects unexpected messages and requests."""

    def __init__(self, browser, address, token, **options):
        self.page, self.said = browser.new_page(viewport={"width": 1280, "height": 900}, **options), []
        self.page.on("console", lambda message: message.type == "error" and self.said.append(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        own = (address, "data:", "blob:", "about:")
        self.page.on("request", lambda request: request.url.startswith(own) or self.said.append(f"request: {request.url}"))
        self.page.goto(f"{address}/lab?reset&token={token}")
        self.page.wait_for_function("window.jupyterapp?.shell && document.querySelector('.jp-Launcher, .jp-Notebook')")

    def open(self, name, run=False):
        """Open a notebook and run it; return its locator once all its outputs are on the page."""
        self.page.evaluate("""async ([path, run]) => {
            const app = window.jupyterapp
            const panel = await app.commands.execute('docmanager:open', { path })
            await panel.revealed
            await panel.context.ready
            if (run) {
                await panel.sessionContext.ready
                await app.commands.execute('notebook:run-all-cells')
            }
        }""", [name, run])
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook")
