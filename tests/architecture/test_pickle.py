"""Nothing that a person brings is unpickled: pickle is not loaded, numpy may not, and
torch reads weights only.
"""

import ast

import pytest

from tests.architecture.source import CHECKOUT, for_each

FILES = sorted(
    path for folder in ("rft_core", "pages") for path in (CHECKOUT / folder).rglob("*.py")
)
# what unpickles whatever it is told
LOADERS = {"pickle", "cPickle", "dill", "joblib", "shelve", "cloudpickle", "marshal"}


def unpickles(tree: ast.AST) -> list[str]:
    """The places where something may be unpickled, or is read without saying that it may not."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        said = {word.arg: getattr(word.value, "value", None) for word in node.keywords}
        called, owner = node.func.attr, ast.unparse(node.func.value)
        is_wrong = (
            (owner in LOADERS and called in ("load", "loads", "Unpickler", "open"))
            or (
                called == "load"
                and owner in ("np", "numpy")
                and said.get("allow_pickle") is not False
            )
            or (called == "load" and owner == "torch" and said.get("weights_only") is not True)
            or called in ("read_pickle", "unsafe_load")
            or said.get("allow_pickle") is True
        )
        if is_wrong:
            found.append(f"{ast.unparse(node)[:80]}:{node.lineno}")
    return found


@for_each("path", FILES, ids=lambda path: path.relative_to(CHECKOUT).as_posix())
def test_nothing_is_unpickled(path):
    assert unpickles(ast.parse(path.read_text())) == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("pickle.load(file)", 1),
        ("np.load(path)", 1),
        ("np.load(path, allow_pickle=True)", 1),
        ("np.load(path, allow_pickle=False)", 0),
        ("torch.load(path)", 1),
        ("torch.load(path, weights_only=False)", 1),
        ("torch.load(path, weights_only=True)", 0),
        ("json.load(file)", 0),
        ("pd.read_pickle(path)", 1),
    ],
)
def test_the_rule_catches_what_is_planted(text, count):
    assert len(unpickles(ast.parse(text))) == count
