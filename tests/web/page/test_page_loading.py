# SPDX-License-Identifier: Apache-2.0
"""web/page/loading.js: an image reaches a played board whole, whatever happens to its frames."""

import base64
import dataclasses
import os
import zlib

import pytest

from golden import model_file
from golden.full_range import full_range_model
from golden.layer_sums import self_test_of
from golden.spec import GeneratorSpec
from hw.array import ArraySpec
from hw.build_plan import image_of, machine_of
from hw.capacity import Capacity
from hw.image import as_file
from hw.tiling import Tiling
from hw.uart.facts import State
from hw.uart.identity import ModelPart
from hw.uart.protocol import ERROR, MAX_DATA, NO_TAG, Error, Frame, Request
from tests.boards.host.played import INFO, MACHINE, STATUS, PlayedLoad, PlayedServer
from tests.web.conftest import MODEL_PATH
from tests.web.page.node import needs_node, node

ALLOWANCE = 300  # ms of silence
ARRAY = ArraySpec(4, 4)

pytestmark = needs_node


@pytest.fixture(scope="module")
def model():
    return model_file.load(MODEL_PATH)


@pytest.fixture(scope="module")
def capacity(model):
    return Capacity.of(Tiling(model.spec, ARRAY))


@pytest.fixture(scope="module")
def image(model, capacity):
    return image_of(model, capacity, *self_test_of(model, ARRAY.columns))


@pytest.fixture
def board(model, capacity):
    """An empty board with room for the model."""
    played = PlayedServer()
    machine = machine_of(capacity, build_id=b"build-id", clock_hz=MACHINE.clock_hz)
    status = dataclasses.replace(STATUS, state=State.NO_MODEL)
    info = dataclasses.replace(INFO, machine=machine, model=None, status=status)
    played.respond = PlayedLoad(info, ModelPart.of(model.spec, model.digest, (), ()).facts)
    yield played
    played.end()


def load(board, *images):
    return load_files(board, *map(as_file, images))


def load_files(board, *files):
    port = board.path.rsplit(":", 1)[1]
    texts = [base64.b64encode(each).decode() for each in files]
    return node("loading", port, ALLOWANCE, request=texts)


def of_kind(board, kind):
    return [request for request in board.requests if request.type == kind]


def is_whole(result, board, image, model):
    assert [each["error"] for each in result["loads"]] == [None]
    [each] = result["loads"]
    assert each["steps"][-1] == [len(image), len(image)]
    assert (each["model"], each["bytes"]) == (model.digest, 3072)
    assert board.respond.received == image
    told = board.respond.info.load
    assert told.model_id.hex() == model.digest[:16]
    assert (told.length, told.crc) == (len(image), zlib.crc32(image))


