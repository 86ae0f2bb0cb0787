"""Each test states one behaviour in its docstring, and fails when that behaviour is broken."""
