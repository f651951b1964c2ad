"""No module-level mutable state, no printing, no long files, no work at import time."""

import ast

from tests.architecture.source import CHECKOUT, Module, for_each, modules

LONGEST = 300
MUTABLE_SYNTAX = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
MUTABLE_CALLS = (
    "list",
    "dict",
    "set",
    "bytearray",
    "defaultdict",
    "deque",
    "Counter",
    "OrderedDict",
    "cache",
    "lru_cache",
)


def ids(module: Module) -> str:
    return module.name


def called(node: ast.AST) -> str:
    function = getattr(node, "func", node)
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def mutable(value: ast.AST) -> bool:
    """Whether this expression is, or holds, a list, dict or set that can change."""
    if isinstance(value, MUTABLE_SYNTAX):
        return True
    if isinstance(value, ast.Call):
        return called(value) in MUTABLE_CALLS
    if isinstance(value, ast.Tuple):
        return any(mutable(element) for element in value.elts)
    if isinstance(value, ast.BinOp):
        return mutable(value.left) or mutable(value.right)
    return False


def top_level(body: list[ast.stmt]):
    """Every statement that runs when the module is loaded, also below `if`, `with` and `try`."""
    for statement in body:
        yield statement
        if isinstance(statement, (ast.If, ast.Try, ast.With, ast.For)):
            yield from top_level(
                [
                    one
                    for name in ("body", "orelse", "finalbody")
                    for one in getattr(statement, name, [])
                ]
            )


def assigned(module: Module):
    """(names, value) of each assignment at module level."""
    for statement in top_level(module.tree.body):
        if isinstance(statement, ast.Assign):
            yield [ast.unparse(target) for target in statement.targets], statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            yield [ast.unparse(statement.target)], statement.value


@for_each("module", modules(), ids=ids)
def test_nothing_at_module_level_can_change(module):
    assert [
        names for names, value in assigned(module) if names != ["__all__"] and mutable(value)
    ] == []


@for_each("module", modules(), ids=ids)
def test_no_global_statement(module):
    assert not [node.lineno for node in ast.walk(module.tree) if isinstance(node, ast.Global)]


@for_each("module", modules(), ids=ids)
def test_no_mutable_default(module):
    functions = [
        node
        for node in ast.walk(module.tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    assert not [
        one.name
        for one in functions
        for default in [*one.args.defaults, *one.args.kw_defaults]
        if default is not None and mutable(default)
    ]


@for_each("module", modules(), ids=ids)
def test_library_code_never_prints(module):
    calls = [node for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
    assert not [
        node.lineno
        for node in calls
        if isinstance(node.func, ast.Name) and node.func.id in ("print", "breakpoint")
    ]


@for_each("module", modules(), ids=ids)
def test_every_module_says_what_it_is(module):
    assert ast.get_docstring(module.tree) or module.name == "rft_core.__main__"


@for_each("module", modules(), ids=ids)
def test_public_functions_say_what_they_do_and_with_which_types(module):
    for node in module.tree.body:
        is_overload = "overload" in [called(one) for one in getattr(node, "decorator_list", [])]
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and not is_overload:
            assert ast.get_docstring(node), f"{module.name}.{node.name} has no docstring"
            assert node.returns is not None, f"{module.name}.{node.name} has no return type"
            untyped = [
                one.arg
                for one in [*node.args.args, *node.args.kwonlyargs]
                if one.annotation is None
            ]
            assert not untyped, f"{module.name}.{node.name}: no type for {untyped}"


def test_no_random_state_is_shared():
    """torch, numpy and random have global streams; only seeds.py may touch one,
    and it gives it back.
    """
    seeding = (
        "torch.manual_seed",
        "np.random.seed",
        "numpy.random.seed",
        "random.seed",
        "torch.random.manual_seed",
    )
    found = [
        f"{module.name}:{node.lineno}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in seeding
    ]
    assert all(place.startswith("rft_core.engine.seeds:") for place in found), found


def files():
    ours = [
        path for name in ("rft_core", "pages", "tests") for path in (CHECKOUT / name).rglob("*.py")
    ]
    return sorted([*ours, *CHECKOUT.glob("*.py")])


def test_files_are_short():
    lengths = {
        path.relative_to(CHECKOUT).as_posix(): len(path.read_text().splitlines())
        for path in files()
    }
    assert {path: length for path, length in lengths.items() if length >= LONGEST} == {}
