"""A JupyterLab of its own in a temporary folder, with the kernel installed there, and a browser that looks at it."""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATIENCE = 120  # seconds: what takes a moment here may take longer on a busy machine
TOKEN = "cutflow-test"

kernel_program = os.path.abspath(os.environ.get("CUTFLOW_KERNEL", "build/dev/cutflow-kernel"))
program = os.path.abspath(os.environ.get("CUTFLOW", "build/dev/cutflow"))


def skip(why):
    print("skipped: no " + why)
    sys.exit(77)


try:
    import jupyterlab  # noqa: F401
    from playwright.sync_api import sync_playwright
except ImportError as error:
    skip(error.name)
chromium = shutil.which("chromium") or skip("chromium")


class Lab:
    """The server; files and folders named to it lie in its own."""

    def __init__(self, files, folders):
        self.folder = tempfile.mkdtemp(prefix="cutflow-lab-")
        self.log = self.process = None
        try:
            self.fill(files, folders)
            self.start()
        except BaseException:
            self.end()
            raise

    def fill(self, files, folders):
        self.work = os.path.join(self.folder, "work")
        os.makedirs(self.work)
        for path in files:
            shutil.copy(os.path.join(ROOT, path), self.work)
        for path in folders:
            shutil.copytree(os.path.join(ROOT, path), os.path.join(self.work, os.path.basename(path)))
        self.env = self.environment()
        subprocess.run([kernel_program, "install", "--prefix", os.path.join(self.folder, "prefix")], check=True,
                       env=self.env, stdout=subprocess.DEVNULL)
        self.settings("apputils-extension", "notification", {"fetchNews": "false", "checkForUpdates": False})
        self.settings("codemirror-extension", "plugin", {"defaultConfig": {"autoClosingBrackets": True}})

    def environment(self):
        places = {name: os.path.join(self.folder, name.lower()) for name in (
            "HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR",
            "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
        for place in places.values():
            os.makedirs(place)
        env = {**os.environ, **places, "JUPYTER_PATH": os.path.join(self.folder, "prefix", "share", "jupyter"),
               "CUTFLOW_HISTORY": "", "CUTFLOW_FOOTER": "0"}
        for name in ("CI", "CUTFLOW_PROGRESS", "JUPYTER_TOKEN"):
            env.pop(name, None)
        return env

    def settings(self, extension, plugin, values):
        folder = os.path.join(self.env["JUPYTERLAB_SETTINGS_DIR"], "@jupyterlab", extension)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, plugin + ".jupyterlab-settings"), "w", encoding="utf-8") as f:
            json.dump(values, f)

    def start(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.url = "http://127.0.0.1:%d" % port
        self.log = open(os.path.join(self.folder, "server.log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser",
             "--ServerApp.ip=127.0.0.1", "--ServerApp.port=%d" % port, "--ServerApp.port_retries=0",
             "--IdentityProvider.token=" + TOKEN, "--ServerApp.root_dir=" + self.work,
             "--LabApp.news_url=", "--ServerApp.terminals_enabled=False"],
            env=self.env, cwd=self.work, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + PATIENCE
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("JupyterLab did not start:\n" + self.said())
            time.sleep(0.1)

    def answers(self):
        try:
            with urllib.request.urlopen(self.url + "/api/status?token=" + TOKEN, timeout=5) as reply:
                return reply.status == 200
        except OSError:
            return False

    def said(self):
        self.log.flush()
        with open(self.log.name, encoding="utf-8", errors="replace") as f:
            return f.read()

    def end(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.log is not None:
            self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Browser:
    def __init__(self):
        self.playwright = sync_playwright().start()
        self.browser = self.playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
        self.context = self.browser.new_context(viewport={"width": 1400, "height": 1000})
        self.context.set_default_timeout(PATIENCE * 1000)

    def end(self):
        self.context.close()
        self.browser.close()
        self.playwright.stop()


class Notebook:
    """A page with one notebook open."""

    def __init__(self, browser, lab, path, before=None):
        self.page = browser.context.new_page()
        if before is not None:
            before(self.page)
        self.page.goto("%s/lab/tree/%s?token=%s&reset" % (lab.url, path, TOKEN))
        self.wait_idle()

    def wait_idle(self):
        self.page.wait_for_selector(".jp-NotebookPanel .jp-Notebook .jp-Cell")
        self.page.wait_for_function("""() => {
            const context = window.jupyterapp.shell.currentWidget?.sessionContext;
            return context?.isReady && context.session?.kernel?.status === 'idle' &&
                [...document.querySelectorAll('.jp-InputPrompt')].every((p) => !p.textContent.includes('*'));
        }""")

    def command(self, name, args=None):
        self.page.evaluate("async ([name, args]) => { await window.jupyterapp.commands.execute(name, args); }",
                           [name, args or {}])

    def start_command(self, name):
        """Does not wait for its end: a dialog may have to be answered."""
        self.page.evaluate("(name) => { window.jupyterapp.commands.execute(name); }", name)

    def cells(self):
        return self.page.locator(".jp-Notebook .jp-CodeCell")

    def add_cell(self, text):
        """A new cell at the end, with its text typed; gives the cell."""
        self.page.locator(".jp-Notebook .jp-CodeCell .cm-content").last.click()
        self.page.keyboard.press("Escape")
        self.command("notebook:insert-cell-below")
        self.page.keyboard.press("Enter")
        cell = self.page.locator(".jp-Notebook .jp-CodeCell.jp-mod-selected")
        cell.locator(".cm-content").wait_for()
        self.page.keyboard.insert_text(text)
        return cell

    def run_cell(self, text, wait=True):
        cell = self.add_cell(text)
        self.page.keyboard.press("Control+Enter")
        if wait:
            self.page.wait_for_function("(c) => /\\d/.test(c.querySelector('.jp-InputPrompt').textContent)",
                                        arg=cell.element_handle())
        return cell

    def end(self):
        self.page.close()
