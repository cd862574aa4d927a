"""Quantities: what a method, with its setting, measures of a representation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from dimscope.errors import InputError

#: Dimensions from distances or angles; from variances; values of two representations; others.
Family = Literal["intrinsic", "linear", "pair", "other"]

#: Where an error comes from: a theory that simulations have confirmed, disjoint blocks of points,
#: or the posterior of a model.
ErrorKind = Literal["theory", "blocks", "posterior"]

_NAMES = {"intrinsic": "intrinsic_dimension", "linear": "linear_dimension"}

#: The name of what `Quantity.calibrated` measures.
CALIBRATED_DIMENSION = "calibrated_dimension"
_CALIBRATED = "_calibrated"  # ends the name of the method


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """What is measured. Two settings of one method are two quantities.

    Attributes
    ----------
    name
        The quantity, such as ``"intrinsic_dimension"``.
    method
        Registry name of the method that measures it.
    setting
        The parameters that differ from their defaults, such as ``"n_neighbors=20"``; empty if none
        does.
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
        """The quantity that a method measures; its name follows from the family.

        Without a title, the name of the method becomes the title.

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

    def calibrated(self, family: str = "") -> Quantity:
        """The quantity's values led back to the dimension, as for points of a family.

        The family is part of the setting.

        Examples
        --------
        >>> Quantity.of("two_nn", "intrinsic", title="TwoNN").calibrated("any").label
        'TwoNN, calibrated (family=any)'
        """
        return Quantity(
            name=CALIBRATED_DIMENSION,
            method=f"{self.method}{_CALIBRATED}",
            setting=", ".join(filter(None, [self.setting, family and f"family={family}"])),
            family=self.family,
            title=f"{self.title}, calibrated",
        )

    @property
    def key(self) -> str:
        """The method, with its setting if it has one; unique among quantities."""
        return keyed(self.method, self.setting)

    @property
    def label(self) -> str:
        """The title, with the setting if there is one."""
        return f"{self.title} ({self.setting})" if self.setting else self.title


#: The quantity of the rows of a spectrum.
VARIANCE_SHARE = Quantity(
    name="variance_share", method="eigenvalue", family="other", title="Share of variance"
)


def keyed(method: str, setting: str) -> str:
    """Join the name of a method and its setting.

    Examples
    --------
    >>> keyed("gride", ""), keyed("gride", "n1=4")
    ('gride', 'gride(n1=4)')
    """
    return f"{method}({setting})" if setting else method


def raw_method(method: str) -> str | None:
    """The method whose values a method calibrates; None if it is none that does.

    Examples
    --------
    >>> raw_method("two_nn_calibrated"), raw_method("two_nn")
    ('two_nn', None)
    """
    return method.removesuffix(_CALIBRATED) if method.endswith(_CALIBRATED) else None


def spoken(name: str) -> str:
    """Turn a registry name into words.

    Examples
    --------
    >>> spoken("box_dimension")
    'Box dimension'
    """
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]
