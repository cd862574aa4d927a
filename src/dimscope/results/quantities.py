"""Quantities: what is measured of a representation, by which method, with which setting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from dimscope.errors import InputError

#: Of distances or angles; of variances; of two representations; of something else.
Family = Literal["intrinsic", "linear", "pair", "other"]

#: Where an error comes from: a theory that simulation has shown to hold, disjoint blocks of points,
#: or the posterior of a model.
ErrorKind = Literal["theory", "blocks", "posterior"]

_NAMES = {"intrinsic": "intrinsic_dimension", "linear": "linear_dimension"}


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """What is measured. Two settings of one method are two quantities.

    Attributes
    ----------
    name
        What it is a value of, such as ``"intrinsic_dimension"``.
    method
        Registry name of what measures it.
    setting
        The parameters that are not at their defaults, such as ``"n_neighbors=20"``; empty where all
        are.
    family
        ``"intrinsic"``, ``"linear"``, ``"pair"`` or ``"other"``.
    title
        The method's name for people, such as ``"TwoNN"``.
    """

    name: str
    method: str
    setting: str = ""
    family: Family
    title: str

    def __post_init__(self) -> None:
        if self.family not in get_args(Family):
            raise InputError(
                f"{self.method} has the family {self.family!r}: choose from "
                f"{', '.join(get_args(Family))}"
            )

    @classmethod
    def of(cls, method: str, family: Family, *, title: str = "", setting: str = "") -> Quantity:
        """The quantity that a method measures, named by its family; titled by its name if need be.

        Examples
        --------
        >>> Quantity.of("box_dimension", "intrinsic").title
        'Box dimension'
        """
        return cls(
            name=_NAMES.get(family, method),
            method=method,
            setting=setting,
            family=family,
            title=title or spoken(method),
        )

    @property
    def key(self) -> str:
        """The method, with its setting where it has one: unique among quantities."""
        return keyed(self.method, self.setting)

    @property
    def label(self) -> str:
        """The title, with the setting where there is one."""
        return f"{self.title} ({self.setting})" if self.setting else self.title


#: What the rows of a spectrum are.
VARIANCE_SHARE = Quantity(
    name="variance_share", method="eigenvalue", family="other", title="Share of variance"
)


def keyed(method: str, setting: str) -> str:
    """A method with its setting.

    Examples
    --------
    >>> keyed("gride", ""), keyed("gride", "n1=4")
    ('gride', 'gride(n1=4)')
    """
    return f"{method}({setting})" if setting else method


def spoken(name: str) -> str:
    """A registry name as words.

    Examples
    --------
    >>> spoken("box_dimension")
    'Box dimension'
    """
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]
