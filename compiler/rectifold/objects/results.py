"""What comes out of a model: a smaller one, with everything that is known about it.

source → CompiledModel: network, certificate, check(), removed, predict, save
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import rectifold_check
from rectifold.approximate.approximated import Approximation
from rectifold.approximate.kept import NO_CERTIFICATE
from rectifold.certificate.compiled import check_certificate
from rectifold.certificate.file import Certificate
from rectifold.certificate.leaving_out import CertifiedCompile, certify_whole
from rectifold.certificate.within import certify_equal_by_cells
from rectifold.effort.proofs import CertificateEffort
from rectifold.emitters.table import FORMATS
from rectifold.errors import InputError
from rectifold.formats.interface import Interface
from rectifold.formats.load import Loaded
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.network import Network
from rectifold.objects.gain import Form
from rectifold.objects.predicting import Predicted, predict
from rectifold.objects.writing import HowWritten, Written
from rectifold.operations.compiling import Compiled
from rectifold.operations.fates import UnitRecords, unit_records
from rectifold.two_layers.shallow import Shallow
from rectifold_check import Verdict
from rectifold_check.limits import MOST_CELL_INPUTS

if TYPE_CHECKING:
    from keras import Model as KerasModel
    from onnx import ModelProto
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    from rectifold.objects.torch_network import NetworkModule


class ModelResult(ABC):
    """What a result can do, whatever made it: `network` computes what `source` did.

    `loaded` is the model that was given, as it was read.
    """

    network: Network
    source: Network
    loaded: Loaded

    def error_bound(
        self, to: str = "onnx", precision: str | None = None, max_error: object = None
    ) -> tuple[float, ...] | None:
        """Per output before the tail, how far the format `to` may round on the domain: certified.

        Infinite where no bound is known, as where nodes of the source are written; None for a
        format that rounds nothing. `precision`, `max_error`: as of `save`.
        """
        if to not in FORMATS:
            raise InputError(f"unknown format {to!r}; known are {', '.join(FORMATS)}")
        return self._written.error_bound(to, HowWritten.of(precision, max_error))

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

    def save(
        self,
        path: str | Path,
        to: str | None = None,
        *,
        precision: str | None = None,
        single_file: bool = False,
        max_error: object = None,
        force: bool = False,
    ) -> list[Path]:
        """Writes the format `to` (default: by the suffix of `path`); the files written.

        An ONNX file has the names, shapes and types of the given model. `precision`, `max_error`,
        `single_file`: as of `emit`. Raises InputError for an unknown format, a precision that it
        cannot be written in, and for a file that is there already, unless `force`.
        """
        how = HowWritten.of(precision, max_error, single_file=single_file)
        return self._written.save(path, to, how, force=force)

    def to_onnx(self) -> ModelProto:
        """The same as an onnx.ModelProto, which runs wherever the given model does."""
        from onnx import ModelProto  # takes 0.3 s to import

        name = f"{self.network.name}.onnx"
        model = ModelProto()
        model.ParseFromString(self._written.artifact("onnx", name).main)
        return model

    def to_torch(self, dtype: object = None) -> NetworkModule:
        """The same as a torch.nn.Module: the given model's shapes and tail, differentiable.

        `dtype`: "float32", ... or a torch.dtype; the given model's if left out. Raises InputError
        where PyTorch is not installed, and for a tail without a form in PyTorch.
        """
        from rectifold.objects.to_torch import to_torch  # imports PyTorch

        return to_torch(self.network, self.interface, dtype)

    def to_sklearn(self) -> MLPRegressor | MLPClassifier:
        """The same as a fitted scikit-learn estimator, with the classes of the given one.

        It takes the rows that the given model takes: scalers are in its first layer. Raises
        InputError where scikit-learn is not installed, and for a model that ends as no estimator
        does.
        """
        from rectifold.objects.to_sklearn import to_sklearn

        return to_sklearn(self.network, self.interface)

    def to_keras(self, dtype: str | None = None) -> KerasModel:
        """The same as a functional Keras model: the given model's shapes, names and softmax.

        `dtype`: "float32" or "float64"; the given model's if left out. Raises InputError where
        Keras is not installed, and for a tail without a form in Keras.
        """
        from rectifold.objects.to_keras import to_keras

        return to_keras(self.network, self.interface, dtype)

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
    """A compiled model: `network` equals `source` on `source.domain`, but for an `approximation`.

    `certified`: the certificate that came with it, and what had to be left out for it.
    """

    loaded: Loaded
    form: Form
    certified: CertifiedCompile | None = None

    @staticmethod
    def of(form: Form, loaded: Loaded, known: CertifiedCompile | None) -> CompiledModel:
        """A compiled network as the result for the model that it was read from."""
        own = {one.name: getattr(form.compiled, one.name) for one in fields(Compiled)}
        return CompiledModel(**own, loaded=loaded, form=form, certified=known)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know about how the model was read, and about the form of the result.

        A convolution may stay as it is, since what is left of it would take more bytes.
        """
        return self.loaded.notes + (() if self.form.note is None else (self.form.note,))

    @cached_property
    def certificate(self) -> Certificate:
        """Why `network` equals `source`; our checker has accepted it.

        Made on first use where the model was compiled with `certify=False`, but for an
        approximation, where InputError is raised. Raises ClaimRefused
        where that fails; compiling with `certify=True` then leaves out what cannot be certified.
        """
        if self.certified is None and self.approximation is not None:
            if not self.approximation.can_be_certified:
                raise InputError(NO_CERTIFICATE)
            raise InputError(
                "an approximation is certified when it is made, and this one was not: compile "
                "with certify=True, and with more time where a deadline was given"
            )
        known = self.certified if self.certified is not None else certify_whole(self)
        return known.certificate

    @property
    def approximation(self) -> Approximation | None:
        """How far `network` may be off, where it is another function; None where it is equal."""
        return self.form.approximation

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
        off = self.approximation
        kept = "equal to" if off is None else f"{off.statement} of"
        statement = f"{kept} the source on the domain, as exact networks ({checked})"
        return Written(
            self.network, self.source, statement, self.interface, self.kept, form=self.form
        )

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

    @cached_property
    def certificate(self) -> Certificate:
        """Why an exact form equals `source`; made on first use, and our checker has accepted it.

        Raises InputError for a form that is not exact, and where inputs are read in too many
        directions or there are too many cells; ClaimRefused where the checker refuses it.
        """
        domain = self.source.domain
        if not self.exact or domain is None:
            raise InputError(
                f"no certificate says that the {self.kind} form equals its source: {self.statement}"
            )
        proved = certify_equal_by_cells(self.source, self.network, domain)
        if proved is None:
            raise InputError(
                "a certificate by cells is for inputs that are read in at most "
                f"{MOST_CELL_INPUTS} directions, and for at most "
                f"{CertificateEffort.most_cells:,} cells; this form has none"
            )
        return proved[0]

    def check(self) -> Verdict:
        """The independent checker's verdict on `certificate`, with what it claims."""
        domain = self.source.domain
        assert domain is not None
        source, result = canonical_text(self.source), canonical_text(self.network)
        made = self.certificate
        within, permitted = domain_text(domain), made.work
        return rectifold_check.check(source, within, made.lines, result, permitted=permitted)

    @property
    def _written(self) -> Written:
        network = self.network.with_domain(self.source.domain)
        statement = f"a shallow form ({self.kind}): {self.statement}"
        return Written(network, self.source, statement, self.interface)