def test_a_load(board, image, model):
    result = load(board, image)
    is_whole(result, board, image, model)
    assert len(of_kind(board, Request.LOAD_DATA)) == -(-len(image) // MAX_DATA)
    steps = [has for has, _ in result["loads"][0]["steps"]]
    assert steps == sorted(steps)
    assert steps[0] == 0


@pytest.mark.parametrize(
    "fault",
    [
        lambda request, wire: b"",
        lambda request, wire: wire[:4] + bytes([wire[4] ^ 1]) + wire[5:],
        lambda request, wire: b"noise\xc0" + wire,
        lambda request, wire: Frame(ERROR, NO_TAG, bytes([Error.BROKEN])).encode(),
        lambda request, wire: Frame(ERROR, request.tag, bytes([Error.ORDER])).encode(),
    ],
    ids=["silence", "damaged", "noise", "broken", "cut-order"],
)
@pytest.mark.parametrize("kind", [Request.LOAD_BEGIN, Request.LOAD_DATA, Request.LOAD_END])
def test_one_answer_is_lost(board, image, model, kind, fault):
    seen = []

    def disturb(request, n, wire):
        if request.type != kind:
            return wire
        seen.append(n)
        return fault(request, wire) if len(seen) == 3 - 2 * (kind != Request.LOAD_DATA) else wire

    board.respond.disturb = disturb
    is_whole(load(board, image), board, image, model)


def test_a_frame_that_is_lost_is_sent_again_from_where_the_board_is(board, image, model):
    """The frames behind it get the error order, which tells the offset."""
    lost = []

    def lose(request, n):
        first = request.type == Request.LOAD_DATA and len(board.respond.received) == 3 * MAX_DATA
        if first and not lost:
            lost.append(n)
        return n in lost

    board.respond.lose = lose
    board.respond.disturb = lambda request, n, wire: wire
    is_whole(load(board, image), board, image, model)


def test_answers_are_lost_and_the_board_has_more_than_the_page_knows(board, image, model):
    """The page sends again what is there, and the error order tells where to go on."""
    seen = []

    def disturb(request, n, wire):
        if request.type == Request.LOAD_DATA:
            seen.append(n)
        return b"" if request.type == Request.LOAD_DATA and len(seen) in (2, 3, 4) else wire

    board.respond.disturb = disturb
    is_whole(load(board, image), board, image, model)
    assert len(of_kind(board, Request.LOAD_DATA)) > -(-len(image) // MAX_DATA)


def test_a_board_that_is_reset_in_the_middle(board, image, model):
    reset = []

    def disturb(request, n, wire):
        if request.type == Request.LOAD_DATA and len(board.respond.received) > 4000 and not reset:
            reset.append(n)
            board.respond.reset()
        return wire

    board.respond.disturb = disturb
    is_whole(load(board, image), board, image, model)
    assert len(of_kind(board, Request.LOAD_BEGIN)) == 2


def begin(board, image, model, count):
    """Let the board have `count` bytes of an image, of a load that was broken off."""
    loads = board.respond
    told = dataclasses.replace(
        INFO.load, length=len(image), crc=zlib.crc32(image), model_id=loads.facts.model_id
    )
    loads.received = bytearray(image[:count])
    loads.info = dataclasses.replace(loads.info, load=told)
    loads._state(State.LOADING)


def test_a_load_is_taken_up(board, image, model):
    begin(board, image, model, 5 * MAX_DATA)
    result = load(board, image)
    is_whole(result, board, image, model)
    assert result["loads"][0]["steps"][0][0] == 5 * MAX_DATA
    assert not of_kind(board, Request.LOAD_BEGIN)
    assert len(of_kind(board, Request.LOAD_DATA)) == -(-len(image) // MAX_DATA) - 5


def test_another_load_is_not_taken_up(board, image, model):
    begin(board, os.urandom(len(image)), model, 5 * MAX_DATA)
    is_whole(load(board, image), board, image, model)
    assert len(of_kind(board, Request.LOAD_BEGIN)) == 1
    assert len(of_kind(board, Request.LOAD_DATA)) == -(-len(image) // MAX_DATA)


def test_a_wrong_self_test_leaves_no_model_and_the_next_load_works(board, image, model):
    accepted = iter([False, True])
    board.respond.accept = lambda image: next(accepted)
    first, second = load(board, image, image)["loads"]
    assert "fails its self-test: layer 3 is the first that is wrong; it holds no" in first["error"]
    assert (first["model"], first["bytes"]) == (None, None)
    assert (second["error"], second["model"]) == (None, model.digest)


def test_an_image_of_another_capacity_is_not_sent(board, image):
    [result] = load(board, b"capacity" + image[8:])["loads"]
    assert "is for boards of capacity 6361706163697479, and this one has" in result["error"]
    assert result["steps"] == []
    assert not of_kind(board, Request.LOAD_BEGIN)


def test_what_is_no_image_or_damaged_is_not_sent(board, image):
    bit = bytearray(as_file(image))
    bit[3000] ^= 1  # of a weight, which the self-test need not see
    wrong = [b"", b"123", image, as_file(image)[:-1], as_file(image[:-1]), bytes(bit)]
    for result in load_files(board, *wrong, MODEL_PATH.read_bytes())["loads"]:
        assert result["error"].startswith("This is no image of a model, or it is damaged; make")
    assert not of_kind(board, Request.LOAD_BEGIN)


def test_an_image_of_a_network_that_cannot_be_is_not_sent(board, image):
    layers = bytearray(image)
    layers[-100 - 136 + 7] = 9
    [result] = load(board, bytes(layers))["loads"]
    assert result["error"] == "The spec's number of layers is 9, and must be 2 to 8."
    assert not of_kind(board, Request.LOAD_BEGIN)


def test_damage_that_stays_is_told(board, image):
    """The board answers that the CRC is false, three times."""
    board.respond.disturb = lambda request, n, wire: (
        Frame(ERROR, request.tag, bytes([Error.CRC])).encode()
        if request.type == Request.LOAD_END
        else wire
    )
    [result] = load(board, image)["loads"]
    assert result["error"] == "The board refused: the image arrived damaged."
    assert len(of_kind(board, Request.LOAD_BEGIN)) == 3


def test_a_board_that_falls_silent_in_the_middle(board, image):
    silent = []

    def disturb(request, n, wire):
        if request.type == Request.LOAD_DATA and len(board.respond.received) > 4000:
            silent.append(n)
        return b"" if silent else wire

    board.respond.disturb = disturb
    result = load(board, image)
    assert "gives no answer" in result["loads"][0]["error"]
    assert result["gone"].startswith("The board fell silent in the middle of a load")


@pytest.mark.parametrize("latent", [1, 10, 1024])
def test_images_of_all_latents_are_read(board, latent):
    """The model part is found from the image's end, whatever stands before it."""
    model = full_range_model(GeneratorSpec.avatars((4, 4), 4, latent, "grey"), 1)
    capacity = Capacity.of(Tiling(model.spec, ARRAY))
    image = image_of(model, capacity, *self_test_of(model, ARRAY.columns))
    [result] = load(board, image)["loads"]
    assert "is for boards of capacity" in result["error"]  # so it was read
