"""Jupyter's own test of a kernel (jupyter_kernel_test), with every sample given, on the real kernel."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

try:
    import jupyter_kernel_test
except ImportError:
    print("skipped: no jupyter_kernel_test")
    sys.exit(77)

program = os.environ.get("CUTFLOW_KERNEL", "build/dev/cutflow-kernel")
folder = tempfile.mkdtemp()
os.environ.update(JUPYTER_DATA_DIR=folder, CUTFLOW_HISTORY=os.path.join(folder, "history"), CUTFLOW_PROGRESS="0",
                  CUTFLOW_FOOTER="0")
os.environ.pop("JUPYTER_PATH", None)
subprocess.run([program, "install", "--name", "cutflow-tested"], check=True, stdout=subprocess.DEVNULL)


class Kernel(jupyter_kernel_test.KernelTests):
    kernel_name = "cutflow-tested"
    language_name = "cutflow"
    file_extension = ".cf"
    code_hello_world = '%print "hello, world"'
    code_stderr = '%print err:true "test"'
    completion_samples = [{"text": "from [{alpha = 1}] | select alp", "matches": {"alpha"}},
                          {"text": "fro", "matches": {"from"}},
                          {"text": "# \U0001f600\nfro", "matches": {"from"}}]
    complete_code_samples = ["1 + 1", "from [{a = 1}] | select {b = a * 2}", "# a comment", ""]
    incomplete_code_samples = ["from [{a = 1}", "1 +", "from x |"]
    invalid_code_samples = ["from [{a = 1})", ")"]
    code_page_something = "filter?"
    code_generate_error = "from [{a = 1}] | select no_such_column"
    code_execute_result = [
        {"code": "1 + 1", "result": "2"},
        {"code": "let x = 6\nx * 7", "result": "42"},
        {"code": '%print "first"\n\n"text"'},
        {"code": "from [{a = 1, b = 2.5}]", "mime": "text/html"},
        {"code": "2 + 0 * 1", "result": "2"}, {"code": "1 + 2", "result": "3"},
    ]
    code_display_data = [
        {"code": "1\n\n2", "mime": "text/plain"},
        {"code": "from [{a = 1}, {a = 3}] | hist a bins:4 range:0..4\n\n2", "mime": "image/svg+xml"},
        {"code": "from [{a = 1}, {a = 3}] | hist a bins:4 range:0..4\n\n2", "mime": "application/vnd.vegalite.v5+json"},
        {"code": "from [{a = 1}]\n\n2", "mime": "text/html"},
    ]
    code_history_pattern = "2 + 0*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "filter"
    code_clear_output = "%clear"


class Welcome(jupyter_kernel_test.IopubWelcomeTests):
    kernel_name = "cutflow-tested"
    support_iopub_welcome = True


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    shutil.rmtree(folder)
    sys.exit(0 if result.wasSuccessful() and not result.skipped else 1)
