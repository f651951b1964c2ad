"""The settings of a spec by their dotted names."""

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rft_core.spec.sections import Section


def fields_of(model: type[BaseModel], prefix: str = "") -> dict[str, FieldInfo]:
    """Return dotted name -> field of every setting below `model`, in the order of the form."""
    found: dict[str, FieldInfo] = {}
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            found |= fields_of(field.annotation, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = field
    return found
