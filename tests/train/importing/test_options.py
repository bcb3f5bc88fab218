# SPDX-License-Identifier: Apache-2.0
import pytest

from support.failures import InputError
from train.importing.options import LayerOptions, parse_layers


def test_fields_of_layers_are_read():
    texts = [
        "2:stride=2,padding=1,output_padding=0,activation=leaky_relu:0.2",
        "1:kind=upsample_conv,norm=bn.1,eps=1e-3,order=activation_first,module=a.b",
        "2:eps=0",
        "3:activation=relu",
        "4:activation=none,norm=none",
    ]
    assert parse_layers(texts) == {
        1: LayerOptions(
            kind="upsample_conv", norm="bn.1", eps=1e-3, order="activation_first", module="a.b"
        ),
        2: LayerOptions(stride=2, padding=1, output_padding=0, activation=0.2, eps=0.0),
        3: LayerOptions(activation=0.0),
        4: LayerOptions(activation=1.0, norm="none"),
    }
    assert parse_layers([]) == {}


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["stride=2"], "--layer stride=2: is no layer and its fields; give --layer 2:stride=2,"),
        (["2"], "is no layer and its fields"),
        (["2:"], "is no layer and its fields"),
        (["x:stride=2"], "is no layer and its fields"),
        (["²:stride=2"], "is no layer and its fields"),
        (["0:stride=2"], "the first layer is 1"),
        (["1:stide=2"], "'stide' is no field; its fields are kind, stride, padding,"),
        (["1:stride"], "stride is ''; give a whole number"),
        (["1:stride=-2"], "stride is '-2'; give a whole number"),
        (["1:stride=2", "1:stride=2"], "stride of layer 1 is given twice"),
        (["1:activation=elu"], "activation is 'elu'; give relu, leaky_relu:SLOPE or none"),
        (["1:activation=leaky_relu"], "give relu, leaky_relu:SLOPE or none"),
        (["1:activation=leaky_relu:-1"], "activation's slope is '-1'; give a number of 0 or more"),
        (["1:eps=nan"], "eps is 'nan'; give a number of 0 or more"),
        (["1:kind=linear"], "give conv_transpose or conv or upsample_conv or conv_shuffle"),
        (["1:norm="], "norm is empty; give a module's name"),
    ],
    ids=str,
)
def test_other_texts_are_refused(texts, message):
    with pytest.raises(InputError) as caught:
        parse_layers(texts)
    assert message in str(caught.value)
    assert str(caught.value).startswith("--layer")
