"""Protocols: every switch fixed and sourced, and changes that show in the name."""

from dataclasses import FrozenInstanceError, fields

import pytest

from inphase.errors import InputError
from inphase.evaluation.protocols import METRICS, PROTOCOLS, protocol_of

USED = {
    "classification": {"classifier", "fractions", "fraction_choice"},
    "progression": {"missing"},
    "retrieval": {"retrieval", "retrieval_candidates"},
    "tau": {"tau_variant", "tau_correspondence", "tau_undefined"},
}


def test_the_five_papers_have_theirs():
    assert set(PROTOCOLS) == {"tcc", "carl", "lav", "lrprop", "ae2"}
    assert all(name == protocol.name for name, protocol in PROTOCOLS.items())


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_switch_that_is_used_says_where_it_is_from(name):
    protocol = PROTOCOLS[name]
    switches = {"paper", "stride", "normalise", "distance"}
    switches |= set().union(*(USED.get(metric, set()) for metric in protocol.metrics))
    assert switches - set(protocol.sources) == set()


def test_sources_speak_of_switches_that_exist():
    known = {field.name for field in fields(PROTOCOLS["carl"])} | {"paper", *METRICS}
    for protocol in PROTOCOLS.values():
        assert set(protocol.sources) <= known


def test_what_tells_the_papers_apart():
    assert not PROTOCOLS["tcc"].normalise and PROTOCOLS["carl"].normalise
    assert PROTOCOLS["tcc"].classifier == "svc" and PROTOCOLS["carl"].classifier == "logistic"
    assert PROTOCOLS["lrprop"].tau_variant == "a" and PROTOCOLS["carl"].tau_variant == "b"
    assert PROTOCOLS["lav"].missing == "before" and PROTOCOLS["ae2"].missing == "left_out"
    assert PROTOCOLS["ae2"].classification_score == "weighted_f1"
    assert "dtw_accuracy" in PROTOCOLS["lrprop"].metrics


def test_a_protocol_cannot_be_changed_in_place():
    with pytest.raises(FrozenInstanceError):
        PROTOCOLS["carl"].stride = 1  # type: ignore


def test_a_changed_protocol_says_so_in_its_name():
    assert protocol_of("carl", stride=5).name == "carl, stride 5"
    assert protocol_of("carl", metrics=("tau",)).name == "carl, other metrics"
    assert protocol_of("carl", stride=2, metrics=PROTOCOLS["carl"].metrics) is PROTOCOLS["carl"]


def test_what_there_is_not_is_refused():
    with pytest.raises(InputError, match="no protocol 'cral': use one of tcc"):
        protocol_of("cral")
    with pytest.raises(InputError, match="no metric 'speed'"):
        protocol_of("carl", metrics=("tau", "speed"))
    with pytest.raises(InputError, match="stride must be at least 1"):
        protocol_of("carl", stride=0)
