"""The pages of the docs that are made from the program itself: settings, commands, menus.

    python -m docs.reference            write docs/guide/settings.md, commands.md and menus.md
    python -m docs.reference --check    write nothing; exit 1 where a page is not what it would be

Settings come from RunSpec's sections, commands from the command line's own parser, menus from the
catalog and the presets; in docs/guards.md only the files of tests that moved are changed.
tests/architecture/test_guide.py fails where a page is stale.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import typer
from annotated_types import Ge, Gt, Le, Lt, MaxLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from docs.guards import CHECKOUT, TABLE, current_table
from rft_core import PRESETS, RunSpec, choices, cli
from rft_core.units import format_epsilon

GUIDE = Path(__file__).parent / "guide"
MADE = "<!-- Made by `python -m docs.reference`; change the program, not this page. -->\n"
# menus, and the page that says what their rows do
MENUS = {
    "schedules": "schedules.md",
    "attacks": "attacks.md",
    "objectives": "objectives.md",
    "strategies": "strategies.md",
    "datasets": "data-and-models.md",
    "backbones": "data-and-models.md",
}
MENU_OF_SETTING = {
    "data.dataset": "datasets",
    "model.backbone": "backbones",
    "strategy.kind": "strategies",
    "schedule.kind": "schedules",
    "attack.kind": "attacks",
    "objective.kind": "objectives",
    "evaluation.attack": "attacks",
}
EPSILON = "threat.epsilon"
TYPE_NAMES = {str: "text", int: "whole number", float: "number", bool: "true or false"}
LIMITS = ((Ge, "ge", "at least"), (Gt, "gt", "above"), (Le, "le", "at most"), (Lt, "lt", "below"))


def main() -> None:
    """Write the pages, or with --check say which are stale."""
    stale = {path: text for path, text in pages().items() if not is_current(path, text)}
    if sys.argv[1:] == ["--check"]:
        print("\n".join(f"{path} is stale" for path in stale) or "all pages are current")
        sys.exit(1 if stale else 0)
    for path, text in stale.items():
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(CHECKOUT)}")


def pages() -> dict[Path, str]:
    """Return the pages, file -> Markdown."""
    return {
        GUIDE / "settings.md": settings_page(),
        GUIDE / "commands.md": commands_page(),
        GUIDE / "menus.md": menus_page(),
        TABLE: current_table(),
    }


def is_current(path: Path, text: str) -> bool:
    """Return whether the file `path` holds `text`."""
    return path.is_file() and path.read_text(encoding="utf-8") == text


def settings_page() -> str:
    """Return the page of all settings, one table a section."""
    parts = [
        "# Settings",
        MADE.strip(),
        "Every setting of a run. Names are the same in the form's links, in `--set NAME=VALUE`, in"
        " a `--spec` file and in the stored JSON. What a choice does is on the page of its"
        " [menu](menus.md).",
        *_section("The run itself", RunSpec, ""),
    ]
    for name, field in RunSpec.model_fields.items():
        if _is_section(field):
            parts += _section(f"`{name}`", field.annotation, f"{name}.")
    return "\n\n".join(parts) + "\n"


def _section(title: str, model: type[BaseModel], prefix: str) -> Iterator[str]:
    rows = [
        (f"`{prefix}{name}`", _allowed(prefix + name, field), _default(prefix + name, field), help_)
        for name, field in model.model_fields.items()
        if not _is_section(field)
        for help_ in [field.description or ""]
    ]
    yield f"## {title}"
    yield _table(("setting", "values", "default", "what it is"), rows)


def _is_section(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def _allowed(name: str, field: FieldInfo) -> str:
    """Return in words what a setting may be."""
    if menu := MENU_OF_SETTING.get(name):
        return f"a name of the [menu]({MENUS[menu]})"
    if name == EPSILON:
        return "number, or text such as `8/255`"
    if field.examples:
        return "such as " + " or ".join(f"`{example}`" for example in field.examples)
    kinds = [kind for kind in _kinds(field.annotation) if kind is not type(None)]
    if all(get_origin(kind) is Literal for kind in kinds):
        return ", ".join(f"`{value}`" for kind in kinds for value in get_args(kind))
    words = " or ".join(TYPE_NAMES.get(kind, "text") for kind in kinds)
    return ", ".join([words, *_limits(field)]) + (" or empty" if _may_be_empty(field) else "")


def _kinds(annotation: Any) -> list[Any]:
    if get_origin(annotation) in (Union, UnionType):
        return [one for kind in get_args(annotation) for one in _kinds(kind)]
    return [annotation]


def _may_be_empty(field: FieldInfo) -> bool:
    return type(None) in _kinds(field.annotation)


def _limits(field: FieldInfo) -> Iterator[str]:
    for kind, name, words in LIMITS:
        for limit in field.metadata:
            if isinstance(limit, kind):
                yield f"{words} {getattr(limit, name):,}"
    for limit in field.metadata:
        if isinstance(limit, MaxLen):
            yield f"at most {limit.max_length:,} characters"


def _default(name: str, field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value in (None, "", ()):
        return "empty"
    if name == EPSILON:
        return f"`{format_epsilon(value, RunSpec().threat.norm)}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`{','.join(':'.join(f'{number:g}' for number in pair) for pair in value)}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def commands_page() -> str:
    """Return the page of all commands, one table of options each."""
    group = typer.main.get_command(cli.app)
    listed = sorted(group.commands.items())
    parts = [
        "# Commands",
        MADE.strip(),
        "Every command is called as `python -m rft_core COMMAND`. With `--json` it prints one JSON"
        " document on the standard output and its log on the standard error. The exit status is 0"
        " only on success, and 2 after a mistake in what was asked, which is told in one line.",
        _table(
            ("command", "what it does"),
            [(f"[`{name}`](#{name})", _one_line(command.help)) for name, command in listed],
        ),
    ]
    for name, command in listed:
        parts += _command(name, command)
    return "\n\n".join(parts) + "\n"


def _command(name: str, command: Any) -> Iterator[str]:
    words = [_usage(one) for one in command.params if one.param_type_name == "argument"]
    yield f"## {name}"
    yield _one_line(command.help)
    yield f"```\n{' '.join(['python -m rft_core', name, *words, '[OPTIONS]'])}\n```"
    rows = [_parameter(one) for one in command.params]
    yield _table(("argument or option", "default", "what it is"), rows)


def _usage(argument: Any) -> str:
    word = (
        argument.name.upper().removesuffix("S") if argument.nargs == -1 else argument.name.upper()
    )
    word += "..." if argument.nargs == -1 else ""
    return word if argument.required else f"[{word}]"


def _parameter(parameter: Any) -> tuple[str, str, str]:
    is_argument = parameter.param_type_name == "argument"
    written = _usage(parameter) if is_argument else parameter.opts[0] + _value_of(parameter)
    more = " May be repeated." if not is_argument and parameter.multiple else ""
    text = _one_line(parameter.help)
    default = "required" if parameter.required else _shown_default(parameter.default)
    return f"`{written}`", default, text if more.strip() in text else text + more


def _shown_default(default: Any) -> str:
    if default is None or default is False or default in ((), "") or callable(default):
        return ""
    if isinstance(default, Path) and default.is_absolute():
        # a path below the checkout, wherever that lies
        default = default.relative_to(CHECKOUT)
    return f"`{default}`"


def _value_of(option: Any) -> str:
    """Return what is written after an option: its metavar, else the kind of value that it takes."""
    if option.is_flag:
        return ""
    annotation = option.type_descriptor.annotation
    kind = (get_args(annotation) or (annotation,))[0]
    return " " + (option.metavar or {int: "N", float: "X", Path: "PATH"}.get(kind, "TEXT"))


def menus_page() -> str:
    """Return the page of all menus, one table each, and of the presets."""
    parts = [
        "# Menus",
        MADE.strip(),
        "What can be chosen, as `python -m rft_core list MENU` prints it, with sources. What each"
        " choice computes is on the page named beside its menu. The"
        " [presets](#presets) are whole runs to start from.",
    ]
    for menu, page in MENUS.items():
        parts += [f"## {menu}", f"Explained in [{page.removesuffix('.md')}]({page})."]
        parts.append(_menu_table(choices(menu)))
    return "\n\n".join([*parts, "## presets", _menu_table(PRESETS)]) + "\n"


def _menu_table(rows: Iterable[Any]) -> str:
    cells = [
        (f"`{row.name}`", row.label, _one_line(f"{row.help} {_sizes(row)}"), row.source)
        for row in rows
    ]
    return _table(("name", "label", "what it is", "source"), cells)


def _sizes(row: Any) -> str:
    facts = dict(getattr(row, "facts", {}))
    sizes = [f"{facts[name]:,} {name}" for name in ("train", "validation", "test") if name in facts]
    return f"Images: {', '.join(sizes)}." if sizes else ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in lines
    )


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


if __name__ == "__main__":
    main()
