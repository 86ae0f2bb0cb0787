"""What a change of the contract would break in a client that was written against the one before.

A client sends what the old contract allows and reads what it promised: nothing that it sends may be refused from now on,
nothing that it reads may be missing or of another type.
"""

from collections.abc import Iterator
from typing import Any

Spec = dict[str, Any]


def breaks(old: Spec, new: Spec) -> list[str]:
    """Each way in which `new` breaks `old`, in words; empty when it only adds."""
    return list(_Comparison(old, new).all())


class _Comparison:
    def __init__(self, old: Spec, new: Spec) -> None:
        self.old, self.new = old, new
        self.seen: set[tuple[str, str, str]] = set()

    def all(self) -> Iterator[str]:
        """Operation by operation."""
        for path, item in self.old["paths"].items():
            for method, operation in item.items():
                name = f"{method.upper()} {path}"
                now = self.new["paths"].get(path, {}).get(method)
                if now is None:
                    yield f"{name} is gone"
                    continue
                yield from self._operation(name, operation, now)

    def _operation(self, name: str, old: Spec, new: Spec) -> Iterator[str]:
        if old["operationId"] != new["operationId"]:
            yield f"{name} is called {new['operationId']} and no longer {old['operationId']}"
        if old.get("x-scope") != new.get("x-scope"):
            yield f"{name} needs the right {new.get('x-scope')}"
        before = {(p["in"], p["name"]): p for p in old.get("parameters", [])}
        after = {(p["in"], p["name"]): p for p in new.get("parameters", [])}
        for key, parameter in before.items():
            if key not in after:
                yield f"{name} no longer takes {key[1]}"
            else:
                yield from self._sent(f"{name} {key[1]}", parameter["schema"], after[key]["schema"])
        for key, parameter in after.items():
            if parameter.get("required") and not before.get(key, {}).get("required"):
                yield f"{name} now needs {key[1]}"
        yield from self._body(name, old.get("requestBody", {}), new.get("requestBody", {}))
        for status, answer in old["responses"].items():
            if int(status) >= 400:
                continue
            if status not in new["responses"]:
                yield f"{name} no longer answers {status}"
                continue
            for kind, content in answer.get("content", {}).items():
                now = new["responses"][status].get("content", {}).get(kind)
                if now is None:
                    yield f"{name} no longer answers {kind}"
                else:
                    yield from self._read(f"{name} {status}", content.get("schema", {}), now.get("schema", {}))

    def _body(self, name: str, old: Spec, new: Spec) -> Iterator[str]:
        if new.get("required") and not old.get("required"):
            yield f"{name} now needs a body"
        for kind, content in old.get("content", {}).items():
            now = new.get("content", {}).get(kind)
            if now is None:
                yield f"{name} no longer takes {kind}"
            else:
                yield from self._sent(f"{name} body", content.get("schema", {}), now.get("schema", {}))

    def _sent(self, where: str, old: Spec, new: Spec) -> Iterator[str]:
        """What a client may send: never narrower."""
        old, new = _whole(self.old, old), _whole(self.new, new)
        if not self._first("sent", where, old, new):
            return
        if _values(new) and (missing := _values(old) - _values(new)):
            yield f"{where} no longer takes {sorted(missing)}"
        if _types(new) and not _types(old) <= _types(new):
            yield f"{where} takes {sorted(_types(new))} and no longer {sorted(_types(old))}"
        for limit, narrower in (("maxLength", -1), ("maximum", -1), ("maxItems", -1), ("minLength", 1), ("minimum", 1)):
            if limit in new and (limit not in old or (new[limit] - old[limit]) * narrower > 0):
                yield f"{where} has {limit} {new[limit]}"
        for field in set(new.get("required", [])) - set(old.get("required", [])):
            yield f"{where} now needs {field}"
        for field, schema in old.get("properties", {}).items():
            if field in new.get("properties", {}):
                yield from self._sent(f"{where}/{field}", schema, new["properties"][field])
            elif new.get("additionalProperties") is False:
                yield f"{where} no longer takes {field}"
        if "items" in old and "items" in new:
            yield from self._sent(f"{where}[]", old["items"], new["items"])

    def _read(self, where: str, old: Spec, new: Spec) -> Iterator[str]:
        """What a client reads: nothing missing, no other type."""
        old, new = _whole(self.old, old), _whole(self.new, new)
        if not self._first("read", where, old, new):
            return
        if _types(old) and not _types(new) <= _types(old):
            yield f"{where} is {sorted(_types(new))} and no longer {sorted(_types(old))}"
        for field, schema in old.get("properties", {}).items():
            if field not in new.get("properties", {}):
                yield f"{where} has no {field} any more"
                continue
            if field in old.get("required", []) and field not in new.get("required", []):
                yield f"{where} may lack {field}"
            yield from self._read(f"{where}/{field}", schema, new["properties"][field])
        if "items" in old:
            yield from self._read(f"{where}[]", old["items"], new.get("items", {}))

    def _first(self, side: str, where: str, old: Spec, new: Spec) -> bool:
        """Whether this pair of schemas was not compared at this place yet: some schemas hold themselves."""
        key = (side, where.rpartition("/")[0], f"{old.get('title')}{new.get('title')}" if "title" in old else where)
        if key in self.seen and "properties" in old:
            return False
        self.seen.add(key)
        return True


def _whole(spec: Spec, schema: Spec) -> Spec:
    """A schema with its reference looked up; `null or X` as X that may be null."""
    if "$ref" in schema:
        return _whole(spec, spec["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    choices = schema.get("anyOf") or schema.get("oneOf") or []
    if not choices:
        return schema
    found = [_whole(spec, choice) for choice in choices]
    kept = [one for one in found if one.get("type") != "null"]
    merged: Spec = dict(kept[0]) if len(kept) == 1 else {"choices": kept}
    merged["types"] = set().union(*(_types(one) for one in found))
    return merged


def _types(schema: Spec) -> set[str]:
    if "types" in schema:
        return set(schema["types"])
    kind = schema.get("type")
    if kind is None:
        return {"string"} if "const" in schema or "enum" in schema else set()
    return {kind} if isinstance(kind, str) else set(kind)


def _values(schema: Spec) -> set[str]:
    return set(map(str, schema.get("enum", [schema["const"]] if "const" in schema else [])))
