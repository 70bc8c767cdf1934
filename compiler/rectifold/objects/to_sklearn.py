"""A network as a fitted scikit-learn estimator: an MLPRegressor or MLPClassifier.

    to_sklearn(compiled.network, compiled.interface).predict(X)    X as for the source

Sound because the estimator computes what the network says layer by layer, with every number rounded
once to float64; its outputs get the function and the labels that follow the network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.numerals import counted
from rectifold.formats.float_range import require_range
from rectifold.formats.interface import Interface
from rectifold.ir.network import Network
from rectifold.objects.chain import as_chain
from rectifold.objects.column_names import columns_of
from rectifold.objects.sklearn_tail import Ending, ending_of

if TYPE_CHECKING:
    from sklearn.neural_network import MLPClassifier, MLPRegressor


def to_sklearn(
    network: Network, interface: Interface | None = None
) -> MLPRegressor | MLPClassifier:
    """The estimator that computes the network, with the labels of its `interface`.

    It takes the rows X that the source takes: scalers before the source are in its first layer.
    Without an interface, and for a model that ends with the network, it is a regressor. A value
    that skips layers takes units of its own there. Raises InputError where scikit-learn is not
    installed, for numbers beyond float64, for several inputs, and for an end that no estimator
    has.
    """
    _require_sklearn()
    ending = Ending("identity") if interface is None else ending_of(interface)
    if interface is not None and len(interface.inputs) != 1:
        names = ", ".join(port.name for port in interface.inputs)
        raise InputError(
            f"the model has {len(interface.inputs)} inputs ({names}), and an estimator takes one "
            "array of features; to_onnx() keeps them"
        )
    estimator = _new(ending)
    _set_layers(estimator, as_chain(network))
    if columns := columns_of(interface):
        estimator.feature_names_in_ = np.array(columns, dtype=object)
    estimator.out_activation_ = ending.function
    if ending.function in ("softmax", "logistic"):
        _set_classes(estimator, ending)
    return estimator


def _require_sklearn() -> None:
    """Raises InputError that says what to install, where scikit-learn is not."""
    try:
        import sklearn.neural_network  # noqa: F401
    except ImportError:
        raise InputError(
            "scikit-learn is not installed; install the extra: pip install 'rectifold[sklearn]'"
        ) from None


def _new(ending: Ending) -> Any:
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    if ending.function in ("softmax", "logistic"):
        return MLPClassifier()
    estimator = MLPRegressor()
    if ending.function == "exp":
        if "loss" not in estimator.get_params():
            raise InputError(
                "the model ends with exp, which an MLPRegressor does from scikit-learn 1.7 on; "
                "to_onnx() keeps it"
            )
        estimator.set_params(loss="poisson")
    return estimator


def _set_layers(estimator: Any, chain: Network) -> None:
    """What `fit` would have set of the layers. Raises InputError for numbers beyond float64."""
    require_range(chain, "float64")
    read = chain.input_size
    estimator.coefs_, estimator.intercepts_ = [], []
    for layer in chain.layers:
        weights = [weight.approximation[0].T for weight in layer.weights.values()]
        weights = weights or [np.zeros((read, layer.size))]  # a constant layer
        estimator.coefs_.append(np.array(weights[0], order="C"))
        estimator.intercepts_.append(np.array(layer.bias.approximation[0].ravel()))
        read = layer.size
    estimator.set_params(hidden_layer_sizes=tuple(layer.size for layer in chain.layers[:-1]))
    estimator.n_features_in_ = chain.input_size
    estimator.n_outputs_, estimator.n_layers_ = chain.output_size, len(chain.layers) + 1
    _set_history(estimator)


def _set_history(estimator: Any) -> None:
    """What training goes on from: no step is done."""
    estimator.n_iter_ = estimator.t_ = estimator._no_improvement_count = 0
    estimator.loss_curve_ = []
    estimator.loss_ = estimator.best_loss_ = np.inf
    estimator.validation_scores_ = estimator.best_validation_score_ = None


def _set_classes(estimator: Any, ending: Ending) -> None:
    from sklearn.preprocessing import LabelBinarizer

    count = estimator.n_outputs_
    classes = None if ending.classes is None else ending.classes.tolist()
    if classes is None:
        fits = count > 1  # labels of 0 and 1, one for each output
    elif ending.function == "logistic":
        fits = count == 1 and len(classes) == 2
    else:
        fits = count == len(classes) > 2
    if not fits:
        raise InputError(
            f"the network has {counted(count, 'output')} for the classes {classes or [0, 1]}, "
            "which no MLPClassifier has; to_onnx() keeps them"
        )
    labels = np.eye(count, dtype=np.int64) if classes is None else ending.classes
    estimator._label_binarizer = LabelBinarizer().fit(labels)
    estimator.classes_ = estimator._label_binarizer.classes_
