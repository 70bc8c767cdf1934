"""What comes out of a model: a smaller one, with everything that is known about it.

source → CompiledModel: network, certificate, check(), removed, predict, save
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rectifold.certificate.compiled import check_certificate
from rectifold.certificate.file import Certificate
from rectifold.certificate.leaving_out import CertifiedCompile, certify_whole
from rectifold.formats.interface import Interface
from rectifold.formats.load import Loaded
from rectifold.ir.network import Network
from rectifold.objects.predicting import Predicted, predict
from rectifold.objects.writing import Written
from rectifold.operations.compiling import Compiled
from rectifold.operations.fates import UnitRecords, unit_records
from rectifold.two_layers.shallow import Shallow
from rectifold_check import Verdict

if TYPE_CHECKING:
    from onnx import ModelProto


class ModelResult(ABC):
    """What a result can do, whatever made it: `network` computes what `source` did.

    `loaded` is the model that was given, as it was read.
    """

    network: Network
    source: Network
    loaded: Loaded

    @property
    def interface(self) -> Interface | None:
        """What the given model is called from outside; None for a network that has no model."""
        return self.loaded.interface

    def predict(self, inputs: object) -> Predicted:
        """What the model gives at `inputs`: one point, or several with the batch first.

        In the model's own shapes and types, computed in float64. One array, or arrays by name
        where the model has several outputs. Warns of points outside the domain. Raises InputError
        for arrays of another shape.
        """
        return predict(self.network, self.interface, inputs)

    def save(self, path: str | Path, to: str | None = None, *, force: bool = False) -> list[Path]:
        """Writes the format `to` (default: by the suffix of `path`); the files written.

        An ONNX file has the names, shapes and types of the given model. Raises InputError for an
        unknown format, and for a file that is there already, unless `force`.
        """
        return self._written.save(path, to, force=force)

    def to_onnx(self) -> ModelProto:
        """The same as an onnx.ModelProto, which runs wherever the given model does."""
        from onnx import ModelProto  # takes 0.3 s to import

        name = f"{self.network.name}.onnx"
        model = ModelProto()
        model.ParseFromString(self._written.artifact("onnx", name).main)
        return model

    @property
    @abstractmethod
    def _written(self) -> Written:
        """What is said about the network where it is written."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know about how the model was read."""
        return self.loaded.notes


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class CompiledModel(Compiled, ModelResult):
    """A compiled model: `network` equals `source` on `source.domain`.

    `certified`: the certificate that came with it, and what had to be left out for it.
    """

    loaded: Loaded
    certified: CertifiedCompile | None = None

    @staticmethod
    def of(compiled: Compiled, loaded: Loaded, known: CertifiedCompile | None) -> CompiledModel:
        """A compiled network as the result for the model that it was read from."""
        own = {one.name: getattr(compiled, one.name) for one in fields(Compiled)}
        return CompiledModel(**own, loaded=loaded, certified=known)

    @cached_property
    def certificate(self) -> Certificate:
        """Why `network` equals `source`; our checker has accepted it.

        Made on first use where the model was compiled with `certify=False`. Raises ClaimRefused
        where that fails; compiling with `certify=True` then leaves out what cannot be certified.
        """
        known = self.certified if self.certified is not None else certify_whole(self)
        return known.certificate

    @property
    def left_out(self) -> tuple[str, ...]:
        """What could not be certified and is therefore not rewritten: a fault of ours."""
        return () if self.certified is None else self.certified.left_out

    @cached_property
    def removed(self) -> UnitRecords:
        """What became of every relu unit of the source: kept, removed, merged or carried."""
        return unit_records(self)

    @property
    def _written(self) -> Written:
        checked = "not checked by a certificate"
        if self.certified is not None:
            checked = f"the certificate {self.certified.verdict.status}"
        statement = f"equal to the source on the domain, as exact networks ({checked})"
        return Written(self.network, self.source, statement, self.interface, self.kept)

    def check(self) -> Verdict:
        """The independent checker's verdict on `certificate`, with what it claims."""
        return check_certificate(self, self.certificate)


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class ShallowModel(Shallow, ModelResult):
    """A shallow form of a model: at most two hidden layers."""

    loaded: Loaded

    @staticmethod
    def of(shallow: Shallow, loaded: Loaded) -> ShallowModel:
        """A shallow network as the result for the model that it was read from."""
        own = {one.name: getattr(shallow, one.name) for one in fields(Shallow)}
        return ShallowModel(**own, loaded=loaded)

    @property
    def _written(self) -> Written:
        network = self.network.with_domain(self.source.domain)
        return Written(network, self.source, self.statement, self.interface)
