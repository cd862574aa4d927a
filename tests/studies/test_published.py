import pytest

from dimscope.errors import InputError
from dimscope.studies.published import published, published_figure

EXPERIMENTS = ["hunchback", "last_hidden", "vgg16_r", "curvature", "mnist", "dynamics"]


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_has_figures(experiment):
    assert published(experiment)


def test_dynamics_has_a_value_for_every_depth_and_epoch():
    dynamics = published("dynamics")
    assert list(dynamics["id_by_epoch"]) == [0, 1, 2, 5, 50, 150, 300]
    assert {len(row) for row in dynamics["id_by_epoch"].values()} == {len(dynamics["depths"])}


def test_last_hidden_layer_compresses_within_the_first_epoch_then_expands():
    curve = published("dynamics")["last_hidden_by_iteration"]
    lowest = min(curve, key=curve.get)
    assert 0 < lowest < 390
    assert curve[0] > curve[2940] > curve[lowest]


def test_names_stay_names():
    assert published("last_hidden")["nets"]["vgg16"]["id"] == 15.87


def test_a_caller_cannot_change_what_the_next_one_gets():
    published("dynamics")["depths"].clear()
    assert len(published("dynamics")["depths"]) == 8


def test_an_unknown_experiment_is_refused_with_those_there_are():
    with pytest.raises(InputError, match="dynamics"):
        published("dynamic")
    with pytest.raises(InputError, match="curvature_A"):
        published_figure("curvature")


def test_figures_are_those_of_the_values():
    """The two files were decoded apart; their accuracy is about 0.1."""
    depths = published_figure("curvature_C")
    assert depths["id_trained"] == pytest.approx(published("curvature")["id_trained"], abs=0.11)
    mnist = published_figure("mnist_B")
    assert "mnist" in str(mnist["what"]).lower()
    assert len(published_figure("suppl_dynamics_A")["values"]) == 300
